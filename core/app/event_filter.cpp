#include "app/event_filter.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "app/value_view.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "event/iso_time.hpp"

namespace tenon::app {
namespace {

/// What stands at the top.
const std::vector<std::string> kRoots = {"event", "state", "reason", "attempts", "pipeline", "seq"};

// A list looks at many events: one expression may not take long over each of them.
constexpr std::size_t kSteps = 20'000;

Error wrong(const std::string& expression, const std::string& why, std::size_t offset, std::size_t length) {
  return Error("bad_argument", "--where: " + why + "\n" + with_caret(expression, offset, length));
}

Value moment_of(Value ms, Arena& arena) {
  return ms.is_number() ? Value::string(arena.copy(iso_time(static_cast<std::int64_t>(ms.as_double()))))
                        : Value();
}

/// The event as the pipeline's expressions see it.
Value event_of(Value row, Arena& arena) {
  const std::array<Member, 10> all = {{{"id", row.get("id")},
                                       {"type", row.get("type")},
                                       {"key", row.get("key")},
                                       {"keys", row.get("keys")},
                                       {"version", row.get("version")},
                                       {"time", moment_of(row.get("time_ms"), arena)},
                                       {"received_at", moment_of(row.get("received_ms"), arena)},
                                       {"class", row.get("class")},
                                       {"data", row.get("data")},
                                       {"connection", row.get("connection")}}};
  Member* members = arena.array<Member>(all.size());
  std::size_t count = 0;
  for (const Member& member : all) {
    if (!member.value.is_missing()) new (members + count++) Member(member);
  }
  return Value::object({members, count});
}

}  // namespace

Result<EventFilter> EventFilter::parse(const std::string& expression) {
  mapping::ParseOptions options;
  options.variables = kRoots;
  auto parsed = mapping::Expression::parse(expression, options);
  if (!parsed) {
    const mapping::ParseError& error = parsed.error();
    std::string why = error.message;
    if (!error.did_you_mean.empty() && why.find(error.did_you_mean) == std::string::npos)
      why += "; did you mean `" + error.did_you_mean + "`?";
    return wrong(expression, why, error.offset, error.length);
  }
  for (const mapping::RootUse& use : parsed->uses()) {
    const std::string& root = use.path.front();
    if (std::find(kRoots.begin(), kRoots.end(), root) != kRoots.end()) continue;
    std::string why = "there is no `" + root + "` at the top";
    if (const auto near = nearest(root, kRoots)) {
      why += "; did you mean `" + *near + "`?";
    } else {
      why += ", but event, state, reason, attempts, pipeline and seq";
    }
    return wrong(expression, why, use.offset, root.size());
  }
  return EventFilter(std::move(*parsed));
}

Result<bool> EventFilter::test(Value row) {
  Arena arena;
  const std::array<Value, 6> values = {event_of(row, arena), row.get("state"),    row.get("reason"),
                                       row.get("attempts"),  row.get("pipeline"), row.get("seq")};
  std::array<Member, 6> members;
  mapping::Scope scope;
  std::size_t count = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    scope.bind(kRoots[i], values[i]);
    if (!values[i].is_missing()) members[count++] = {kRoots[i], values[i]};
  }
  const Value received = row.get("received_ms");
  mapping::Evaluation evaluation{
      arena, received.is_number() ? static_cast<std::int64_t>(received.as_double()) : 0, 1};
  evaluation.limits.steps = kSteps;
  const auto value = expression_.evaluate(Value::object({members.data(), count}), scope, evaluation);
  const std::string text(expression_.text());
  if (!value) {
    if (failed_++ == 0)
      first_failure_ =
          value.error().message + "\n" + with_caret(text, value.error().offset, value.error().length);
    return false;
  }
  if (value->is_missing() || value->is_null()) return false;
  if (value->is_boolean()) return value->as_boolean();
  return wrong(text, "it gives " + type_text(*value) + ", not true or false", 0, text.size());
}

}  // namespace tenon::app
