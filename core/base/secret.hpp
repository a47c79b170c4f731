// Secret: a text that cannot be printed by accident.
#pragma once

#include <string>
#include <string_view>

namespace tenon {

/// Holds a credential. No stream operator, no formatter; wiped when destroyed or assigned over. Reading it is
/// spelled `reveal()`, so that a search finds each place. Compares in constant time.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  /// Time depends on the lengths only.
  bool equals(std::string_view other) const;

 private:
  void wipe();
  std::string text_;
};

/// Overwrites a text that held a secret, in a way that no optimiser takes away, and empties it.
void wipe(std::string& text);

}  // namespace tenon
