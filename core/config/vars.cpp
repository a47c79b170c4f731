#include "config/vars.hpp"

#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

class VarsReader {
 public:
  VarsReader(Arena& arena, const Environment& environment, Report& report)
      : arena_(arena), environment_(environment), report_(report) {}

  Value read(const Node& node, const std::string& path) {
    switch (node.kind) {
      case Node::Kind::empty:
        report_.error(node.at, "no_value", path + ": nothing stands here; write null if that is meant");
        return Value::null();
      case Node::Kind::text:
        return text(node, path);
      case Node::Kind::map:
        return map(node, path);
      case Node::Kind::list:
        break;
    }
    Value* items = arena_.array<Value>(node.items.size());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      new (items + i) Value(read(node.items[i], join(path, i)));
    }
    return Value::array({items, node.items.size()});
  }

  Value map(const Node& node, const std::string& path) {
    Member* members = arena_.array<Member>(node.members.size());
    std::size_t count = 0;
    for (const auto& [key, value] : node.members) {
      if (value.is_empty()) {
        report_.error(key.at, "no_value",
                      join(path, key.text) + ": nothing stands behind this key; leave it out, or write null");
        continue;
      }
      new (members + count++) Member{arena_.copy(key.text), read(value, join(path, key.text))};
    }
    return Value::object({members, count});
  }

 private:
  Value text(const Node& node, const std::string& path) {
    const Interpolated got = interpolate(node, environment_, report_, path, Place::vars);
    const Value plain = scalar_value(node);
    if (got.from_environment || plain.is_string()) {
      if (!got.from_environment) warn_if_typed(report_, node, path);
      return Value::string(arena_.copy(got.text));
    }
    return plain.is_number() ? Value::number_text(arena_.copy(node.text)) : plain;
  }

  Arena& arena_;
  const Environment& environment_;
  Report& report_;
};

}  // namespace

Document read_vars(const Node* section, const Environment& environment, Report& report) {
  Document vars;
  vars.root = Value::object({});
  if (section == nullptr) return vars;
  if (!section->is_map()) {
    report.error(section->at, "wrong_type", "vars: expected a map, found " + found_in(*section));
    return vars;
  }
  for (const NodeMember& member : section->members) {
    if (is_variable_name(member.key.text)) continue;
    report.error(
        member.key.at, "bad_name",
        join("vars", member.key.text) + ": expressions could not name it: use letters, digits and `_`");
  }
  vars.root = VarsReader(vars.arena, environment, report).map(*section, "vars");
  return vars;
}

}  // namespace tenon::config
