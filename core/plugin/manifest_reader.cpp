#include "plugin/manifest_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::plugin {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<std::uint64_t> milliseconds(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  constexpr std::string_view kUnits = "smhd";
  constexpr std::uint64_t kScale[] = {1000, 60'000, 3'600'000, 86'400'000};
  const auto unit = kUnits.find(text.back());
  std::uint64_t count = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, count);
  if (unit == std::string_view::npos || error != std::errc() || end != last) return std::nullopt;
  return count * kScale[unit];
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

ManifestObject::ManifestObject(std::optional<Error>& error, Value value, std::string at)
    : error_(&error), value_(value), at_(std::move(at)) {
  if (value_.is_missing() || value_.is_object()) return;
  if (!*error_)
    *error_ =
        Error("invalid_manifest", (at_.empty() ? "the manifest" : at_) + ": expected an object, found " +
                                      std::string(name_of(value_.kind())));
}

std::string ManifestObject::pointer(std::string_view name) const { return at_ + "/" + pointer_token(name); }

void ManifestObject::fail(std::string_view member, std::string what) {
  if (!*error_) *error_ = Error("invalid_manifest", pointer(member) + ": " + std::move(what));
}

Value ManifestObject::get(std::string_view name) {
  asked_.emplace_back(name);
  return value_.get(name);
}

bool ManifestObject::has(std::string_view name) { return !get(name).is_missing(); }

Value ManifestObject::need(std::string_view name, bool required) {
  const Value value = get(name);
  if (value.is_missing() && required) fail(name, "is missing");
  return value;
}

std::string ManifestObject::text(std::string_view name, bool required, std::size_t most) {
  const Value value = need(name, required);
  if (value.is_missing()) return {};
  if (!value.is_string()) {
    fail(name, "expected a string, found " + std::string(name_of(value.kind())));
    return {};
  }
  const auto text = value.as_string();
  if (required && trim(text).empty()) fail(name, "is empty");
  if (text.size() > most) fail(name, "is longer than " + std::to_string(most) + " bytes");
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) fail(name, "holds a control character");
  return std::string(text);
}

std::string ManifestObject::identifier(std::string_view name) {
  std::string out = text(name, true);
  if (!is_identifier(out))
    fail(name, "expected a name of lower-case letters, digits, _ and -, beginning with a letter");
  return out;
}

std::string ManifestObject::header(std::string_view name, bool required) {
  std::string out = text(name, required);
  if (!out.empty() && !is_token(out)) fail(name, "expected the name of a header");
  return out;
}

bool ManifestObject::flag(std::string_view name) {
  const Value value = get(name);
  if (value.is_missing()) return false;
  if (!value.is_boolean()) fail(name, "expected true or false, found " + std::string(name_of(value.kind())));
  return value.is_boolean() && value.as_boolean();
}

std::uint64_t ManifestObject::number(std::string_view name, std::uint64_t absent, std::uint64_t most,
                                     bool required) {
  const Value value = need(name, required);
  if (value.is_missing()) return absent;
  std::uint64_t out = 0;
  const auto digits = value.is_number() ? value.number_text() : std::string_view();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || out > most) {
    fail(name, "expected a whole number from 0 to " + std::to_string(most));
    return absent;
  }
  return out;
}

std::uint64_t ManifestObject::duration(std::string_view name) {
  const std::string written = text(name);
  if (written.empty()) {
    if (!get(name).is_missing()) fail(name, "expected a duration such as 7s, 15m, 48h or 30d");
    return 0;
  }
  const auto out = milliseconds(written);
  if (!out) fail(name, "expected a duration such as 7s, 15m, 48h or 30d");
  return out.value_or(0);
}

std::size_t ManifestObject::word(std::string_view name, std::span<const std::string_view> words,
                                 bool required) {
  const std::string written = text(name, required);
  if (written.empty() && !required && value_.get(name).is_missing()) return 0;
  const auto found = std::find(words.begin(), words.end(), written);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const auto word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  fail(name, "expected one of " + all);
  return 0;
}

std::vector<std::string> ManifestObject::texts(std::string_view name, bool required, bool or_one) {
  const Value value = need(name, required);
  std::vector<std::string> out;
  if (value.is_missing()) return out;
  if (or_one && value.is_string()) return {text(name, required)};
  if (!value.is_array()) {
    fail(name, "expected an array of strings, found " + std::string(name_of(value.kind())));
    return out;
  }
  if (required && value.size() == 0) fail(name, "is empty");
  for (const Value item : value.items()) {
    if (!item.is_string() || item.size() == 0 || item.size() > 500)
      fail(name, "expected an array of strings");
    if (item.is_string()) out.emplace_back(item.as_string());
  }
  return out;
}

std::shared_ptr<const Schema> ManifestObject::schema(std::string_view name, bool required, bool or_null) {
  const Value value = need(name, required);
  if (value.is_missing() && or_null) return nullptr;
  auto result = Schema::parse(value.is_missing() ? Value::object({}) : value, pointer(name));
  if (result) return *result;
  if (!*error_) *error_ = Error("invalid_manifest", result.error().message);
  return Schema::parse(Value::object({})).value();
}

std::vector<ManifestObject> ManifestObject::objects(std::string_view name, bool required) {
  const Value value = need(name, required);
  std::vector<ManifestObject> out;
  if (value.is_missing()) return out;
  if (!value.is_array()) {
    fail(name, "expected an array, found " + std::string(name_of(value.kind())));
    return out;
  }
  for (const Value item : value.items())
    out.emplace_back(*error_, item, pointer(name) + "/" + std::to_string(out.size()));
  return out;
}

std::vector<std::pair<std::string, ManifestObject>> ManifestObject::named(std::string_view name) {
  std::vector<std::pair<std::string, ManifestObject>> out;
  if (!has(name)) return out;
  ManifestObject all = object(name);
  if (*error_) return out;
  for (const Member& member : all.value_.members()) {
    const bool good =
        !member.name.empty() && member.name.size() <= 200 && member.name.find(' ') == std::string_view::npos;
    if (!good) all.fail(member.name, "expected a name without spaces");
    out.emplace_back(member.name, ManifestObject(*error_, member.value, all.pointer(member.name)));
  }
  return out;
}

ManifestObject ManifestObject::object(std::string_view name, bool required) {
  return {*error_, need(name, required), pointer(name)};
}

void ManifestObject::end() {
  if (*error_) return;
  for (const Member& member : value_.members()) {
    if (std::find(asked_.begin(), asked_.end(), member.name) != asked_.end()) continue;
    const auto near = nearest(member.name, asked_);
    return fail(member.name,
                "a member that manifests do not have" + (near ? "; did you mean " + *near + "?" : ""));
  }
}

}  // namespace tenon::plugin
