// Names: what the expressions of a pipeline can know of the world, for checks before anything runs.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/connections.hpp"
#include "mapping/check/infer.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::config {

/// What is known of a `let`.
struct LetNames {
  std::set<std::string> fetches;  ///< that it reads, by itself or through others
  std::set<std::string> lets;     ///< likewise
  std::size_t depth = 1;          ///< of lets built on lets
  std::string canonical;          ///< its meaning as text, for digests
  mapping::check::Type type;      ///< of what it gives
};

/// Filled while the file is read, in the order of the places that see it.
struct Names {
  const Connections* connections = nullptr;
  const Connection* trigger = nullptr;           ///< null if the file names none that is known
  std::vector<std::string> events;               ///< types that it triggers on; empty: not known
  std::map<std::string, const Schema*> answers;  ///< of fetches by root (of a list: of one item); null:
                                                 ///< not known
  std::set<std::string> lists;                   ///< fetches that read a list
  std::map<std::string, LetNames> lets;          ///< those read so far
  std::vector<std::string> later_lets;           ///< names of those that are not
  std::vector<std::string> actions;              ///< all names under `actions:`
  Value vars;                                    ///< an object; strings that came from ${} included
  Value tables;                                  ///< an object of objects
};

/// What one place sees beside `$vars`, `$connection` and `$connections`.
struct Scope {
  std::vector<std::string> roots;    ///< `event`, fetches; also as variables
  std::vector<std::string> results;  ///< actions whose `$results` are there
  bool action = false;               ///< inside an action
  bool item = false;                 ///< inside `$item:`
  mapping::check::Type item_type;    ///< of `$item`
  bool answer = false;               ///< of `classify`: `$response` and `$request` are there
  bool unknown = false;              ///< what there is cannot be told: no name is refused

  /// True if the let reads nothing that is not there yet.
  bool has(const LetNames& let) const;
  /// The first fetch that the let reads and that is not there; empty if there is none.
  std::string lacks(const LetNames& let) const;
  mapping::ParseOptions options(const Names& names) const;
};

/// The types of all that a place sees.
mapping::check::World world_of(const Scope& scope, const Names& names);

/// What was told of one scalar with expressions in it.
struct TextType {
  mapping::check::Type type;                    ///< of the whole scalar
  std::vector<mapping::check::Finding> blanks;  ///< parts that `&` may leave blank; offsets in the scalar
  std::set<std::string> reads;                  ///< roots and variables that it names
};
/// By scalar of the file; for those that were read and are alive.
using TextTypes = std::map<const Node*, TextType>;

/// Infers what a scalar gives and reports what is wrong with its expressions. `whole`: it is one expression
/// and keeps its type; else it is text, and missing if one of its parts is.
TextType check_text(const Node& node, bool whole, const Scope& scope, const Names& names,
                    const std::string& path, Report& report);

}  // namespace tenon::config
