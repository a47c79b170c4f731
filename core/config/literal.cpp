#include "config/literal.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/scalar.hpp"
#include "config/templates.hpp"

namespace tenon::config {
namespace {

std::string without_escapes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = text.starts_with("$${");
    out += escape ? "${" : text.substr(0, 1);
    text.remove_prefix(escape ? 3 : 1);
  }
  return out;
}

class LiteralReader {
 public:
  LiteralReader(Report& report, Literal& out, Arena& arena) : report_(report), out_(out), arena_(arena) {}

  Value read(const Node& node, const std::string& path, const std::string& pointer) {
    if (!pointer.empty()) out_.parts.emplace_back(pointer, report_.source().position(node.at.offset));
    switch (node.kind) {
      case Node::Kind::empty:
        report_.error(node.at, "no_value", path + ": nothing stands here; leave it out, or write null");
        return Value::null();
      case Node::Kind::text:
        return text(node, path);
      case Node::Kind::map:
        return map(node, path, pointer);
      case Node::Kind::list:
        break;
    }
    Value* items = arena_.array<Value>(node.items.size());
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      new (items + i) Value(read(node.items[i], join(path, i), pointer + "/" + std::to_string(i)));
    }
    return Value::array({items, node.items.size()});
  }

 private:
  Value text(const Node& node, const std::string& path) {
    if (holds_expression(node)) {
      report_.error(node.at, "expression_not_here",
                    path + ": tests hold plain values, no expressions; `$${` is a literal `${`");
      return Value::null();
    }
    refuse_variables(node, report_, path);
    const Value plain = scalar_value(node);
    if (plain.is_number()) return Value::number_text(arena_.copy(node.text));
    if (!plain.is_string()) return plain;
    warn_if_typed(report_, node, path);
    return Value::string(arena_.copy(without_escapes(node.text)));
  }

  Value map(const Node& node, const std::string& path, const std::string& pointer) {
    Member* members = arena_.array<Member>(node.members.size());
    std::size_t count = 0;
    for (const auto& [key, value] : node.members) {
      if (value.is_empty()) {
        report_.error(key.at, "no_value",
                      join(path, key.text) + ": nothing stands behind this key; leave it out, or write null");
        continue;
      }
      const Value read_value = read(value, join(path, key.text), pointer + "/" + pointer_token(key.text));
      new (members + count++) Member{arena_.copy(key.text), read_value};
    }
    return Value::object({members, count});
  }

  Report& report_;
  Literal& out_;
  Arena& arena_;
};

}  // namespace

Position Literal::place(std::string_view pointer) const {
  for (;;) {
    const auto found =
        std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.first == pointer; });
    if (found != parts.end()) return found->second;
    if (pointer.empty()) return position;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

Literal read_literal(const Node& node, const std::string& path, Report& report) {
  Literal made;
  made.position = report.source().position(node.at.offset);
  auto document = std::make_shared<Document>();
  document->root = LiteralReader(report, made, document->arena).read(node, path, "");
  made.document = std::move(document);
  return made;
}

std::optional<Literal> read_literal_map(const Node& node, const std::string& path, Report& report) {
  if (node.is_map()) return read_literal(node, path, report);
  report.error(node.at, "wrong_type", path + ": expected a map, found " + found_in(node));
  return std::nullopt;
}

}  // namespace tenon::config
