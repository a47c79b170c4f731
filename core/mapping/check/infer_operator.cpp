// Operators: what they give, what they refuse, and what they do that nobody means.
#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "mapping/check/inferrer.hpp"

namespace tenon::mapping::check {

using jsonata::NodeType;
using jsonata::Op;

namespace {

Type boolean(std::optional<bool> constant = std::nullopt) {
  Type made = of_kinds(kBoolean);
  if (constant) made.values = {*constant ? "true" : "false"};
  return made;
}

std::string exact(Op op) {
  switch (op) {
    case Op::add:
      return "$decAdd";
    case Op::subtract:
      return "$decSub";
    case Op::multiply:
      return "$decMul";
    case Op::divide:
      return "$decDiv";
    default:
      return "$decRound";
  }
}

bool is_date(const Type& type) { return type.may_be(kString) && type.format.starts_with("date"); }

bool disjoint(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::none_of(a.begin(), a.end(), [&](const std::string& value) {
    return std::find(b.begin(), b.end(), value) != b.end();
  });
}

constexpr Kinds kScalars = kBoolean | kNumber | kString;

}  // namespace

Type Inferrer::binary(const Node* node, const Context& context, const FramePtr& frame) {
  const Type left = infer(node->lhs, context, frame);
  if (node->op == Op::logical_and || node->op == Op::logical_or) return logical(node, left, context, frame);
  const Type right = infer(node->rhs, context, frame);
  switch (node->op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return arithmetic(node, left, right);
    case Op::equal:
    case Op::not_equal:
      return equality(node, left, right);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return order(node, left, right);
    case Op::concat:
      return concat(node, left, right);
    case Op::in:
      return contains(node, left, right);
    case Op::range: {
      Type item = of_kinds(kNumber);
      item.integer = true;
      return or_missing(of_items(std::move(item)), "an empty range");
    }
    default:
      return {};
  }
}

Type Inferrer::logical(const Node* node, const Type& left, const Context& context, const FramePtr& frame) {
  const auto before = guarded_;
  guard(node->lhs, context);
  const Type right = infer(node->rhs, context, frame);
  guarded_ = before;
  const auto constant = [](const Type& type) -> std::optional<bool> {
    const auto value = type.only(kBoolean) ? type.constant() : std::nullopt;
    return value ? std::optional(*value == "true") : std::nullopt;
  };
  const auto a = constant(left);
  const auto b = constant(right);
  const bool decides = node->op == Op::logical_or;
  if ((a && *a == decides) || (b && *b == decides)) return boolean(decides);
  if (a && b) return boolean(!decides);
  const Node* dead = a ? node->lhs : b ? node->rhs : nullptr;
  if (dead != nullptr) {
    report(false, "constant_condition",
           std::string("this is always ") + (decides ? "false" : "true") + " and decides nothing", dead);
  }
  return boolean();
}

Type Inferrer::arithmetic(const Node* node, const Type& left, const Type& right) {
  const std::string symbol(node->text);
  for (const auto& [side, operand] : {std::pair(&left, node->lhs), std::pair(&right, node->rhs)}) {
    if (!side->known()) continue;
    const bool number = side->may_be(kNumber);
    if (side->money) {
      report(!number && !side->may_be(kMissing), "money_float",
             number ? "`" + symbol + "` makes an amount of money a binary fraction: use " + exact(node->op) +
                          ", which is exact"
                    : "`" + symbol + "` takes numbers, and this amount of money is text: use " +
                          exact(node->op) + ", which is exact",
             operand);
    } else if (!number && (side->kinds & ~kMissing) != 0) {
      report(true, "wrong_operand",
             "`" + symbol + "` takes numbers, found " + describe(side->kinds & ~kMissing), operand);
    }
  }
  Type made = of_kinds(kNumber);
  made.integer = left.integer && right.integer && node->op != Op::divide;
  for (const Type* side : {&left, &right}) {
    if (!side->known()) return or_missing(std::move(made), "this");
    if (side->may_be(kMissing)) made = or_missing(std::move(made), side->maybe);
  }
  return made;
}

void Inferrer::unknown_value(const Node* node, const Type& known, const Type& asked) {
  std::vector<std::string> words;
  for (const std::string& value : known.values) {
    words.push_back(value.starts_with('"') ? value.substr(1, value.size() - 2) : value);
  }
  const std::string& found = asked.values.front();
  const std::string word = found.starts_with('"') ? found.substr(1, found.size() - 2) : found;
  const auto near = nearest(word, words);
  std::string hint = near ? "; did you mean `" + *near + "`?" : "";
  if (hint.empty()) {
    hint = "; it is one of";
    constexpr std::size_t kMost = 12;
    for (std::size_t i = 0; i < words.size() && i < kMost; ++i) hint += (i > 0 ? ", " : " ") + words[i];
    if (words.size() > kMost) hint += ", …";
  }
  report(false, "unknown_value", "the other side is never " + found + hint, node);
}

Type Inferrer::equality(const Node* node, const Type& left, const Type& right) {
  const bool equal = node->op == Op::equal;
  if (!left.known() || !right.known()) return boolean();
  const Kinds a = left.kinds & ~kMissing;
  const Kinds b = right.kinds & ~kMissing;
  if (a == 0 || b == 0) return boolean();
  if ((a & b) == 0) {
    const bool text = (a == kNumber && b == kString) || (a == kString && b == kNumber);
    report(false, "never_equal",
           "this compares " + describe(a) + " with " + describe(b) + ", which are never equal" +
               (text ? ": use $string or $number on one side" : ""),
           node);
    return left.may_be(kMissing) || right.may_be(kMissing) ? boolean() : boolean(!equal);
  }
  if (left.only(kScalars | kMissing | kNull) && right.only(kScalars | kMissing | kNull) &&
      !left.values.empty() && !right.values.empty() && disjoint(left.values, right.values)) {
    const bool may_both_be_null = left.may_be(kNull) && right.may_be(kNull);
    const bool literal_left = node->lhs->type == NodeType::literal;
    if (literal_left != (node->rhs->type == NodeType::literal)) {
      unknown_value(literal_left ? node->lhs : node->rhs, literal_left ? right : left,
                    literal_left ? left : right);
    }
    const bool missing = left.may_be(kMissing) || right.may_be(kMissing);
    if (!may_both_be_null && (equal || !missing)) return boolean(!equal);
    return boolean();
  }
  const auto x = left.constant();
  const auto y = right.constant();
  return x && y && *x == *y ? boolean(equal) : boolean();
}

Type Inferrer::order(const Node* node, const Type& left, const Type& right) {
  const std::string symbol(node->text);
  constexpr Kinds kOrdered = kNumber | kString;
  bool refused = false;
  for (const auto& [side, operand] : {std::pair(&left, node->lhs), std::pair(&right, node->rhs)}) {
    if (!side->known() || (side->kinds & ~kMissing) == 0 || side->may_be(kOrdered)) continue;
    refused = true;
    report(true, "wrong_operand",
           "`" + symbol + "` takes two numbers or two strings, found " + describe(side->kinds & ~kMissing),
           operand);
  }
  if (left.known() && right.known() && !refused) {
    const Kinds a = left.kinds & kOrdered;
    const Kinds b = right.kinds & kOrdered;
    const bool money = left.money || right.money;
    const bool text = (left.money && left.may_be(kString)) || (right.money && right.may_be(kString));
    if (money) {
      report(false, "money_float",
             text ? "`" + symbol +
                        "` compares this amount of money as text, where \"9.00\" is above \"10.00\": use "
                        "$decCompare(a, b) " +
                        symbol + " 0"
                  : "`" + symbol +
                        "` compares an amount of money as a binary fraction: use $decCompare(a, b) " +
                        symbol + " 0",
             left.money ? node->lhs : node->rhs);
    } else if (a != 0 && b != 0 && (a & b) == 0) {
      report(true, "wrong_operand",
             "`" + symbol + "` takes two numbers or two strings, found " + describe(a) + " and " +
                 describe(b) + ": use $number or $string on one side",
             node);
    } else if (is_date(left) || is_date(right)) {
      const bool mail_form = left.format == "date-rfc2822" || right.format == "date-rfc2822";
      report(
          false, "date_text",
          "`" + symbol + "` compares dates as text, letter by letter: use " +
              (mail_form ? "$toMillis($time( )) on both sides, as a date like \"Tue, 05 Mar 2019\" is read "
                           "by $time only"
                         : "$toMillis on both sides"),
          is_date(left) ? node->lhs : node->rhs);
    }
  }
  Type made = boolean();
  for (const Type* side : {&left, &right}) {
    if (side->may_be(kMissing)) made = or_missing(std::move(made), side->maybe);
  }
  return left.known() && right.known() ? made : Type();
}

Type Inferrer::concat(const Node* node, const Type& left, const Type& right) {
  for (const auto& [side, operand] : {std::pair(&left, node->lhs), std::pair(&right, node->rhs)}) {
    if (side->only(kObject | kMissing)) {
      report(false, "object_in_text", "an object becomes its JSON text here: name one of its fields",
             operand);
    }
    if (!side->may_be(kMissing | kNull)) continue;
    const auto [from, to] = extent(operand);
    const std::string what = side->maybe.empty() ? "this part" : side->maybe;
    out_.blanks.push_back({false, "identity_part",
                           what + " may be missing, and `&` would put nothing in its place: two records "
                                  "without it would be one; use $need, or `${{ }}` inside text",
                           from, to - from});
  }
  return appended(as_text(left), as_text(right));
}

Type Inferrer::contains(const Node* node, const Type& left, const Type& right) {
  const Type inside = elements(right);
  if (!left.known() || !inside.known()) return boolean();
  const Kinds a = left.kinds & ~kMissing;
  const Kinds b = inside.kinds & ~kMissing;
  if (a != 0 && b != 0 && (a & b) == 0) {
    const bool text = (a | b) == (kNumber | kString);
    report(false, "never_equal",
           "this looks for " + describe(a) + " among elements that are each " + describe(b) +
               ": it is never there" + (text ? "; use $string or $number" : ""),
           node);
    return boolean(false);
  }
  if (left.values.empty() || !left.only(kScalars | kMissing)) return boolean();
  // Each literal of a written list must be one that can be.
  const Node* list = node->rhs;
  if (list->type == NodeType::array) {
    for (const Node* item : list->items) {
      if (item->type != NodeType::literal) continue;
      const Type literal = of_value(item->value, true);
      if (!literal.values.empty() && disjoint(left.values, literal.values))
        unknown_value(item, left, literal);
    }
  }
  const bool never = !inside.values.empty() && inside.only(kScalars) && disjoint(left.values, inside.values);
  return never ? boolean(false) : boolean();
}

}  // namespace tenon::mapping::check
