#include "trial/difference.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::trial {
namespace {

constexpr const char* kNothing = "nothing";

std::string shown(Value value) { return value.is_missing() ? kNothing : to_json(value); }

class Comparison {
 public:
  Comparison(const config::Literal& literal, bool whole, std::vector<Difference>& out)
      : literal_(literal), whole_(whole), out_(out) {}

  void compare(Value expected, Value found, const std::string& path, const std::string& pointer) {
    if (expected.is_object() && found.is_object()) return objects(expected, found, path, pointer);
    if (expected.is_array() && found.is_array()) return arrays(expected, found, path, pointer);
    if (!equal(expected, found)) add(pointer, path, shown(expected), shown(found));
  }

 private:
  void add(const std::string& pointer, const std::string& path, std::string expected, std::string found) {
    out_.push_back({literal_.place(pointer), path, std::move(expected), std::move(found)});
  }

  void objects(Value expected, Value found, const std::string& path, const std::string& pointer) {
    for (const Member& member : expected.members()) {
      compare(member.value, found.get(member.name), path + "." + std::string(member.name),
              pointer + "/" + pointer_token(member.name));
    }
    if (!whole_) return;
    for (const Member& member : found.members()) {
      if (!expected.get(member.name).is_missing()) continue;
      add(pointer, path + "." + std::string(member.name), kNothing, shown(member.value));
    }
  }

  void arrays(Value expected, Value found, const std::string& path, const std::string& pointer) {
    const std::size_t most = std::max(expected.size(), found.size());
    for (std::size_t i = 0; i < most; ++i) {
      const Value wanted = i < expected.size() ? expected.items()[i] : Value();
      const Value got = i < found.size() ? found.items()[i] : Value();
      compare(wanted, got, path + "[" + std::to_string(i) + "]", pointer + "/" + std::to_string(i));
    }
  }

  const config::Literal& literal_;
  bool whole_;
  std::vector<Difference>& out_;
};

}  // namespace

void compare(const config::Literal& expected, Value found, const std::string& path, bool whole,
             std::vector<Difference>& out) {
  Comparison(expected, whole, out).compare(expected.root(), found, path, "");
}

Value part_at(Value value, std::string_view path) {
  while (!path.empty()) {
    if (path.front() == '[') {
      const auto close = path.find(']');
      std::size_t index = 0;
      if (close == std::string_view::npos) return {};
      const auto [end, failed] = std::from_chars(path.data() + 1, path.data() + close, index);
      if (failed != std::errc() || end != path.data() + close) return {};
      if (!value.is_array() || index >= value.size()) return {};
      value = value.items()[index];
      path.remove_prefix(close + 1);
    } else {
      if (path.front() == '.') path.remove_prefix(1);
      const auto end = std::min(path.find_first_of(".["), path.size());
      value = value.get(path.substr(0, end));
      path.remove_prefix(end);
    }
  }
  return value;
}

}  // namespace tenon::trial
