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
    if (auto document = parse_json(bytes_)) document_ = std::move(*document);
  }
  return document_.has_value();
}

std::optional<Value> Body::at(std::string_view pointer) {
  if (!parse()) return std::nullopt;
  return at_pointer(document_->root, pointer);
}

std::optional<std::string_view> Body::text(std::string_view pointer) {
  const auto value = at(pointer);
  if (!value) return std::nullopt;
  if (value->is_missing()) return std::string_view();
  const std::string& out = texts_.emplace_back(to_json(*value));
  handed_.emplace(out.data(), out.size());
  return out;
}

bool Body::handed_out(const char* data, std::size_t size) const {
  const auto known = handed_.find(data);
  return known != handed_.end() && known->second == size;
}

}  // namespace tenon::plugin
