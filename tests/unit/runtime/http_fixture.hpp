// A real runtime and a way to wait for its answers.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "runtime/real.hpp"

namespace tenon::runtime::testing {

class HttpFixture : public ::testing::Test {
 protected:
  virtual RealOptions options() const {
    RealOptions options;
    options.watchdog = false;
    return options;
  }

  void SetUp() override {
    auto made = make_real(options());
    ASSERT_TRUE(made) << made.error().text();
    runtime_ = std::move(*made);
    runtime_->start();
  }

  std::future<HttpResult> start(HttpRequest request) {
    auto promise = std::make_shared<std::promise<HttpResult>>();
    auto future = promise->get_future();
    runtime_->delivery().post([this, promise, request = std::move(request)]() mutable {
      runtime_->http().start(std::move(request),
                             [promise](HttpResult result) { promise->set_value(std::move(result)); });
    });
    return future;
  }

  HttpResult fetch(HttpRequest request) { return start(std::move(request)).get(); }

  static HttpRequest get(std::string url) {
    HttpRequest request;
    request.url = std::move(url);
    return request;
  }

  static HttpRequest post(std::string url, std::string body) {
    HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.body = std::move(body);
    return request;
  }

  std::unique_ptr<RealRuntime> runtime_;
};

}  // namespace tenon::runtime::testing
