// A provider, a store and the hosts that share them, on virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "observe/log.hpp"
#include "provider.hpp"

namespace tenon::auth::test {

class CredentialTest : public ::testing::Test {
 protected:
  CredentialTest() {
    log::Options options;
    options.now_ms = [this] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(runtime_.clock().steady()).count();
    };
    options.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    log::configure(std::move(options));
    provider_.store = &store_;
    runtime_.network().on_request([this](const runtime::HttpRequest& r) { return provider_.answer(r); });
  }
  ~CredentialTest() override {
    end_lives();
    log::configure({});
  }
  /// As a host ends: what is under way is let finish.
  void end_lives() {
    provider_.fault = nullptr;
    for (Life& life : lives_) life.gate().stop(std::chrono::minutes(2), [] {});
    runtime_.advance(std::chrono::minutes(3));
    lives_.clear();
  }

  /// A host that finds the provider's first tokens in the store.
  Life& begin(CredentialOptions options = {}) {
    if (!store_.kept) store_.kept = provider_.first();
    return lives_.emplace_back(runtime_, store_, options);
  }
  int told(std::string_view code) const {
    return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [code](const std::string& line) {
      return line.find(code) != std::string::npos;
    }));
  }

  runtime::VirtualRuntime runtime_;
  MemoryStore store_;
  Provider provider_{runtime_};
  std::deque<Life> lives_;
  std::vector<std::string> lines_;
};

}  // namespace tenon::auth::test
