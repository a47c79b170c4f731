// Redactor: takes secrets out of texts that are kept or shown.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::observe {

/// Knows secrets, usually those of all connections of a host, and finds them anywhere in a text: as they are,
/// percent-encoded, within a JSON string, and within base64 (both alphabets, at each of the three offsets a
/// longer text, like `user:secret`, may put them at). One pass, whatever the number of secrets. Any thread:
/// what is learnt holds for the texts that come after.
class Redactor {
 public:
  static constexpr std::string_view kMark = "[redacted]";
  /// Shorter secrets are ignored: they would blot out texts that have nothing to do with them.
  static constexpr std::size_t kMinimum = 4;

  Redactor() = default;
  explicit Redactor(std::span<const std::string_view> secrets) { add_all(secrets); }
  void add(std::string_view secret) { add_all({&secret, 1}); }
  /// Cheaper than one by one.
  void add_all(std::span<const std::string_view> secrets);
  /// Secrets that change, like tokens: what was known under `name` is forgotten for these.
  void set(const std::string& name, std::span<const std::string_view> secrets);
  /// The text with a mark for each secret.
  std::string text(std::string_view text) const;
  /// At most the first `limit` bytes of the same; a secret across the cut does not show in part.
  std::string text(std::string_view text, std::size_t limit) const;
  /// True for headers whose value is a credential by their name: authorization, cookies, tokens, keys,
  /// signatures. Idempotency-Key is none.
  static bool is_secret_header(std::string_view name);
  /// True for query parameters that usually hold a credential.
  static bool is_secret_parameter(std::string_view name);
  /// A URL with its user information and the values of secret parameters replaced, then as `text`.
  std::string url(std::string_view url) const;

 private:
  using Forms = std::vector<std::string>;
  struct Tables;
  std::shared_ptr<const Tables> tables() const;
  void rebuild();

  mutable std::mutex mutex_;
  Forms forms_;                            ///< of those that stay
  std::map<std::string, Forms> changing_;  ///< by name
  std::shared_ptr<const Tables> tables_;   ///< null: nothing is known
};

}  // namespace tenon::observe
