#include "rig.hpp"

#include <unistd.h>

namespace tenon::journal::test {

TempFolder::TempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tenon-journal-XXXXXX").string();
  if (!::mkdtemp(name.data())) std::abort();
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Event event(const std::string& id, const std::string& key, const std::string& data) {
  Event out;
  out.id = id;
  out.connection = "store";
  out.type = "store/customer/updated";
  out.key = key;
  out.keys = {{"customer", "1"}};
  out.data = data;
  out.received_ms = 1'700'000'000'000;
  return out;
}

NewEvent new_event(const std::string& id, const std::string& pipeline, const std::string& key,
                   const std::string& data) {
  return {event(id, key, data), pipeline};
}

Append append_of(std::vector<NewEvent> events) {
  Append out;
  out.events = std::move(events);
  return out;
}

Append append_of(NewEvent one) {
  Append out;
  out.events.push_back(std::move(one));
  return out;
}

Append signed_append(const std::string& delivery_id, const std::string& body, const std::string& id) {
  Append out = append_of(new_event(id));
  out.dedupe = dedupe(delivery_id, body);
  return out;
}

DedupeKey dedupe(const std::string& delivery_id, const std::string& body, const std::string& connection) {
  return {connection, delivery_id, sha256(body)};
}

AttemptRecord attempt(std::uint32_t number, const std::string& conversation) {
  AttemptRecord out;
  out.action = "main";
  out.number = number;
  out.started_ms = 1000 * number;
  out.finished_ms = 1000 * number + 7;
  out.outcome = "retry";
  out.cause = "remote_error";
  out.reason = "503";
  out.fetched = R"({"customer":{"id":1}})";
  out.conversation = conversation;
  return out;
}

Settlement ended(Seq seq, End end, const std::string& reason) {
  Settlement out;
  out.seq = seq;
  out.end = end;
  out.reason = reason;
  return out;
}

Settlement retried(Seq seq, std::int64_t next_ms, std::uint32_t attempts) {
  Settlement out;
  out.seq = seq;
  out.next_ms = next_ms;
  out.attempts_counted = attempts;
  return out;
}

std::vector<Seq> seqs_of(const std::vector<Waiting>& waiting) {
  std::vector<Seq> out;
  for (const auto& each : waiting) out.push_back(each.seq);
  return out;
}

namespace {

template <class T>
T need(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().text();
  return T();
}

}  // namespace

Result<Appended> Rig::append(Append request) {
  return ask<Appended>([&](auto reply) { journal->append(std::move(request), std::move(reply)); });
}

Seq Rig::add(const std::string& id, const std::string& pipeline, const std::string& key,
             const std::string& data) {
  const Appended appended = need(append(append_of(new_event(id, pipeline, key, data))));
  return appended.seqs.empty() ? 0 : appended.seqs.front();
}

std::vector<Waiting> Rig::take(TakeQuery query) {
  return need(ask<Taken>([&](auto reply) { journal->take(journal->epoch(), query, std::move(reply)); }))
      .events;
}

Result<bool> Rig::park(const std::string& lane, std::vector<Seq> seqs) {
  return ask<bool>([&](auto reply) { journal->park(journal->epoch(), lane, seqs, std::move(reply)); });
}

Result<std::vector<Waiting>> Rig::take_again(std::vector<Seq> seqs) {
  return ask<std::vector<Waiting>>(
      [&](auto reply) { journal->take_again(journal->epoch(), std::move(seqs), std::move(reply)); });
}

std::vector<Waiting> Rig::take_parked(const std::string& lane, std::uint32_t limit) {
  return need(ask<std::vector<Waiting>>(
      [&](auto reply) { journal->take_parked(journal->epoch(), lane, limit, std::move(reply)); }));
}

Looked Rig::look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied) {
  return need(ask<Looked>([&](auto reply) { journal->look(identities, applied, std::move(reply)); }));
}

Result<bool> Rig::begin(Intent intent) {
  return ask<bool>([&](auto reply) { journal->begin(journal->epoch(), intent, std::move(reply)); });
}

std::vector<Watch> Rig::watches() {
  auto got = ask<std::vector<Watch>>([&](auto reply) { journal->watches(std::move(reply)); });
  EXPECT_TRUE(got) << (got ? "" : got.error().text());
  return got ? std::move(*got) : std::vector<Watch>();
}

std::optional<std::string> Rig::watched(Seq seq, const std::string& action) {
  auto got =
      ask<std::optional<std::string>>([&](auto reply) { journal->watched(seq, action, std::move(reply)); });
  EXPECT_TRUE(got) << (got ? "" : got.error().text());
  return got ? std::move(*got) : std::nullopt;
}

bool Rig::unwatch(Seq seq, const std::string& action, std::optional<Note> note) {
  const auto got =
      ask<bool>([&](auto reply) { journal->unwatch(journal->epoch(), seq, action, note, std::move(reply)); });
  EXPECT_TRUE(got) << (got ? "" : got.error().text());
  return got && *got;
}

Result<bool> Rig::settle(std::vector<Settlement> batch) {
  return ask<bool>([&](auto reply) { journal->settle(journal->epoch(), batch, std::move(reply)); });
}

Result<bool> Rig::settle(Settlement one) {
  std::vector<Settlement> batch;
  batch.push_back(std::move(one));
  return settle(std::move(batch));
}

std::vector<EventRow> Rig::list(Query query) { return listed(std::move(query)).rows; }

Listed Rig::listed(Query query) {
  return need(ask<Listed>([&](auto reply) { journal->list(query, std::move(reply)); }));
}

Requeued Rig::requeue(std::vector<Seq> seqs) {
  return need(ask<Requeued>([&](auto reply) { journal->requeue(seqs, std::move(reply)); }));
}

PipelineState Rig::set_pipeline(const std::string& pipeline, PipelineMode mode, const std::string& reason) {
  PipelineState state{pipeline, mode, reason, runtime.now_ms};
  return need(ask<PipelineState>([&](auto reply) { journal->set_pipeline(state, std::move(reply)); }));
}

Overview Rig::overview() {
  return need(ask<Overview>([&](auto reply) { journal->overview(std::move(reply)); }));
}

std::vector<DeadGroup> Rig::dead_groups(GroupBy by, Query query) {
  return need(
      ask<std::vector<DeadGroup>>([&](auto reply) { journal->dead_groups(by, query, std::move(reply)); }));
}

std::optional<EventDetail> Rig::show(const std::string& id) {
  return need(ask<std::optional<EventDetail>>([&](auto reply) { journal->show(id, std::move(reply)); }));
}

Counts Rig::counts() {
  return need(ask<Counts>([&](auto reply) { journal->counts(std::move(reply)); }));
}

std::uint64_t Rig::retain(std::int64_t before_ms, std::uint32_t limit) {
  return need(ask<std::uint64_t>([&](auto reply) { journal->retain(before_ms, limit, std::move(reply)); }));
}

}  // namespace tenon::journal::test
