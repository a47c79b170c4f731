// An HttpServer on the real runtime, with a handler that says what it got.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "ingress/http_server.hpp"
#include "runtime/real.hpp"
#include "tests/unit/ingress/raw_client.hpp"

namespace tenon::tests {

class ServerFixture : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  /// Starts with the given limits; answers each request 200 with its body, unless `handler` is given.
  void start(ingress::ServerLimits limits = {}, ingress::Handler handler = {},
             const std::string& at = "127.0.0.1:0") {
    runtime::RealOptions options;
    options.watchdog = false;
    auto made = runtime::make_real(std::move(options));
    ASSERT_TRUE(made);
    runtime_ = std::move(*made);
    runtime_->start();
    if (!handler) {
      handler = [this](ingress::Request request, ingress::Respond respond) {
        ingress::Answer answer;
        answer.body = request.body;
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(std::move(request));
        }
        respond(std::move(answer));
      };
    }
    server_ = std::make_unique<ingress::HttpServer>(runtime_->ingress(), runtime_->clock(), limits,
                                                    std::move(handler));
    const auto bound = server_->listen(at);
    ASSERT_TRUE(bound) << bound.error().text();
    address_ = *bound;
  }

  void stop() {
    if (!runtime_) return;
    run_there([this] { server_.reset(); });
    runtime_->stop();
    runtime_->join();
    runtime_.reset();
  }

  /// Runs `task` on the ingress executor and waits for it.
  template <class Task>
  void run_there(Task task) {
    std::promise<void> done;
    auto waits = done.get_future();
    runtime_->ingress().post([&task, &done] {
      task();
      done.set_value();
    });
    waits.wait();
  }

  std::vector<ingress::Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  /// Sends the bytes on a connection of their own, and reads one answer.
  RawAnswer exchange(std::string_view bytes) {
    RawClient client(address_);
    client.send(bytes);
    return client.read_answer();
  }

  std::unique_ptr<runtime::RealRuntime> runtime_;
  std::unique_ptr<ingress::HttpServer> server_;
  std::string address_;
  std::mutex mutex_;
  std::vector<ingress::Request> requests_;
};

}  // namespace tenon::tests
