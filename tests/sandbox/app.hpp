// Which API a request is for, and what the switches, the budgets and the API make of it.
#pragma once

#include <vector>

#include "world.hpp"

namespace sandbox {

class App : public Judge {
 public:
  explicit App(World& world);
  Plan judge(Request& request) override;
  void answered(std::uint64_t ticket, bool reached) override;

 private:
  struct Ticket {
    Api api = Api::records;
    std::uint64_t row = 0;
    int status = 0;
    bool injected = false;
  };

  /// What is for no API: the control, or nothing.
  Reply aside(const Request& request);
  Plan decide(Api api, Request& request, bool& injected);
  Reply handle(Api api, const Request& request);
  void add_rate_headers(Api api, Reply& reply, double now);
  Reply over_budget(Api api, double now);

  World& world_;
  std::vector<Ticket> tickets_;
  std::vector<std::uint64_t> free_;
};

/// The control under /_sandbox.
Reply control(World& world, const Request& request);
std::string_view control_help();

}  // namespace sandbox
