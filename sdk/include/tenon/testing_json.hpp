// How the fake host reads a delivery's body: the same limits as the real one, by other means.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/json.hpp"
#include "tenon/slice.hpp"

namespace tenon::testing {

/// Strict JSON: no duplicate names, at most 64 levels, 10,000 members and 64 characters a number.
class body_check : public json::json_sax_t {
 public:
  static bool passes(std::string_view text) {
    std::size_t run = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (quoted && text[i] == '\\') {
        ++i;
        continue;
      }
      if (text[i] == '"') quoted = !quoted;
      run = !quoted && std::string_view("+-.0123456789eE").find(text[i]) != std::string_view::npos ? run + 1
                                                                                                   : 0;
      if (run > 64) return false;
    }
    if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return false;
    body_check check;
    return json::sax_parse(text.begin(), text.end(), &check);
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(); }
  bool key(string_t& name) override { return ++members_ <= 10'000 && names_.back().insert(name).second; }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool open() {
    names_.emplace_back();
    return names_.size() <= 64;
  }
  bool close() {
    names_.pop_back();
    return true;
  }
  std::vector<std::set<std::string>> names_;
  std::size_t members_ = 0;
};

/// Without the white space outside of strings.
inline std::string compact(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      out += text[i++];
      if (i < text.size()) out += text[i];
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    if (quoted || std::string_view(" \t\r\n").find(text[i]) == std::string_view::npos) out += text[i];
  }
  return out;
}

/// What stands at `pointer` of a text that passes body_check: its type, its characters, and how many elements
/// it has.
struct looked_up {
  std::uint32_t type = TENON_JSON_MISSING;
  std::string text;
  std::size_t elements = 0;
};
inline looked_up look_up(std::string_view body, std::string_view pointer) {
  looked_up out;
  const auto text = slice(body, pointer);
  if (text.empty()) return out;
  switch (text.front()) {
    case '{':
      out.type = TENON_JSON_OBJECT;
      break;
    case '[':
      out.type = TENON_JSON_ARRAY;
      break;
    case '"':
      out.type = TENON_JSON_STRING;
      break;
    case 't':
    case 'f':
      out.type = TENON_JSON_BOOLEAN;
      break;
    case 'n':
      out.type = TENON_JSON_NULL;
      break;
    default:
      out.type = TENON_JSON_NUMBER;
  }
  if (out.type == TENON_JSON_STRING)
    out.text = sdk::unquoted(text);
  else if (out.type == TENON_JSON_BOOLEAN || out.type == TENON_JSON_NUMBER)
    out.text = text;
  else if (out.type != TENON_JSON_NULL)
    out.elements = json::parse(text.begin(), text.end()).size();
  return out;
}

}  // namespace tenon::testing
