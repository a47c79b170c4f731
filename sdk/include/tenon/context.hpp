// context: what a running call may ask of the host.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/http.hpp"

namespace tenon {

enum class log_level : std::uint32_t {
  debug = TENON_LOG_DEBUG,
  info = TENON_LOG_INFO,
  warn = TENON_LOG_WARN,
  error = TENON_LOG_ERROR,
};

/// What `co_await ctx.http(…)` waits on; lives in the frame that awaits it.
class http_call {
 public:
  http_call(const tenon_host* host, tenon_call call, request what)
      : host_(host), call_(call), request_(std::move(what)) {}
  http_call(const http_call&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    const auto url = request_.url();
    std::vector<tenon_header> headers;
    headers.reserve(request_.headers().size());
    for (const auto& [name, value] : request_.headers())
      headers.push_back(tenon_header{sizeof(tenon_header), 0, sdk::lend(name), sdk::lend(value)});
    tenon_http_request out{};
    out.size = sizeof out;
    out.flags = request_.is_safe() ? TENON_HTTP_SAFE : 0;
    out.method = sdk::lend(request_.method());
    out.url = sdk::lend(url);
    out.headers = headers.data();
    out.header_count = headers.size();
    out.body = sdk::lend(request_.body());
    out.timeout_ms = request_.timeout_ms();
    host_->http(host_->self, call_, &out, &http_call::done, this);
  }
  response await_resume() {
    if (failure_) std::rethrow_exception(failure_);
    if (response_.error == http_error::cancelled) throw cancelled();
    return std::move(response_);
  }

 private:
  static void done(void* self, const tenon_http_response* answer) noexcept {
    auto& call = *static_cast<http_call*>(self);
    try {
      call.take(*answer);
    } catch (...) {
      call.failure_ = std::current_exception();  // out of memory; the frame hears of it
    }
    call.waiter_.resume();
  }
  void take(const tenon_http_response& answer) {
    response_.error = static_cast<http_error>(answer.error);
    response_.sent = static_cast<tenon::sent>(answer.sent);
    response_.status = answer.status;
    response_.received_ms = host_->now_ms(host_->self);
    response_.body = sdk::copy(answer.body);
    response_.message = sdk::copy(answer.message);
    response_.headers.reserve(answer.header_count);
    for (std::size_t i = 0; i < answer.header_count; ++i) {
      const auto& header = sdk::element(answer.headers, i);
      response_.headers.emplace_back(sdk::copy(header.name), sdk::copy(header.value));
    }
  }

  const tenon_host* host_;
  tenon_call call_;
  request request_;
  response response_;
  std::exception_ptr failure_;
  std::coroutine_handle<> waiter_;
};

/// One running call; lives until it ends. Do not keep it.
class context {
 public:
  context(const tenon_host* host, tenon_call call) : host_(host), call_(call) {}
  context(const context&) = delete;

  /// `const auto answer = co_await ctx.http(request);` Never repeats, never follows redirects; transport
  /// failures are answers too (see `error`). Throws tenon::cancelled when the host cancels the call.
  http_call http(request what) const { return http_call(host_, call_, std::move(what)); }

  void log(log_level level, std::string_view message) const {
    host_->log(host_->self, call_, static_cast<std::uint32_t>(level), sdk::lend(message));
  }
  /// Unix milliseconds.
  std::int64_t now_ms() const { return host_->now_ms(host_->self); }
  /// 64 random bits.
  std::uint64_t random() const { return host_->random(host_->self); }

 private:
  const tenon_host* host_;
  tenon_call call_;
};

}  // namespace tenon
