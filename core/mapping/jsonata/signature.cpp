#include "mapping/jsonata/signature.hpp"

#include <algorithm>

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kSymbols = "snblaofm";

std::uint16_t bit_of(char symbol) {
  const auto at = kSymbols.find(symbol);
  return at == std::string_view::npos ? 0 : static_cast<std::uint16_t>(1U << at);
}

std::uint16_t bits_of(std::string_view symbols) {
  std::uint16_t bits = 0;
  for (const char symbol : symbols) {
    if (symbol == 'x') bits |= bits_of("snblaof");
    if (symbol == 'j') bits |= bits_of("snblao");
    bits |= bit_of(symbol);
  }
  return bits;
}

constexpr std::string_view kByKind = "mlbnsaof";

/// The bit of the kind whose letter is `symbol`.
std::uint16_t kind_bit(char symbol) { return static_cast<std::uint16_t>(1U << kByKind.find(symbol)); }

/// The offset of the bracket that closes the one at `open`; the size if none does.
std::size_t closing(std::string_view text, std::size_t open, char opens, char closes) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == opens) ++depth;
    if (text[i] == closes && --depth == 0) return i;
  }
  return text.size();
}

/// Matches parameters to symbols, backwards, so that each pair is looked at once.
class Matcher {
 public:
  Matcher(std::size_t parameters, std::size_t symbols)
      : width_(symbols + 1), fits_((parameters + 1) * width_, false) {}
  bool at(std::size_t parameter, std::size_t symbol) const { return fits_[parameter * width_ + symbol]; }
  void set(std::size_t parameter, std::size_t symbol, bool fits) {
    fits_[parameter * width_ + symbol] = fits;
  }

 private:
  std::size_t width_;
  std::vector<bool> fits_;
};

}  // namespace

char symbol_of(Value value) { return kByKind[static_cast<std::size_t>(value.kind())]; }

Signature::Problem Signature::parse(std::string_view text) {
  for (std::size_t i = 1; i < text.size() && text[i] != ':'; ++i) {
    const char c = text[i];
    Parameter* last = parameters_.empty() ? nullptr : &parameters_.back();
    Parameter made;
    switch (c) {
      case 's':
      case 'n':
      case 'b':
      case 'l':
      case 'o':
        made.accepts = bits_of(std::string{c, 'm'});
        break;
      case 'a':  // anything else is taken as a list of one
      case 'x':
        made.accepts = bits_of("xm");
        break;
      case 'j':
        made.accepts = bits_of("jm");
        break;
      case 'f':
        made.accepts = bits_of("f");
        break;
      case '(': {
        const std::size_t end = closing(text, i, '(', ')');
        const std::string_view choice = text.substr(i + 1, end - i - 1);
        if (choice.find('<') != std::string_view::npos) return {"S0402", i};
        made.accepts = bits_of(choice) | bits_of("m");
        i = end;
        break;
      }
      case '-':
        if (last != nullptr) {
          last->context = true;
          last->context_accepts = last->accepts;
          last->count = Count::optional;
        }
        continue;
      case '?':
        if (last != nullptr) last->count = Count::optional;
        continue;
      case '+':
        if (last != nullptr) last->count = Count::many;
        continue;
      case '<': {
        if (last == nullptr || (last->type != 'a' && last->type != 'f')) return {"S0401", i};
        const std::size_t end = closing(text, i, '<', '>');
        if (end > i + 1) last->subtype = text[i + 1];
        i = end;
        continue;
      }
      default:
        continue;
    }
    made.type = c;
    parameters_.push_back(made);
  }
  prepare_shortcut();
  return {};
}

void Signature::prepare_shortcut() {
  least_ = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& parameter = parameters_[i];
    if (parameter.count == Count::many) least_ = SIZE_MAX;
    if (least_ != SIZE_MAX && (parameter.count == Count::one || parameter.context)) least_ = i + 1;
    for (std::size_t symbol = 0; symbol < kSymbols.size(); ++symbol) {
      if ((parameter.accepts >> symbol & 1U) == 0) continue;
      parameter.kinds |= kind_bit(kSymbols[symbol]);
      const bool is_list = kSymbols[symbol] == 'a';
      if (parameter.type == 'a' && (!is_list || parameter.subtype != 0)) continue;
      parameter.as_is |= kind_bit(kSymbols[symbol]);
    }
  }
}

bool Signature::apply_one_by_one(std::span<const Value> arguments, Arena& arena,
                                 std::span<const Value>& out) const {
  if (arguments.size() < least_ || arguments.size() > parameters_.size()) return false;
  Value* to = arena.array<Value>(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Parameter& parameter = parameters_[i];
    if (!takes(parameter, arguments[i])) return false;
    Outcome outcome;
    new (to + i) Value(prepare(parameter, arguments[i], arena, outcome));
    if (outcome.failure != Failure::none) return false;
  }
  out = {to, arguments.size()};
  return true;
}

bool Signature::looks_inside() const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [](const Parameter& p) { return p.type == 'a' && p.subtype != 0; });
}

/// The common case, without looking ahead.
bool Signature::fits_greedily(std::span<const Value> arguments, std::uint32_t* taken) const {
  std::size_t next = 0;
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    const Parameter& parameter = parameters_[p];
    taken[p] = 0;
    while (next < arguments.size() && takes(parameter, arguments[next])) {
      ++taken[p], ++next;
      if (parameter.count != Count::many) break;
    }
    if (taken[p] == 0 && parameter.count != Count::optional) return false;
  }
  return next == arguments.size();
}

bool Signature::fits(std::span<const Value> arguments, std::uint32_t* taken) const {
  const std::size_t n = parameters_.size();
  Matcher matcher(n, arguments.size());
  matcher.set(n, arguments.size(), true);
  for (std::size_t p = n; p-- > 0;) {
    const Parameter& parameter = parameters_[p];
    for (std::size_t s = arguments.size() + 1; s-- > 0;) {
      const bool one = s < arguments.size() && takes(parameter, arguments[s]);
      bool fits = one && matcher.at(p + 1, s + 1);
      if (parameter.count == Count::optional) fits = fits || matcher.at(p + 1, s);
      if (parameter.count == Count::many) fits = fits || (one && matcher.at(p, s + 1));
      matcher.set(p, s, fits);
    }
  }
  if (!matcher.at(0, 0)) return false;
  std::size_t s = 0;
  for (std::size_t p = 0; p < n; ++p) {
    const Parameter& parameter = parameters_[p];
    const auto one = [&] { return s < arguments.size() && takes(parameter, arguments[s]); };
    taken[p] = 0;
    // A repeated parameter takes as many as it can; each start it moves to must still fit.
    while (parameter.count == Count::many && one() && matcher.at(p, s + 1)) ++taken[p], ++s;
    if (one() && matcher.at(p + 1, s + 1)) ++taken[p], ++s;
  }
  return true;
}

std::size_t Signature::first_misfit(std::span<const Value> arguments) const {
  // Parameter by parameter: the argument behind the longest good start is the one to name.
  std::size_t s = 0;
  for (const Parameter& parameter : parameters_) {
    const auto one = [&] { return s < arguments.size() && takes(parameter, arguments[s]); };
    if (!one()) {
      if (parameter.count == Count::optional) continue;
      return s + 1;
    }
    ++s;
    while (parameter.count == Count::many && one()) ++s;
  }
  return s + 1;
}

/// A list where one is wanted, with the right elements.
Value Signature::prepare(const Parameter& parameter, Value argument, Arena& arena, Outcome& outcome) {
  if (parameter.type != 'a' || argument.is_missing()) return argument;
  if (parameter.subtype != 0) {
    bool good = argument.is_array() || symbol_of(argument) == parameter.subtype;
    if (argument.is_array()) {
      for (const Value item : argument.items()) good = good && symbol_of(item) == parameter.subtype;
    }
    if (!good) outcome = {Failure::elements, 0, argument.kind(), parameter.subtype};
  }
  if (argument.is_array()) return argument;
  Value* one = new (arena.array<Value>(1)) Value(argument);
  return Value::array({one, 1});
}

Signature::Outcome Signature::apply(std::span<const Value> arguments, Value context, Arena& arena,
                                    std::span<const Value>& out) const {
  const std::size_t n = parameters_.size();
  std::uint32_t* taken = arena.array<std::uint32_t>(n);
  if (!fits_greedily(arguments, taken) && !fits(arguments, taken)) {
    const std::size_t index = first_misfit(arguments);
    return {Failure::mismatch, index, index <= arguments.size() ? arguments[index - 1].kind() : Kind::missing,
            0};
  }
  Value* to = arena.array<Value>(arguments.size() + n);
  std::size_t made = 0;
  std::size_t next = 0;
  const auto argument = [&](std::size_t at) { return at < arguments.size() ? arguments[at] : Value(); };
  for (std::size_t p = 0; p < n; ++p) {
    const Parameter& parameter = parameters_[p];
    if (taken[p] == 0) {
      if (parameter.context && (parameter.context_accepts & bit_of(symbol_of(context))) == 0) {
        return {Failure::context, next + 1, context.kind(), 0};
      }
      // The reference hands on what stands there, if it is no context's place.
      new (to + made++) Value(parameter.context ? context : argument(next++));
    }
    for (std::uint32_t i = 0; i < taken[p]; ++i, ++next) {
      Outcome outcome;
      new (to + made++) Value(prepare(parameter, argument(next), arena, outcome));
      outcome.index = next + 1;
      if (outcome.failure != Failure::none) return outcome;
    }
  }
  out = {to, made};
  return {};
}

}  // namespace tenon::mapping::jsonata
