// The language's functions as a table; each is a plain function over the evaluator.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/value.hpp"
#include "mapping/jsonata/signature.hpp"

namespace tenon::mapping::jsonata {

class Evaluator;
struct Frame;

/// One call of a builtin. Arguments are checked against the signature and padded with missing ones.
struct Call {
  Evaluator& evaluator;
  std::span<const Value> arguments;
  Value input;   ///< the context ($) at the call
  Frame* frame;  ///< the variables there

  Value operator[](std::size_t index) const { return index < arguments.size() ? arguments[index] : Value(); }
};

struct Builtin {
  std::string_view name;
  std::string_view types;  ///< its signature; empty: none
  Value (*run)(const Call& call);
  std::uint8_t arity;  ///< how many arguments it gets from $map and the like; the reference's
};

/// nullptr if there is none of that name (without `$`).
const Builtin* find_builtin(std::string_view name);
/// The parsed `types`; nullptr if it has none.
const Signature* signature_of(const Builtin& builtin);

std::span<const Builtin> string_functions();
std::span<const Builtin> text_functions();
std::span<const Builtin> number_functions();
std::span<const Builtin> array_functions();
std::span<const Builtin> object_functions();
std::span<const Builtin> higher_functions();
std::span<const Builtin> picture_functions();
std::span<const Builtin> time_functions();
std::span<const Builtin> decimal_functions();
/// $time.
std::span<const Builtin> moment_functions();
/// tenon's own: $present, $need, $prefix.
std::span<const Builtin> tenon_functions();

}  // namespace tenon::mapping::jsonata
