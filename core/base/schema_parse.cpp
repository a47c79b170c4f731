#include <algorithm>
#include <array>
#include <span>

#include "base/json.hpp"
#include "base/schema_compiled.hpp"
#include "base/schema_formats.hpp"
#include "base/text.hpp"

namespace tenon {
namespace {

constexpr int kMostDepth = 32;

const std::vector<std::string>& keywords() {
  static const std::vector<std::string> kAll = {
      "type",        "properties", "required",   "additionalProperties",
      "items",       "enum",       "const",      "pattern",
      "format",      "minimum",    "maximum",    "minLength",
      "maxLength",   "minItems",   "maxItems",   "default",
      "description", "x-secret",   "x-identity", "x-decimal"};
  return kAll;
}

}  // namespace

/// Reads one schema and those inside it; keeps the first error.
class SchemaParser {
 public:
  std::shared_ptr<const Schema> read(Value value, const std::string& at, int depth) {
    auto schema = std::make_shared<Schema>();
    auto compiled = std::make_shared<Schema::Compiled>();
    if (depth > kMostDepth) {
      fail(at, "nested too deep, at most 32 levels");
    } else if (!value.is_object()) {
      fail(at, "expected a schema (an object), found " + std::string(name_of(value.kind())));
    } else {
      for (const Member& member : value.members()) {
        if (error_) break;
        keyword(*schema, *compiled, member.name, member.value, at, depth);
      }
    }
    schema->compiled_ = std::move(compiled);
    if (!error_) check(*schema, at);
    return schema;
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  void fail(const std::string& at, std::string what) {
    if (!error_) error_ = Error("invalid_schema", (at.empty() ? "the schema" : at) + ": " + std::move(what));
  }
  void expected(const std::string& at, const char* what, Value found) {
    fail(at, std::string("expected ") + what + ", found " + std::string(name_of(found.kind())));
  }

  std::string text(Value value, const std::string& at) {
    if (!value.is_string()) expected(at, "a string", value);
    return value.is_string() ? std::string(value.as_string()) : std::string();
  }
  bool boolean(Value value, const std::string& at) {
    if (!value.is_boolean()) expected(at, "true or false", value);
    return value.is_boolean() && value.as_boolean();
  }
  std::optional<double> number(Value value, const std::string& at) {
    if (!value.is_number()) expected(at, "a number", value);
    return value.is_number() ? std::optional(value.as_double()) : std::nullopt;
  }
  std::optional<std::size_t> count(Value value, const std::string& at) {
    if (!value.is_number() || !is_integer(value) || value.as_double() < 0 || value.as_double() > 1e9) {
      expected(at, "a whole number from 0 to 1,000,000,000", value);
      return std::nullopt;
    }
    return static_cast<std::size_t>(value.as_double());
  }

  void keyword(Schema& s, Schema::Compiled& compiled, std::string_view name, Value value,
               const std::string& at, int depth) {
    const std::string here = at + "/" + pointer_token(name);
    if (name == "type") {
      types(s, value, here);
    } else if (name == "properties") {
      properties(s, value, here, depth);
    } else if (name == "required") {
      required(s, value, here);
    } else if (name == "additionalProperties") {
      s.additional_properties = boolean(value, here);
    } else if (name == "items") {
      s.items = read(value, here, depth + 1);
    } else if (name == "enum") {
      enumeration(s, compiled, value, here);
    } else if (name == "const") {
      enumeration(s, compiled, Value::array(std::span(&value, 1)), here);
    } else if (name == "pattern") {
      pattern(s, compiled, value, here);
    } else if (name == "format") {
      format(s, value, here);
    } else if (name == "default") {
      s.default_json = to_json(value);
      compiled.default_value = copy(value, compiled.arena);
    } else if (name == "description") {
      s.description = text(value, here);
    } else if (!bound(s, name, value, here) && !mark(s, name, value, here)) {
      const auto near = nearest(name, keywords());
      fail(here,
           "a keyword that schemas do not have" + (near ? "; did you mean " + *near + "?" : std::string()));
    }
  }

  bool bound(Schema& s, std::string_view name, Value value, const std::string& at) {
    if (name == "minimum") {
      s.minimum = number(value, at);
    } else if (name == "maximum") {
      s.maximum = number(value, at);
    } else if (name == "minLength") {
      s.min_length = count(value, at);
    } else if (name == "maxLength") {
      s.max_length = count(value, at);
    } else if (name == "minItems") {
      s.min_items = count(value, at);
    } else if (name == "maxItems") {
      s.max_items = count(value, at);
    } else {
      return false;
    }
    return true;
  }
  bool mark(Schema& s, std::string_view name, Value value, const std::string& at) {
    bool* const to = name == "x-secret"     ? &s.secret
                     : name == "x-identity" ? &s.identity
                     : name == "x-decimal"  ? &s.decimal
                                            : nullptr;
    if (to) *to = boolean(value, at);
    return to != nullptr;
  }

  void types(Schema& s, Value value, const std::string& at) {
    const auto one = [&](Value name) {
      constexpr std::array<std::pair<std::string_view, bool TypeSet::*>, 7> kTypes = {
          {{"null", &TypeSet::null},
           {"boolean", &TypeSet::boolean},
           {"integer", &TypeSet::integer},
           {"number", &TypeSet::number},
           {"string", &TypeSet::string},
           {"array", &TypeSet::array},
           {"object", &TypeSet::object}}};
      for (const auto& [type, member] : kTypes) {
        if (!name.is_string() || name.as_string() != type) continue;
        if (s.types.*member) fail(at, "a type twice");
        s.types.*member = true;
        return;
      }
      fail(at, "expected null, boolean, integer, number, string, array or object");
    };
    if (!value.is_array()) return one(value);
    if (value.size() == 0) fail(at, "expected at least one type");
    for (const Value name : value.items()) one(name);
  }

  void properties(Schema& s, Value value, const std::string& at, int depth) {
    if (!value.is_object()) return expected(at, "an object of schemas", value);
    for (const Member& member : value.members()) {
      if (error_) return;
      s.properties.emplace_back(member.name,
                                read(member.value, at + "/" + pointer_token(member.name), depth + 1));
    }
  }
  void required(Schema& s, Value value, const std::string& at) {
    if (!value.is_array()) return expected(at, "an array of names", value);
    for (const Value name : value.items()) {
      s.required.push_back(text(name, at));
      if (std::count(s.required.begin(), s.required.end(), s.required.back()) > 1) fail(at, "a name twice");
    }
  }
  void enumeration(Schema& s, Schema::Compiled& compiled, Value value, const std::string& at) {
    if (!value.is_array()) return expected(at, "an array", value);
    if (value.size() == 0) return fail(at, "expected at least one value");
    if (!s.enumeration.empty()) return fail(at, "enum and const together");
    for (const Value item : value.items()) {
      s.enumeration.push_back(to_json(item));
      compiled.enumeration.push_back(copy(item, compiled.arena));
    }
  }
  void pattern(Schema& s, Schema::Compiled& compiled, Value value, const std::string& at) {
    s.pattern = text(value, at);
    if (error_) return;
    auto result = Pattern::compile(s.pattern);
    if (!result) return fail(at, result.error().message);
    compiled.pattern = std::move(*result);
  }
  void format(Schema& s, Value value, const std::string& at) {
    s.format = text(value, at);
    const auto names = format_names();
    if (error_ || std::find(names.begin(), names.end(), s.format) != names.end()) return;
    std::string all;
    for (const auto name : names) all += (all.empty() ? "" : ", ") + std::string(name);
    fail(at, "expected one of " + all);
  }

  /// What can only be said of the whole: keywords that could never apply, bounds in the wrong order.
  void check(const Schema& s, const std::string& at) {
    const auto needs = [&](bool used, bool allowed, const char* keyword, const char* type) {
      if (used && s.types.any() && !allowed) fail(at + "/" + keyword, std::string("needs type ") + type);
    };
    needs(!s.properties.empty(), s.types.object, "properties", "object");
    needs(!s.required.empty(), s.types.object, "required", "object");
    needs(s.items != nullptr, s.types.array, "items", "array");
    needs(s.min_items || s.max_items, s.types.array, s.min_items ? "minItems" : "maxItems", "array");
    needs(!s.pattern.empty(), s.types.string, "pattern", "string");
    needs(!s.format.empty(), s.types.string, "format", "string");
    needs(s.min_length || s.max_length, s.types.string, s.min_length ? "minLength" : "maxLength", "string");
    needs(s.minimum || s.maximum, s.types.number || s.types.integer, s.minimum ? "minimum" : "maximum",
          "number or integer");
    needs(s.secret, s.types.string, "x-secret", "string");
    if (s.minimum && s.maximum && *s.minimum > *s.maximum) fail(at + "/minimum", "above maximum");
    if (s.min_length && s.max_length && *s.min_length > *s.max_length)
      fail(at + "/minLength", "above maxLength");
    if (s.min_items && s.max_items && *s.min_items > *s.max_items) fail(at + "/minItems", "above maxItems");
    for (const std::string& name : s.required)
      if (!s.property(name)) fail(at + "/required", name + " is not among the properties");
    if (s.secret && !s.default_json.empty()) fail(at + "/default", "a secret has no default");
    if (s.default_json.empty() || error_) return;
    const auto wrong = s.validate(s.compiled_->default_value, 1);
    if (!wrong.empty())
      fail(at + "/default" + wrong[0].path, "expected " + wrong[0].expected + ", found " + wrong[0].found);
  }

  std::optional<Error> error_;
};

Result<std::shared_ptr<const Schema>> Schema::parse(Value schema, std::string_view at) {
  SchemaParser parser;
  auto result = parser.read(schema, std::string(at), 1);
  if (parser.error()) return *parser.error();
  return result;
}

}  // namespace tenon
