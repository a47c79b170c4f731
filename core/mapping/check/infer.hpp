// infer: what an expression gives, and what is wrong with it, told from types alone. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mapping/check/type.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping::check {

/// What an expression can see.
struct World {
  std::vector<std::pair<std::string, Type>> roots;     ///< `event`, fetches: names, and variables too
  std::map<std::string, Type, std::less<>> variables;  ///< without `$`
  std::map<std::string, std::string, std::less<>>
      absent;             ///< roots that exist elsewhere, and why they are not here
  bool anything = false;  ///< there may be other roots: no unknown name is reported
};

/// One report. `offset` and `length` are bytes in the text that the expression was parsed from. Errors make
/// every evaluation fail or the value never be there; all else is a warning. Codes are in docs/check.md.
struct Finding {
  bool error = false;
  std::string code;
  std::string message;
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct Inferred {
  Type type;
  std::vector<Finding> findings;  ///< each once, in the order found
  std::vector<Finding> blanks;    ///< parts of `&` that may be missing: wrong in an identity only
  std::set<std::string> reads;    ///< roots and outside variables that it names
};

/// Never throws, and is linear in the expression but for functions that the expression itself defines, which
/// a budget bounds: past it everything is unknown, and so silent.
/// A text that is no expression gives nothing: parse errors are told by Expression.
Inferred infer(std::string_view text, const ParseOptions& options, const World& world);
/// The same of an expression inside a text, from just behind `${{`; `end` becomes the offset just behind its
/// `}}`, or of the text's end.
Inferred infer_embedded(std::string_view text, std::size_t from, const ParseOptions& options,
                        const World& world, std::size_t& end);

}  // namespace tenon::mapping::check
