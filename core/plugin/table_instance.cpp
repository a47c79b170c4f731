#include "plugin/table_instance.hpp"

#include <algorithm>

namespace tenon::plugin {
namespace {

tenon_str lend(const std::string& text) { return {text.data(), text.size()}; }

}  // namespace

Result<std::unique_ptr<Instance>> TableInstance::make(std::shared_ptr<const GuestSetup> setup) {
  TENON_TRY(auto guest, Guest::make(setup));
  return std::unique_ptr<Instance>(new TableInstance(std::move(setup), std::move(guest)));
}

TableInstance::TableInstance(std::shared_ptr<const GuestSetup> setup, std::shared_ptr<Guest> guest)
    : setup_(std::move(setup)), guest_(std::move(guest)) {}

TableInstance::~TableInstance() {
  if (guest_) guest_->close();
  for (const auto& old : stuck_) old->close();
}

Result<Guest*> TableInstance::guest() {
  if (guest_ && guest_->stuck()) stuck_.push_back(std::move(guest_));
  std::erase_if(stuck_, [](const std::shared_ptr<Guest>& old) {
    if (old->open_calls() > 0) return false;
    old->close();
    return true;
  });
  if (!guest_) {
    TENON_TRY(guest_, Guest::make(setup_));
  }
  return guest_.get();
}

std::string TableInstance::unknown(CallKind kind, const std::string& name) const {
  const ConnectorManifest& m = setup_->manifest;
  if (kind == CallKind::fetch) return m.fetch(name) ? "" : "no fetch called " + name;
  if (kind == CallKind::list) return m.list(name) ? "" : "no list called " + name;
  const Operation* const operation = m.operation(name);
  const auto shape = kind == CallKind::deliver ? Operation::Shape::call : Operation::Shape::upsert;
  if (!operation) return "no operation called " + name;
  return operation->shape == shape ? "" : "operation " + name + " is of another shape";
}

CallId TableInstance::fail(Cause cause, CallResult::Verdict verdict, std::string message,
                           CallDone done) const {
  CallResult result;
  result.verdict = verdict;
  result.cause = cause;
  result.message = std::move(message);
  setup_->host.executor->post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
  return Guest::next_id();
}

template <class Enter>
CallId TableInstance::begin(CallKind kind, const std::string& name, CallOptions options, CallDone done,
                            Enter enter) {
  // The manifest was held against the functions when the library was loaded: what it names has one.
  if (std::string wrong = unknown(kind, name); !wrong.empty())
    return fail(Cause::invalid, CallResult::Verdict::rejected,
                "connector " + setup_->manifest.name + " has " + wrong, std::move(done));
  auto made = guest();
  if (!made) return fail(Cause::plugin, CallResult::Verdict::retry, made.error().text(), std::move(done));
  Guest& live = **made;
  return live.begin(kind, options, std::move(done), [&](tenon_call call) { enter(live.instance(), call); });
}

Result<std::vector<Event>> TableInstance::accept(std::string_view body, const runtime::Headers& headers,
                                                 std::int64_t now_ms, Value json) {
  if (!setup_->table.source || !setup_->table.source->accept)
    return Error("malformed_event", "connector " + setup_->manifest.name + " takes no webhooks");
  TENON_TRY(Guest * live, guest());
  return live->accept(body, headers, now_ms, json);
}

CallId TableInstance::fetch(std::string name, std::string arguments, CallOptions options, CallDone done) {
  return begin(CallKind::fetch, name, options, std::move(done), [&](void* instance, tenon_call call) {
    setup_->table.source->fetch(instance, call, lend(name), lend(arguments));
  });
}

CallId TableInstance::list(std::string name, std::string query, std::string cursor, CallOptions options,
                           CallDone done) {
  return begin(CallKind::list, name, options, std::move(done), [&](void* instance, tenon_call call) {
    setup_->table.source->list(instance, call, lend(name), lend(query), lend(cursor));
  });
}

CallId TableInstance::find(std::string operation, std::string record, CallOptions options, CallDone done) {
  return begin(CallKind::find, operation, options, std::move(done), [&](void* instance, tenon_call call) {
    setup_->table.sink->find(instance, call, lend(operation), lend(record));
  });
}

CallId TableInstance::create(std::string operation, std::string record, std::string create_id,
                             CallOptions options, CallDone done) {
  return begin(CallKind::create, operation, options, std::move(done), [&](void* instance, tenon_call call) {
    setup_->table.sink->create(instance, call, lend(operation), lend(record), lend(create_id));
  });
}

CallId TableInstance::update(std::string operation, std::string id, std::string record,
                             std::optional<Match> match, CallOptions options, CallDone done) {
  return begin(CallKind::update, operation, options, std::move(done), [&](void* instance, tenon_call call) {
    if (!match)
      return setup_->table.sink->update(instance, call, lend(operation), lend(id), lend(record), nullptr);
    tenon_match lent{};
    lent.size = sizeof lent;
    lent.id = lend(match->id);
    lent.version = lend(match->version);
    lent.text = lend(match->text);
    setup_->table.sink->update(instance, call, lend(operation), lend(id), lend(record), &lent);
  });
}

CallId TableInstance::deliver(std::string operation, std::string record, std::string call_id,
                              CallOptions options, CallDone done) {
  return begin(CallKind::deliver, operation, options, std::move(done), [&](void* instance, tenon_call call) {
    setup_->table.sink->deliver(instance, call, lend(operation), lend(record), lend(call_id));
  });
}

void TableInstance::cancel(CallId call) {
  if (guest_ && guest_->has(call)) guest_->cancel(call);
  for (const auto& old : stuck_)
    if (old->has(call)) old->cancel(call);
}

std::size_t TableInstance::open_calls() const {
  std::size_t open = guest_ ? guest_->open_calls() : 0;
  for (const auto& old : stuck_) open += old->open_calls();
  return open;
}

}  // namespace tenon::plugin
