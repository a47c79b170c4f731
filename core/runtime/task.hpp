// Task and Async: coroutines of the host over callbacks. GCC 12 frees aggregate and capturing-lambda
// temporaries inside a co_await expression twice (gcc bug 107288 and its kin): name the Async first, then
// await it.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "base/function.hpp"

namespace tenon::runtime {

template <class T>
class Task;

namespace detail {

struct FinalHandoff {
  bool await_ready() noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
    return h.promise().next;
  }
  void await_resume() noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> next = std::noop_coroutine();
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalHandoff final_suspend() noexcept { return {}; }
  // core/ does not throw: an exception here is a bug, and the stack says where.
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  void return_value(T v) { value.emplace(std::move(v)); }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() {}
  void take() {}
};

struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace detail

/// A lazy coroutine with one awaiter; runs on whatever thread resumes it. Destroying it destroys its frame.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> next) noexcept {
    handle_.promise().next = next;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/// Runs the task to its first suspension now; it destroys itself when done.
inline detail::Detached spawn(Task<void> task) { co_await task; }

/// Turns "start something that calls back once" into something to await. `start` runs when awaited and gets a
/// callback to call exactly once, inline or later, on the thread the coroutine lives on.
///   Async<int> answer([&](Function<void(int)> done) { ask(std::move(done)); });
///   const int got = co_await answer;
/// The Async lives in the coroutine's frame: should the frame be destroyed first, a late callback finds
/// nobody.
template <class T>
class Async {
 public:
  template <class F>
  explicit Async(F start) : start_(std::move(start)), state_(std::make_shared<State>()) {}
  Async(const Async&) = delete;
  Async& operator=(const Async&) = delete;
  ~Async() { state_->waiter = nullptr; }

  bool await_ready() noexcept {
    start_([state = state_](T value) {
      state->value.emplace(std::move(value));
      if (auto waiter = std::exchange(state->waiter, nullptr)) waiter.resume();
    });
    return state_->value.has_value();
  }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { state_->waiter = waiter; }
  T await_resume() { return std::move(*state_->value); }

 private:
  struct State {
    std::optional<T> value;
    std::coroutine_handle<> waiter;
  };
  Function<void(Function<void(T)>)> start_;
  std::shared_ptr<State> state_;
};

}  // namespace tenon::runtime
