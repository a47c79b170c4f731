// Nodes under `mapping:`, `fetch:` and `when:` to compiled templates.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "config/names.hpp"
#include "config/pipeline.hpp"
#include "mapping/template.hpp"

namespace tenon::config {

/// Builds and checks; everything wrong goes to the report, and what was refused renders as missing.
class TemplateReader {
 public:
  TemplateReader(Report& report, const Names& names) : report_(report), names_(names) {}

  mapping::Template read(const Node& node, const Scope& scope, const std::string& path);
  /// One whole expression and nothing beside it; `example` is one that fits.
  std::optional<Formula> read_formula(const Node& node, const Scope& scope, const std::string& path,
                                      const std::string& example);
  /// One that gives true or false.
  std::optional<When> read_when(const Node& node, const Scope& scope, const std::string& path);

  /// What the scalars give that were read since the last forget().
  const TextTypes& types() const { return types_; }
  /// Of a tree that was read; nothing is known but of one scalar.
  mapping::check::Type type_of(const Node& node) const;
  /// Their nodes may go away.
  void forget() { types_.clear(); }
  /// Roots and variables that anything read so far names.
  const std::set<std::string>& reads() const { return reads_; }

 private:
  mapping::Template text(const Node& node, const Scope& scope, const std::string& path);
  mapping::Template map(const Node& node, const Scope& scope, const std::string& path);
  mapping::Template each(const Node& node, const Scope& scope, const std::string& path);
  std::string about_variable(std::string_view name, const Scope& scope) const;
  void check_condition(const Node& node, const std::string& path);
  void refuse(const mapping::ParseError& error, const Node& node, const Scope& scope,
              const std::string& path);
  mapping::SourcePosition place(const Node& node) const;

  Report& report_;
  const Names& names_;
  TextTypes types_;
  std::set<std::string> reads_;
};

/// True if the node is one whole `${{ }}`, white space around it ignored, or holds one as part of its text.
bool is_whole_expression(const Node& node);
bool holds_expression(const Node& node);

/// The node's meaning as one line of text: layout and comments do not change it. For digests.
void append_canonical(std::string& out, const Node& node);

}  // namespace tenon::config
