#include "config/record_check.hpp"

#include <vector>

#include "config/fields.hpp"
#include "config/scalar.hpp"
#include "config/templates.hpp"
#include "config/type_check.hpp"

namespace tenon::config {
namespace {

class RecordCheck {
 public:
  RecordCheck(const TextTypes& types, const std::string& what, Report& report)
      : types_(types), what_(what), report_(report) {}

  void check(const Node& node, const Schema& schema, const std::string& path, bool required) {
    switch (node.kind) {
      case Node::Kind::empty:
        return;
      case Node::Kind::text:
        return text(node, schema, path, required);
      case Node::Kind::list:
        return list(node, schema, path);
      case Node::Kind::map:
        break;
    }
    if (const Node* item = node.find("$item")) {
      if (!allows(schema, Kind::array)) return wrong_type(node, schema, path, "a list");
      if (schema.items) check(*item, *schema.items, join(path, "$item"), false);
      return;
    }
    if (node.find("$each") == nullptr) map(node, schema, path);
  }

 private:
  static const Schema& anything() {
    static const auto kAny = Schema::parse(Value::object({})).value();
    return *kAny;
  }

  static bool allows(const Schema& schema, Kind kind) {
    return !schema.types.any() || schema.types.allows(kind);
  }

  void wrong_type(const Node& node, const Schema& schema, const std::string& path, const std::string& found) {
    report_.error(node.at, "wrong_type",
                  path + ": " + what_ + " wants " + with_article(schema.types.text()) + ", found " + found);
  }

  void text(const Node& node, const Schema& schema, const std::string& path, bool required) {
    if (holds_expression(node)) return expression(node, schema, path, required);
    const Value value = scalar_value(node);
    const Schema* against = wants_list_only(schema) && !value.is_null() ? schema.items.get() : &schema;
    if (against == nullptr) return;
    for (const Schema::Violation& violation : against->validate(value, 1)) {
      report_.error(node.at, "bad_value",
                    path + ": " + what_ + " wants " + violation.expected + ", found " +
                        with_article(violation.found) + as_text(value, schema, node));
    }
  }

  void expression(const Node& node, const Schema& schema, const std::string& path, bool required) {
    const bool is_text = !is_whole_expression(node);
    const bool fits = allows(schema, Kind::string) || wants_list_only(schema);
    if (is_text && !fits)
      return wrong_type(node, schema, path, "text with an expression in it, which stays text");
    const auto told = types_.find(&node);
    if (told == types_.end()) return;
    check_type(told->second.type, schema, required, {node.at, path, what_}, report_);
    if (!schema.identity) return;
    for (const mapping::check::Finding& blank : told->second.blanks) {
      report_.warning(node.span(blank.offset, blank.length), blank.code, path + ": " + blank.message);
    }
  }

  void list(const Node& node, const Schema& schema, const std::string& path) {
    if (!allows(schema, Kind::array)) return wrong_type(node, schema, path, "a list");
    if (!schema.items) return;
    for (std::size_t i = 0; i < node.items.size(); ++i)
      check(node.items[i], *schema.items, join(path, i), false);
  }

  /// How to write a number that is meant as text.
  static std::string as_text(Value value, const Schema& schema, const Node& node) {
    const bool plain = value.is_number() || value.is_boolean();
    return plain && schema.types.string ? "; in quotes it is text: \"" + node.text + "\"" : "";
  }

  void map(const Node& node, const Schema& schema, const std::string& path) {
    if (!allows(schema, Kind::object)) {
      if (wants_list_only(schema) && schema.items) return map(node, *schema.items, path);
      return wrong_type(node, schema, path, "a map");
    }
    std::vector<std::string> known;
    for (const auto& [name, property] : schema.properties) known.push_back(name);
    for (const auto& [key, value] : node.members) {
      if (const Schema* property = schema.property(key.text)) {
        check(value, *property, join(path, key.text), schema.requires_member(key.text));
      } else if (schema.additional_properties) {
        check(value, anything(), join(path, key.text), false);
      } else if (!key.text.starts_with('$')) {
        unknown(key, known, path);
      }
    }
    for (const std::string& name : schema.required) {
      if (node.find(name) != nullptr) continue;
      const Schema* property = schema.property(name);
      // A required list that is missing becomes the empty one.
      if (property != nullptr && wants_list_only(*property)) continue;
      report_.error({node.at.offset, 1}, "missing_key",
                    join(path, name) + ": is never set, and " + what_ + " requires it");
    }
  }

  void unknown(const Node& key, const std::vector<std::string>& known, const std::string& path) {
    std::string hint = suggestion(key.text, known);
    if (hint.empty() && !known.empty()) {
      hint = "; it knows";
      for (std::size_t i = 0; i < known.size(); ++i) hint += (i > 0 ? ", `" : " `") + known[i] + "`";
    }
    report_.error(key.at, "unknown_key", join(path, key.text) + ": " + what_ + " has no such key" + hint);
  }

  const TextTypes& types_;
  const std::string& what_;
  Report& report_;
};

}  // namespace

void check_record(const Node& node, const Schema& schema, const TextTypes& types, const std::string& path,
                  const std::string& what, Report& report) {
  RecordCheck(types, what, report).check(node, schema, path, true);
}

}  // namespace tenon::config
