// Signature: the types a function takes, as `<s-nn?:s>` (docs.jsonata.org, "Function Signatures").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

namespace tenon::mapping::jsonata {

class Signature {
 public:
  enum class Failure : std::uint8_t { none, mismatch, context, elements };
  struct Outcome {
    Failure failure = Failure::none;
    std::size_t index = 0;  ///< of the argument, from 1
    Kind found = Kind::missing;
    char element = 0;  ///< the element type an array should have had
  };

  /// An empty code is success; else the reference's, with the offset in `text`.
  struct Problem {
    std::string_view code;
    std::size_t offset = 0;
  };
  Problem parse(std::string_view text);

  /// The arguments to call with, in `arena`: context in place of what is left out, lone values as arrays.
  Outcome apply(std::span<const Value> arguments, Value context, Arena& arena,
                std::span<const Value>& out) const;

  /// True if apply() would hand on the arguments as they are, but for missing ones behind the last.
  bool takes_as_is(std::span<const Value> arguments) const {
    if (arguments.size() < least_ || arguments.size() > parameters_.size()) return false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const Parameter& parameter = parameters_[i];
      const auto kind = static_cast<unsigned>(arguments[i].kind());
      if ((parameter.as_is >> kind & 1U) == 0) return false;
    }
    return true;
  }

  /// What apply() makes of them, if each stands for its own parameter and is fit for it; false if that takes
  /// a closer look.
  bool apply_one_by_one(std::span<const Value> arguments, Arena& arena, std::span<const Value>& out) const;

  std::size_t parameters() const { return parameters_.size(); }
  /// True if apply() looks at the elements of arrays.
  bool looks_inside() const;

 private:
  enum class Count : std::uint8_t { one, optional, many };
  struct Parameter {
    std::uint16_t accepts = 0;  ///< a bit for each symbol
    std::uint16_t kinds = 0;    ///< the same with a bit for each Kind
    std::uint16_t as_is = 0;    ///< ... that is handed on unchanged
    char type = 0;
    Count count = Count::one;
    bool context = false;
    std::uint16_t context_accepts = 0;
    char subtype = 0;
  };

  void prepare_shortcut();
  static bool takes(const Parameter& parameter, Value argument) {
    return (parameter.kinds >> static_cast<unsigned>(argument.kind()) & 1U) != 0;
  }
  bool fits_greedily(std::span<const Value> arguments, std::uint32_t* taken) const;
  bool fits(std::span<const Value> arguments, std::uint32_t* taken) const;
  std::size_t first_misfit(std::span<const Value> arguments) const;
  static Value prepare(const Parameter& parameter, Value argument, Arena& arena, Outcome& outcome);

  std::vector<Parameter> parameters_;
  std::size_t least_ = SIZE_MAX;  ///< arguments below which apply() has to fill in
};

/// The letter of a value's type: s n b l a o f, m for missing.
char symbol_of(Value value);

}  // namespace tenon::mapping::jsonata
