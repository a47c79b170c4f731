// $match, $contains, $replace, $split.
#include <cmath>

#include "mapping/jsonata/text_functions.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

/// One match, wherever it comes from; offsets are bytes.
struct Found {
  std::string_view match;
  std::size_t start = 0;
  std::size_t end = 0;
  std::vector<Value> groups;
};

bool search(Evaluator& evaluator, const Regex& regex, std::string_view text, std::size_t from, bool again,
            Found& found) {
  if (again && from >= text.size()) return false;
  // A search may look far beyond the match it finds.
  evaluator.charge(1 + (text.size() - from) / 1024);
  Match match;
  const bool any = regex.search(text, from, match);
  evaluator.charge(((any ? match.end : text.size()) - from) / 16);
  if (!any) return false;
  if (again && match.start == match.end) {
    evaluator.fail("D1004", "regular expression matches zero length string");
  }
  found.start = match.start;
  found.end = match.end;
  found.match = text.substr(match.start, match.end - match.start);
  found.groups.clear();
  for (const std::string_view group : match.groups) {
    found.groups.push_back(group.data() == nullptr ? Value() : Value::string(group));
  }
  return true;
}

std::size_t byte_of_unit(std::string_view text, double unit) {
  std::size_t at = 0;
  for (double units = 0; at < text.size() && units < unit;) {
    units += next_code_point(text, at) >= 0x10000 ? 2 : 1;
  }
  return at;
}

/// The matches of a matcher one after the other.
class Matches {
 public:
  Matches(const Call& call, Value matcher, std::string_view text)
      : call_(call), evaluator_(call.evaluator), text_(text) {
    const Callable& target = callable(matcher);
    if (target.type == Callable::Type::regex) {
      regex_ = target.regex;
    } else {
      next_ = matcher;
    }
  }

  bool next(Found& found) {
    if (regex_ != nullptr) {
      const bool any = search(evaluator_, *regex_, text_, position_, again_, found);
      again_ = true;
      position_ = found.end;
      return any;
    }
    const Value subject = Value::string(text_);
    const Value object = again_ ? evaluator_.apply(next_, {}, Value::null(), call_.frame)
                                : evaluator_.apply(next_, {&subject, 1}, Value::null(), call_.frame);
    again_ = true;
    evaluator_.charge(1);
    if (object.is_missing()) return false;
    return read(object, found);
  }

 private:
  bool read(Value object, Found& found) {
    const Value start = object.get("start");
    const Value end = object.get("end");
    const Value groups = object.get("groups");
    next_ = object.get("next");
    if (!start.is_number() || !end.is_number() || !next_.is_function() || !object.get("match").is_string()) {
      evaluator_.fail("T1010", "the matcher function does not return the correct object structure");
    }
    evaluator_.charge(text_.size() / 16);
    found.start = byte_of_unit(text_, start.as_double());
    found.end = std::max(found.start, byte_of_unit(text_, end.as_double()));
    found.match = object.get("match").as_string();
    found.groups.clear();
    if (groups.is_array()) found.groups.assign(groups.items().begin(), groups.items().end());
    return true;
  }

  const Call& call_;
  Evaluator& evaluator_;
  std::string_view text_;
  const Regex* regex_ = nullptr;
  Value next_;
  std::size_t position_ = 0;
  bool again_ = false;
};

Value list_of(Evaluator& evaluator, const std::vector<Value>& items) {
  Sequence made(evaluator);
  made.push_all(items);
  return made.value(0);
}

Value object_of(Evaluator& evaluator, std::initializer_list<Member> members) {
  Member* to = evaluator.allocate<Member>(members.size());
  std::uninitialized_copy(members.begin(), members.end(), to);
  return Value::object({to, members.size()});
}

Value units(std::string_view text) { return Value::number(static_cast<double>(count_utf16_units(text))); }

/// How many are wanted; fails for a negative number.
double limit_of(const Call& call, std::size_t index, std::string_view code, std::string_view function) {
  const Value limit = call[index];
  if (limit.is_missing()) return INFINITY;
  if (limit.as_double() < 0) {
    call.evaluator.fail(std::string(code),
                        "the limit of $" + std::string(function) + " must not be negative");
  }
  return limit.as_double();
}

Value contains(const Call& call) {
  const Value text = call[0];
  const Value token = call[1];
  if (text.is_missing() || token.is_missing()) return {};
  if (token.is_string()) {
    call.evaluator.charge(text.size() / 64);
    return Value::boolean(text.as_string().find(token.as_string()) != std::string_view::npos);
  }
  Found found;
  return Value::boolean(Matches(call, token, text.as_string()).next(found));
}

Value match(const Call& call) {
  if (call[0].is_missing()) return {};
  Evaluator& evaluator = call.evaluator;
  const std::string_view text = call[0].as_string();
  const double limit = limit_of(call, 2, "D3040", "match");
  Sequence made(evaluator);
  Matches matches(call, call[1], text);
  Found found;
  std::size_t counted = 0;
  double index = 0;
  while (static_cast<double>(made.size()) < limit && matches.next(found)) {
    // Matches come in order, so the text is counted once.
    index += static_cast<double>(count_utf16_units(text.substr(counted, found.start - counted)));
    counted = found.start;
    made.push(object_of(evaluator, {{"match", Value::string(found.match)},
                                    {"index", Value::number(index)},
                                    {"groups", list_of(evaluator, found.groups)}}));
  }
  return made.value();
}

Value split(const Call& call) {
  if (call[0].is_missing()) return {};
  Evaluator& evaluator = call.evaluator;
  const std::string_view text = call[0].as_string();
  const double limit = limit_of(call, 2, "D3020", "split");
  Sequence made(evaluator);
  const auto wanted = [&] { return static_cast<double>(made.size()) < limit; };
  const auto push = [&](std::string_view part) {
    evaluator.charge(1 + part.size() / 64);
    made.push(Value::string(part));
  };
  if (call[1].is_string()) {
    const std::string_view separator = call[1].as_string();
    const auto room = [&] { return static_cast<double>(made.size()) < std::floor(limit); };
    std::size_t from = 0;
    if (separator.empty()) {
      while (from < text.size() && room()) {
        const std::size_t start = from;
        next_code_point(text, from);
        push(text.substr(start, from - start));
      }
      return made.value(0);
    }
    for (;;) {
      if (!room()) return made.value(0);
      const auto at = text.find(separator, from);
      push(text.substr(from, at == std::string_view::npos ? at : at - from));
      if (at == std::string_view::npos) return made.value(0);
      from = at + separator.size();
    }
  }
  if (!call[1].is_function())
    evaluator.fail("T0410", "argument 2 of $split must be a string or a regular expression");
  if (!(limit > 0)) return made.value(0);
  Matches matches(call, call[1], text);
  Found found;
  std::size_t from = 0;
  while (wanted() && matches.next(found)) {
    push(text.substr(std::min(from, found.start), found.start - std::min(from, found.start)));
    from = found.end;
  }
  if (wanted()) push(text.substr(from));
  return made.value(0);
}

/// The replacement text with $0, $1, ... filled in.
void append_replacement(std::string& out, std::string_view replacement, const Found& found) {
  const auto is_digit = [&](std::size_t at) {
    return at < replacement.size() && replacement[at] >= '0' && replacement[at] <= '9';
  };
  const std::size_t groups = found.groups.size();
  std::size_t most_digits = 1;
  for (std::size_t n = groups; n >= 10; n /= 10) ++most_digits;
  for (std::size_t at = 0; at < replacement.size();) {
    if (replacement[at] != '$') {
      out += replacement[at++];
      continue;
    }
    ++at;
    if (at < replacement.size() && replacement[at] == '$') {
      out += '$';
      ++at;
    } else if (at < replacement.size() && replacement[at] == '0') {
      out += found.match;
      ++at;
    } else if (is_digit(at)) {
      std::size_t index = 0;
      std::size_t digits = 0;
      for (; digits < most_digits && is_digit(at + digits); ++digits) {
        const std::size_t more = index * 10 + static_cast<std::size_t>(replacement[at + digits] - '0');
        if (digits > 0 && more > groups) break;
        index = more;
      }
      if (index >= 1 && index <= groups && found.groups[index - 1].is_string()) {
        out += found.groups[index - 1].as_string();
      }
      at += digits;
    } else {
      out += '$';
    }
  }
}

Value replace(const Call& call) {
  if (call[0].is_missing()) return {};
  Evaluator& evaluator = call.evaluator;
  const std::string_view text = call[0].as_string();
  const Value pattern = call[1];
  const Value replacement = call[2];
  if (pattern.is_string() && pattern.size() == 0) {
    evaluator.fail("D3010", "the second argument of $replace must not be an empty string");
  }
  const double limit = limit_of(call, 3, "D3011", "replace");
  if (!(limit > 0)) return call[0];
  if (!pattern.is_string() && !pattern.is_function()) return call[0];
  std::string out;
  std::size_t from = 0;
  double count = 0;
  const auto copy_until = [&](std::size_t end) {
    if (end > from) out.append(text, from, end - from);
    evaluator.charge(1 + out.size() / 4096);
    evaluator.check_string(out.size());
  };
  if (pattern.is_string()) {
    for (; count < limit; ++count) {
      const auto at = text.find(pattern.as_string(), from);
      if (at == std::string_view::npos) break;
      if (!replacement.is_string()) {
        evaluator.fail("D3012", "attempted to replace a matched string with a non-string value");
      }
      copy_until(at);
      out += replacement.as_string();
      from = at + pattern.size();
    }
    copy_until(text.size());
    return evaluator.string(out);
  }
  Matches matches(call, pattern, text);
  Found found;
  for (; count < limit && matches.next(found); ++count) {
    copy_until(found.start);
    if (replacement.is_string()) {
      append_replacement(out, replacement.as_string(), found);
    } else {
      const Value argument = object_of(evaluator, {{"match", Value::string(found.match)},
                                                   {"start", units(text.substr(0, found.start))},
                                                   {"end", units(text.substr(0, found.end))},
                                                   {"groups", list_of(evaluator, found.groups)}});
      evaluator.charge(text.size() / 64);
      const Value made = evaluator.apply(replacement, {&argument, 1}, Value::null(), call.frame);
      if (!made.is_string()) {
        evaluator.fail("D3012", "attempted to replace a matched string with a non-string value");
      }
      out += made.as_string();
    }
    from = std::max(from, found.end);
  }
  if (count == 0) return call[0];
  copy_until(text.size());
  return evaluator.string(out);
}

constexpr Builtin kFunctions[] = {
    {"match", "<s-f<s:o>n?:a<o>>", match, 3},
    {"contains", "<s-(sf):b>", contains, 2},
    {"replace", "<s-(sf)(sf)n?:s>", replace, 4},
    {"split", "<s-(sf)n?:a<s>>", split, 3},
};

}  // namespace

Value match_object(Evaluator& evaluator, const Regex& regex, std::string_view subject, std::size_t from,
                   bool again) {
  Found found;
  if (!search(evaluator, regex, subject, from, again, found)) return {};
  evaluator.charge(subject.size() / 64);
  Callable& next = evaluator.callable_of(Callable::Type::next_match);
  next.regex = &regex;
  next.subject = subject;
  next.position = found.end;
  return object_of(evaluator, {{"match", Value::string(found.match)},
                               {"start", units(subject.substr(0, found.start))},
                               {"end", units(subject.substr(0, found.end))},
                               {"groups", list_of(evaluator, found.groups)},
                               {"next", evaluator.function(next)}});
}

std::span<const Builtin> text_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
