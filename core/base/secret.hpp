// Secret: a text that cannot be printed by accident.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon {

/// Holds a credential. No stream operator, no formatter; wiped when destroyed or assigned over. Reading it is
/// spelled `reveal()`, so that a search finds each place. Compares in constant time. Its bytes stand on pages
/// of their own, which no core file and no copy of the process (fork) gets, nor, as far as the limit on
/// locked memory goes, the swap.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  Secret(const Secret& other) : Secret(other.reveal()) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  std::string_view reveal() const { return {bytes_, size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Time depends on the lengths only.
  bool equals(std::string_view other) const;

 private:
  void release();
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// Overwrites a text that held a secret, in a way that no optimiser takes away, and empties it.
void wipe(std::string& text);

}  // namespace tenon
