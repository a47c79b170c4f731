#include "ingress/head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace tenon::ingress {
namespace {

constexpr std::array<bool, 256> make_token_characters() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::size_t kLongestMethod = 32;
constexpr auto kTokenCharacters = make_token_characters();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; });
}

/// RFC 9110 field-content: no controls but the tab.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Head refused(int status, const char* reason) {
  Head head;
  head.refuse = status;
  head.reason = reason;
  return head;
}

/// Digits only: no sign, no list, no blank; 18 of them cannot overflow.
std::optional<std::uint64_t> content_length_of(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// `method SP target SP HTTP/1.x`; sets method, target, version or refuse.
Head check_request_line(std::string_view line, const HeadLimits& limits) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refused(400, "request_line");
  Head head;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(head.method) || head.method.size() > kLongestMethod) return refused(400, "method");
  if (head.target.size() > limits.target) return refused(414, "target_too_long");
  const bool visible = std::all_of(head.target.begin(), head.target.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f;
  });
  if (!visible || !head.target.starts_with('/')) return refused(400, "target");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[5] >= '2' &&
                       version[5] <= '9' && version.substr(6) == ".0";
    return refused(other ? 505 : 400, "version");
  }
  head.minor_version = version.back() - '0';
  return head;
}

/// How often the fields that decide the framing were seen.
struct Seen {
  int content_length = 0;
  int transfer_encoding = 0;
  int host = 0;
  int expect = 0;
};

/// Returns a reason to refuse, or nullptr.
const char* check_field(std::string_view line, Head& head, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return "folded_field";
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "field_without_colon";
  const std::string_view name = line.substr(0, colon);
  // A blank before the colon is no token character either. Underscores: some servers turn them into hyphens.
  if (!is_token(name)) return "field_name";
  if (name.find('_') != std::string_view::npos) return "underscore_in_name";
  const std::string_view value = without_blanks(line.substr(colon + 1));
  if (!is_field_value(value)) return "field_value";
  if (equals_ignoring_case(name, "content-length")) {
    if (seen.content_length++ != 0) return "two_content_lengths";
    head.content_length = content_length_of(value);
    if (!head.content_length) return "content_length";
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (seen.transfer_encoding++ != 0) return "two_transfer_encodings";
    if (value != "chunked") return "transfer_encoding";
    head.chunked = true;
  } else if (equals_ignoring_case(name, "host")) {
    if (seen.host++ != 0) return "two_hosts";
  } else if (equals_ignoring_case(name, "expect")) {
    if (seen.expect++ != 0) return "two_expects";
    head.expect =
        equals_ignoring_case(value, "100-continue") ? Head::Expect::hundred_continue : Head::Expect::other;
  }
  return nullptr;
}

}  // namespace

int HeadScanner::refusal(std::string_view line) const {
  if (lines_ == 0) {
    const auto method = std::min(line.find(' '), line.size());
    if (method > kLongestMethod) return 400;
    // Behind the target stand a blank, the version and the CR.
    if (line.size() > method + 1 + limits_.target + 10) return 414;
  }
  return 0;
}

HeadScanner::Found HeadScanner::scan(std::string_view buffer) {
  while (true) {
    const auto newline = buffer.find('\n', searched_);
    if (newline == std::string_view::npos) {
      searched_ = buffer.size();
      const std::string_view rest = buffer.substr(line_start_);
      if (const int status = refusal(rest)) return {status, 0};
      if (buffer.size() > limits_.bytes) return {431, 0};
      if (rest.find('\0') != std::string_view::npos) return {400, 0};
      return {0, 0};
    }
    const std::string_view line = buffer.substr(line_start_, newline - line_start_);
    if (const int status = refusal(line)) return {status, 0};
    if (newline + 1 > limits_.bytes) return {431, 0};
    if (line.empty() || line.find('\r') != line.size() - 1) return {400, 0};  // bare LF, bare CR
    if (line.find('\0') != std::string_view::npos) return {400, 0};
    searched_ = line_start_ = newline + 1;
    if (line.size() == 1) return lines_ == 0 ? Found{400, 0} : Found{0, newline + 1};
    if (lines_++ > limits_.fields) return {431, 0};
  }
}

Head check_head(std::string_view text, const HeadLimits& limits) {
  const auto next_line = [&text] {
    const auto end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    return line;
  };
  Head head = check_request_line(next_line(), limits);
  if (head.refuse != 0) return head;
  Seen seen;
  for (auto line = next_line(); !line.empty(); line = next_line()) {
    if (const char* reason = check_field(line, head, seen)) return refused(400, reason);
  }
  if (head.chunked && head.content_length) return refused(400, "length_and_chunked");
  if (head.chunked && head.minor_version == 0) return refused(400, "chunked_in_http_1_0");
  if (head.minor_version == 1 && seen.host != 1) return refused(400, "host_missing");
  return head;
}

}  // namespace tenon::ingress
