#include "observe/redactor.hpp"

#include <algorithm>
#include <limits>

#include "base/broken_promise.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::observe {

namespace {

constexpr std::size_t kHashes = 4096;
constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

std::size_t hash_of(std::string_view text, std::size_t last) {
  const auto a = static_cast<unsigned char>(text[last - 1]);
  const auto b = static_cast<unsigned char>(text[last]);
  return (static_cast<std::size_t>(a) << 4 ^ b) % kHashes;
}

/// The characters of base64(prefix + secret + anything) that the secret alone decides.
std::string inner_base64(std::string_view secret, std::size_t offset) {
  const std::string encoded = to_base64(std::string(offset, '\0').append(secret));
  const std::size_t first = offset == 0 ? 0 : offset + 1;  // characters that share bits with what is before
  const std::size_t last = (offset + secret.size()) * 8 / 6;
  return last > first ? encoded.substr(first, last - first) : std::string();
}

std::string base64_url(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

bool Redactor::is_secret_header(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower == "idempotency-key") return false;
  for (const std::string_view part : {"authorization", "cookie", "api-key", "apikey", "secret", "token",
                                      "password", "signature", "credential", "x-auth"}) {
    if (contains(lower, part)) return true;
  }
  return false;
}

bool Redactor::is_secret_parameter(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const std::string_view part : {"token", "secret", "password", "passwd", "signature", "credential",
                                      "apikey", "api_key", "api-key", "auth"}) {
    if (contains(lower, part)) return true;
  }
  // `code` and `key` are common parts of harmless words.
  for (const std::string_view word : {"key", "code", "sig", "hmac", "pass", "pwd"}) {
    if (lower == word) return true;
  }
  return false;
}

namespace {

/// The control of the test that no secret is written: nothing is taken out.
bool secrets_are_shown() { return broken_promise() == "show_secrets"; }

}  // namespace

namespace {

void add_forms(std::string_view secret, std::vector<std::string>& out) {
  if (secret.size() < Redactor::kMinimum) return;
  out.emplace_back(secret);
  const std::string percent = percent_encode(secret);
  std::string lower = percent;  // %2f as well as %2F
  for (std::size_t i = 0; i + 2 < lower.size(); ++i) {
    if (lower[i] != '%') continue;
    const std::string hex = to_lower(std::string_view(lower).substr(i + 1, 2));
    lower.replace(i + 1, 2, hex);
  }
  out.push_back(percent);
  out.push_back(std::move(lower));
  const std::string quoted = json_string(secret);
  out.push_back(quoted.substr(1, quoted.size() - 2));
  for (const std::size_t offset : {0U, 1U, 2U}) {
    std::string inner = inner_base64(secret, offset);
    if (inner.size() < 2 * Redactor::kMinimum) continue;  // a short piece of base64 may be anything
    out.push_back(base64_url(inner));
    out.push_back(std::move(inner));
  }
}

}  // namespace

/// The tables of Wu and Manber's search ("A fast algorithm for multi-pattern searching", 1994), blocks of
/// two.
struct Redactor::Tables {
  explicit Tables(std::vector<std::string> all);
  /// The next match that starts at or after `from` and before `before`: its place and length; npos if none.
  std::pair<std::size_t, std::size_t> find(std::string_view text, std::size_t from, std::size_t before) const;

  std::vector<std::string> patterns;  ///< longest first
  std::size_t shortest;
  std::vector<std::uint8_t> shift;                     ///< by hash of two bytes: how far to jump
  std::vector<std::vector<std::uint32_t>> candidates;  ///< by the same hash, where the jump is 0
};

Redactor::Tables::Tables(std::vector<std::string> all) : patterns(std::move(all)) {
  std::sort(patterns.begin(), patterns.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  shortest = std::min<std::size_t>(patterns.back().size(), 255);
  shift.assign(kHashes, static_cast<std::uint8_t>(shortest - 1));
  candidates.assign(kHashes, {});
  for (std::size_t p = 0; p < patterns.size(); ++p) {
    for (std::size_t last = 1; last < shortest; ++last) {
      const std::size_t hash = hash_of(patterns[p], last);
      shift[hash] = std::min(shift[hash], static_cast<std::uint8_t>(shortest - 1 - last));
      if (last == shortest - 1) candidates[hash].push_back(static_cast<std::uint32_t>(p));
    }
  }
}

std::pair<std::size_t, std::size_t> Redactor::Tables::find(std::string_view text, std::size_t from,
                                                           std::size_t before) const {
  const std::size_t stop = std::min(text.size(), before + shortest - 1);
  for (std::size_t end = from + shortest - 1; end < stop;) {
    const std::size_t hash = hash_of(text, end);
    if (shift[hash] > 0) {
      end += shift[hash];
      continue;
    }
    const std::size_t start = end + 1 - shortest;
    for (const std::uint32_t p : candidates[hash]) {
      const std::string& pattern = patterns[p];
      if (text.compare(start, pattern.size(), pattern) == 0) return {start, pattern.size()};
    }
    ++end;
  }
  return {std::string_view::npos, 0};
}

void Redactor::add_all(std::span<const std::string_view> secrets) {
  if (secrets_are_shown()) return;
  const std::scoped_lock lock(mutex_);
  for (const std::string_view secret : secrets) add_forms(secret, forms_);
  std::sort(forms_.begin(), forms_.end());
  forms_.erase(std::unique(forms_.begin(), forms_.end()), forms_.end());
  rebuild();
}

void Redactor::set(const std::string& name, std::span<const std::string_view> secrets) {
  if (secrets_are_shown()) return;
  const std::scoped_lock lock(mutex_);
  Forms& forms = changing_[name];
  forms.clear();
  for (const std::string_view secret : secrets) add_forms(secret, forms);
  rebuild();
}

void Redactor::rebuild() {
  Forms all = forms_;
  for (const auto& [name, forms] : changing_) all.insert(all.end(), forms.begin(), forms.end());
  tables_ = all.empty() ? nullptr : std::make_shared<const Tables>(std::move(all));
}

std::shared_ptr<const Redactor::Tables> Redactor::tables() const {
  const std::scoped_lock lock(mutex_);
  return tables_;
}

std::string Redactor::text(std::string_view text) const { return this->text(text, kUnlimited); }

std::string Redactor::text(std::string_view text, std::size_t limit) const {
  std::string out;
  std::size_t from = 0;
  const auto known = tables();
  // A match counts if it starts within what will be kept, wherever it ends.
  while (known && out.size() < limit) {
    const std::size_t before = std::min(text.size(), from + std::min(limit - out.size(), text.size()));
    const auto [place, size] = known->find(text, from, before);
    if (place == std::string_view::npos) break;
    out.append(text.substr(from, place - from)).append(kMark);
    from = place + size;
  }
  if (out.size() < limit) out.append(text.substr(from, limit - out.size()));
  if (out.size() > limit) out.resize(limit);
  return out;
}

std::string Redactor::url(std::string_view url) const {
  std::string out;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    const auto authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      out.append(url.substr(0, scheme + 3)).append(kMark);
      url.remove_prefix(scheme + 3 + at);
    }
  }
  const auto query = std::min(url.find('?'), url.size());
  out += url.substr(0, query);
  std::string_view rest = url.substr(query);
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of("&;#", 1), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_parameter(pair.substr(1, equals - 1))) {
      out.append(pair.substr(0, equals + 1)).append(kMark);
    } else {
      out += pair;
    }
    rest.remove_prefix(end);
  }
  return text(out);
}

}  // namespace tenon::observe
