// Function: std::function for callables that cannot be copied (std::move_only_function is C++23), and
// FunctionRef: one that is only borrowed (std::function_ref is C++26).
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace tenon {

template <class Signature>
class Function;

/// Owns one callable; movable, not copyable. Calling an empty one is undefined.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() = default;
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Function> &&
                                              std::is_invocable_r_v<R, F&, Args...>>>
  Function(F&& callable)
      : held_(std::make_unique<Held<std::decay_t<F>>>(std::forward<F>(callable))) {}  // NOLINT

  explicit operator bool() const { return held_ != nullptr; }
  R operator()(Args... args) const { return held_->call(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Base {
    template <class G>
    explicit Held(G&& callable) : callable_(std::forward<G>(callable)) {}
    R call(Args... args) override { return callable_(std::forward<Args>(args)...); }
    F callable_;
  };
  std::unique_ptr<Base> held_;
};

template <class Signature>
class FunctionRef;

/// Borrows a callable for the length of a call; allocates nothing.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, FunctionRef> &&
                                              std::is_invocable_r_v<R, F&, Args...>>>
  FunctionRef(F&& callable)  // NOLINT
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* held, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(held))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  void* callable_;
  R (*call_)(void*, Args...);
};

}  // namespace tenon
