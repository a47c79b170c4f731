// task<T>: the coroutine that authors write. Lazy, one awaiter, one thread.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace tenon {

template <class T>
class task;

namespace sdk {

struct promise_base {
  std::coroutine_handle<> next;
  std::exception_ptr error;
  bool starting = true;  // the awaiter is still inside await_suspend

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct handoff {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      const promise_base& promise = done.promise();
      // An awaiter that is still starting us goes on by itself: a loop over tasks that never wait needs no
      // stack then, also where the compiler makes no tail calls (-O0, sanitizers).
      if (promise.starting || !promise.next) return std::noop_coroutine();
      return promise.next;
    }
    void await_resume() noexcept {}
  };
  handoff final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct promise : promise_base {
  std::optional<T> value;
  task<T> get_return_object();
  // Converts in place, so that `co_return classify(answer)` works wherever the answer's type takes an
  // outcome.
  template <class U = T>
  requires std::is_constructible_v<T, U&&>
  void return_value(U&& from) { value.emplace(std::forward<U>(from)); }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct promise<void> : promise_base {
  task<void> get_return_object();
  void return_void() noexcept {}
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

/// Runs by itself and frees its own frame.
struct detached {
  struct promise_type {
    detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace sdk

/// Starts when awaited; `co_await` gives its value or rethrows what it threw. Destroying it destroys its
/// frame.
template <class T = void>
class [[nodiscard]] task {
 public:
  using promise_type = sdk::promise<T>;
  explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> next) {
    auto& promise = frame_.promise();
    promise.next = next;
    frame_.resume();
    promise.starting = false;
    return !frame_.done();
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> frame_;
};

namespace sdk {
template <class T>
task<T> promise<T>::get_return_object() {
  return task<T>(std::coroutine_handle<promise<T>>::from_promise(*this));
}
inline task<void> promise<void>::get_return_object() {
  return task<void>(std::coroutine_handle<promise<void>>::from_promise(*this));
}
}  // namespace sdk

}  // namespace tenon
