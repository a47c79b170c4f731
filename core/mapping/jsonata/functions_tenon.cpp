// tenon's own functions.
#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

bool is_blank(Value value) {
  return value.is_string() && value.as_string().find_first_not_of(" \t\n\r") == std::string_view::npos;
}

/// The first that is not missing, null or blank.
Value present(const Call& call) {
  for (const Value value : call.arguments) {
    if (!value.is_missing() && !value.is_null() && !is_blank(value)) return value;
  }
  return {};
}

/// The value, or a rejection that says why. Missing, null and blank are nothing, as in $present.
Value need(const Call& call) {
  if (!call[0].is_missing() && !call[0].is_null() && !is_blank(call[0])) return call[0];
  const std::string why =
      call[1].is_string() ? std::string(call[1].as_string()) : "a needed value is missing";
  call.evaluator.fail("need", why);
}

/// Another prefix in place of one; a text without it is a rejection.
Value prefix(const Call& call) {
  if (call[0].is_missing() || call[0].is_null()) return {};
  if (!call[0].is_string() || !call[1].is_string() || !call[2].is_string()) {
    call.evaluator.fail("T0410", "$prefix takes three strings: a text, the prefix it has, the one it gets");
  }
  const std::string_view text = call[0].as_string();
  if (!text.starts_with(call[1].as_string())) {
    call.evaluator.fail("prefix", "a text without the prefix `" + std::string(call[1].as_string()) + "`");
  }
  std::string out(call[2].as_string());
  out += text.substr(call[1].size());
  return call.evaluator.string(out);
}

constexpr Builtin kFunctions[] = {
    {"present", "", present, 1},
    {"need", "<xs?:x>", need, 2},
    {"prefix", "<xxx:s>", prefix, 3},
};

}  // namespace

std::span<const Builtin> tenon_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
