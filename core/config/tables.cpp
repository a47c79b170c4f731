#include "config/tables.hpp"

#include <algorithm>
#include <map>

#include "config/csv.hpp"
#include "config/fields.hpp"
#include "config/files.hpp"
#include "config/interpolate.hpp"
#include "config/language.hpp"
#include "config/scalar.hpp"
#include "config/templates.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::size_t kMostRows = 100'000;
const KeySet kFile = key_set(language::kTableFile);

class TablesReader {
 public:
  TablesReader(Arena& arena, Report& report) : arena_(arena), report_(report) {}

  Value all(const Node& section) {
    Member* members = arena_.array<Member>(section.members.size());
    std::size_t count = 0;
    for (const auto& [key, value] : section.members) {
      const std::string path = join("tables", key.text);
      if (!is_variable_name(key.text)) {
        report_.error(key.at, "bad_name",
                      path + ": expressions could not name it: use letters, digits and `_`");
      }
      if (!value.is_map()) {
        report_.error(value.is_empty() ? key.at : value.at, "wrong_type",
                      path + ": expected a map, or { csv: FILE, key: COLUMN }, found " + found_in(value));
        continue;
      }
      const Value table = value.find("csv") != nullptr ? file(value, path) : map(value, path);
      new (members + count++) Member{arena_.copy(key.text), table};
    }
    return Value::object({members, count});
  }

 private:
  Value value(const Node& node, const std::string& path) {
    if (node.is_map()) return map(node, path);
    if (node.is_list()) {
      Value* items = arena_.array<Value>(node.items.size());
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        new (items + i) Value(value(node.items[i], join(path, i)));
      }
      return Value::array({items, node.items.size()});
    }
    if (holds_expression(node)) {
      report_.error(node.at, "expression_not_here", path + ": a table holds no expressions");
      return {};
    }
    refuse_variables(node, report_, path);
    warn_if_typed(report_, node, path);
    const Value plain = scalar_value(node);
    if (plain.is_number()) return Value::number_text(arena_.copy(node.text));
    return plain.is_string() ? Value::string(arena_.copy(node.text)) : plain;
  }

  Value map(const Node& node, const std::string& path) {
    Member* members = arena_.array<Member>(node.members.size());
    std::size_t count = 0;
    for (const auto& [key, inner] : node.members) {
      if (inner.is_empty()) {
        report_.error(key.at, "no_value",
                      join(path, key.text) + ": nothing stands behind this key; leave it out, or write null");
        continue;
      }
      new (members + count++) Member{arena_.copy(key.text), value(inner, join(path, key.text))};
    }
    return Value::object({members, count});
  }

  Value file(const Node& node, const std::string& path) {
    Fields fields(report_, node, path, kFile);
    const auto name = fields.text("csv");
    const auto column = fields.need_text("key", "the column whose values are the keys");
    if (!name || !column) return Value::object({});
    const auto refuse = [&](std::string_view key, const std::string& why) {
      fields.error(fields.get(key)->at, "table_file", key, why);
      return Value::object({});
    };
    const auto text = read_file(path_beside(report_.source().name(), *name), kMostBytes);
    if (!text) return refuse("csv", "`" + *name + "` cannot be read; it is looked for beside this file");
    if (text->size() > kMostBytes) return refuse("csv", "`" + *name + "` is larger than 8 MiB");
    const auto rows = parse_csv(*text);
    if (!rows) return refuse("csv", "`" + *name + "`, " + rows.error().message);
    if (rows->empty()) return refuse("csv", "`" + *name + "` is empty: expected a line of column names");
    if (rows->size() > kMostRows + 1) return refuse("csv", "`" + *name + "` has more than 100000 rows");
    return rows_of(*rows, *name, *column, refuse);
  }

  template <class Refuse>
  Value rows_of(const std::vector<CsvRow>& rows, const std::string& name, const std::string& column,
                const Refuse& refuse) {
    const std::vector<std::string>& names = rows.front().cells;
    const auto key = std::find(names.begin(), names.end(), column);
    if (key == names.end()) {
      return refuse("key", "`" + name + "` has no column `" + column + "`" + suggestion(column, names));
    }
    for (auto each = names.begin(); each != names.end(); ++each) {
      if (std::find(names.begin(), each, *each) != each)
        return refuse("csv", "`" + name + "` has two columns `" + *each + "`");
    }
    const auto place = [&](const CsvRow& row) { return "`" + name + "`, line " + std::to_string(row.line); };
    std::map<std::string_view, int> seen;
    Member* members = arena_.array<Member>(rows.size() - 1);
    std::size_t count = 0;
    for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
      if (row->cells.size() != names.size()) {
        return refuse("csv", place(*row) + ": " + std::to_string(row->cells.size()) + " of " +
                                 std::to_string(names.size()) + " cells");
      }
      const std::string& wanted = row->cells[static_cast<std::size_t>(key - names.begin())];
      const auto [first, fresh] = seen.emplace(wanted, row->line);
      if (!fresh) {
        return refuse("csv", place(*row) + ": a key that line " + std::to_string(first->second) + " has too");
      }
      Member* cells = arena_.array<Member>(names.size());
      for (std::size_t i = 0; i < names.size(); ++i) {
        new (cells + i) Member{arena_.copy(names[i]), Value::string(arena_.copy(row->cells[i]))};
      }
      new (members + count++) Member{arena_.copy(wanted), Value::object({cells, names.size()})};
    }
    return Value::object({members, count});
  }

  Arena& arena_;
  Report& report_;
};

}  // namespace

Document read_tables(const Node* section, Report& report) {
  Document tables;
  tables.root = Value::object({});
  if (section == nullptr) return tables;
  if (!section->is_map()) {
    report.error(section->at, "wrong_type", "tables: expected a map of tables, found " + found_in(*section));
    return tables;
  }
  tables.root = TablesReader(tables.arena, report).all(*section);
  return tables;
}

}  // namespace tenon::config
