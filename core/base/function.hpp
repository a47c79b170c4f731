// Function: std::function for callables that cannot be copied (std::move_only_function is C++23).
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

}  // namespace tenon
