#include "plugin/body.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"

namespace tenon::plugin {
namespace {

/// One step of a pointer with ~1 and ~0 undone; nullopt for another ~.
std::optional<std::string> unescaped(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
      continue;
    }
    if (i + 1 == step.size() || (step[i + 1] != '0' && step[i + 1] != '1')) return std::nullopt;
    out += step[++i] == '0' ? '~' : '/';
  }
  return out;
}

Value child(Value parent, std::string_view step) {
  if (parent.is_object()) {
    if (step.find('~') == std::string_view::npos) return parent.get(step);
    const auto name = unescaped(step);
    return name ? parent.get(*name) : Value();
  }
  if (!parent.is_array() || step.empty() || (step.size() > 1 && step.front() == '0')) return {};
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size() || index >= parent.size()) return {};
  return parent.items()[index];
}

}  // namespace

Value at_pointer(Value root, std::string_view pointer) {
  while (!pointer.empty() && !root.is_missing()) {
    if (pointer.front() != '/') return {};
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    root = child(root, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return root;
}

bool Body::parse() {
  if (!parsed_) {
    parsed_ = true;
    if (auto document = parse_json(bytes_)) {
      document_ = std::move(*document);
      root_ = document_.root;
    }
  }
  return !root_.is_missing();
}

std::optional<Value> Body::at(std::string_view pointer) {
  if (!parse()) return std::nullopt;
  return at_pointer(root_, pointer);
}

std::optional<std::string_view> Body::text(std::string_view pointer) {
  const auto value = at(pointer);
  if (!value) return std::nullopt;
  if (value->is_missing()) return std::string_view();
  std::string& out = texts_.emplace_back();
  out.reserve(bytes_.size());  // a large text that grows would be copied a dozen times
  append_json(out, *value);
  return out;
}

bool Body::handed_out(std::string_view data) const {
  // By what they say: a plugin keeps a copy. The newest is the likeliest, and comparing sizes settles most.
  return std::any_of(texts_.rbegin(), texts_.rend(), [&](const std::string& text) { return text == data; });
}

}  // namespace tenon::plugin
