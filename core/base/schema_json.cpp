#include "base/schema_json.hpp"

#include <vector>

#include "base/json.hpp"

namespace tenon {
namespace {

std::string types_json(const TypeSet& types) {
  std::vector<std::string> names;
  const std::pair<bool, const char*> all[] = {{types.object, "object"},   {types.array, "array"},
                                              {types.string, "string"},   {types.number, "number"},
                                              {types.integer, "integer"}, {types.boolean, "boolean"},
                                              {types.null, "null"}};
  for (const auto& [holds, name] : all)
    if (holds) names.push_back(json_string(name));
  if (names.size() == 1) return names.front();
  std::string out = "[";
  for (const std::string& name : names) out += (out == "[" ? "" : ",") + name;
  return out + "]";
}

std::string number_json(double number) {
  std::string out;
  append_number(out, number);
  return out;
}

/// One object while it is written.
class Members {
 public:
  void add(std::string_view name, const std::string& json) {
    out_ += out_ == "{" ? "" : ",";
    append_json_string(out_, name);
    out_ += ':' + json;
  }
  std::string take() { return out_ + "}"; }

 private:
  std::string out_ = "{";
};

std::string list_json(const std::vector<std::string>& parts) {
  std::string out = "[";
  for (const std::string& part : parts) out += (out == "[" ? "" : ",") + part;
  return out + "]";
}

void add_bounds(const Schema& schema, Members& out) {
  if (schema.minimum) out.add("minimum", number_json(*schema.minimum));
  if (schema.maximum) out.add("maximum", number_json(*schema.maximum));
  const auto size = [&](const char* name, const std::optional<std::size_t>& bound) {
    if (bound) out.add(name, std::to_string(*bound));
  };
  size("minLength", schema.min_length);
  size("maxLength", schema.max_length);
  size("minItems", schema.min_items);
  size("maxItems", schema.max_items);
}

}  // namespace

std::string to_json(const Schema& schema) {
  Members out;
  if (schema.types.any()) out.add("type", types_json(schema.types));
  if (!schema.description.empty()) out.add("description", json_string(schema.description));
  if (!schema.properties.empty()) {
    Members properties;
    for (const auto& [name, property] : schema.properties) properties.add(name, to_json(*property));
    out.add("properties", properties.take());
  }
  if (!schema.required.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : schema.required) names.push_back(json_string(name));
    out.add("required", list_json(names));
  }
  if (!schema.additional_properties) out.add("additionalProperties", "false");
  if (schema.items) out.add("items", to_json(*schema.items));
  if (!schema.enumeration.empty()) out.add("enum", list_json(schema.enumeration));
  if (!schema.pattern.empty()) out.add("pattern", json_string(schema.pattern));
  if (!schema.format.empty()) out.add("format", json_string(schema.format));
  add_bounds(schema, out);
  if (!schema.default_json.empty()) out.add("default", schema.default_json);
  if (schema.secret) out.add("x-secret", "true");
  if (schema.identity) out.add("x-identity", "true");
  if (schema.decimal) out.add("x-decimal", "true");
  return out.take();
}

}  // namespace tenon
