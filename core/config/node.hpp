// Node: a YAML value with its place, before anything is known of its meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"

namespace tenon::config {

struct NodeMember;

/// A tree at most kMostDepth high. Scalars keep their text; what type a plain one has is scalar.hpp's matter.
struct Node {
  enum class Kind : std::uint8_t { text, empty, map, list };  ///< empty: a key with nothing behind it
  enum class Style : std::uint8_t { plain, single_quoted, double_quoted, block };

  Kind kind = Kind::empty;
  Style style = Style::plain;
  Span at;                             ///< in the source; of a map or list: where it begins
  std::string text;                    ///< of a scalar, escapes resolved
  std::vector<std::uint32_t> offsets;  ///< source offset of each byte of `text` and of its end; may be empty
  std::vector<NodeMember> members;     ///< of a map, in the order written; names are distinct
  std::vector<Node> items;             ///< of a list

  bool is_text() const { return kind == Kind::text; }
  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_empty() const { return kind == Kind::empty; }
  bool is_quoted() const { return style != Style::plain; }

  /// The value of that key, or nullptr.
  const Node* find(std::string_view name) const;
  /// Where a stretch of `text` stands in the source; the whole scalar if that is not known.
  Span span(std::size_t from, std::size_t length) const;

  static constexpr int kMostDepth = 64;
};

struct NodeMember {
  Node key;
  Node value;
};

}  // namespace tenon::config
