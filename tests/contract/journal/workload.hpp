// Workload: appends, intents and settlements with a ledger of what the journal promised, for disks that fail.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rig.hpp"

namespace tenon::journal::test {

/// What the journal has promised so far.
struct Ledger {
  std::vector<std::pair<Seq, std::string>> appended;
  std::vector<Seq> settled;
  std::vector<std::string> creates;
  int refused = 0;
  int acknowledged_after_failure = 0;
};

/// Appends, takes, begins and settles for a number of rounds, several calls in each commit.
class Workload {
 public:
  /// The names of events begin with `prefix`.
  explicit Workload(Rig& rig, std::string prefix = "") : rig_(rig), prefix_(std::move(prefix)) {}

  void round(int number) {
    std::vector<std::pair<std::string, std::shared_ptr<Asked<Appended>>>> appends;
    for (int i = 0; i < 3; ++i) {
      const std::string id = prefix_ + std::to_string(number) + "-" + std::to_string(i);
      Append request = append_of(new_event(id, "p", "k", std::string(2000, 'x')));
      request.dedupe = dedupe(id, "body");
      appends.emplace_back(id, std::make_shared<Asked<Appended>>());
      rig_.journal->append(std::move(request), rig_.reply(appends.back().second));
    }
    std::vector<std::pair<Seq, std::shared_ptr<Asked<bool>>>> settles;
    for (const Seq seq : std::exchange(open_, {})) {
      Settlement done = ended(seq);
      done.attempts = {attempt(1, std::string(1500, 'c'))};
      done.actions = {{"main", End::delivered, "", ""}};
      settles.emplace_back(seq, std::make_shared<Asked<bool>>());
      rig_.journal->settle(rig_.journal->epoch(), {done}, rig_.reply(settles.back().second));
    }
    const std::string create = prefix_ + "c" + std::to_string(number);
    auto begun = std::make_shared<Asked<bool>>();
    rig_.journal->begin(rig_.journal->epoch(), {1, "main", {{"a", "r", create}}, create, 1},
                        rig_.reply(begun));
    rig_.runtime.run();
    for (const auto& [id, asked] : appends) {
      if (!note(asked->answer->has_value())) continue;
      ledger.appended.emplace_back((*asked->answer)->seqs[0], id);
      open_.push_back((*asked->answer)->seqs[0]);
    }
    for (const auto& [seq, asked] : settles) {
      if (note(asked->answer->has_value())) ledger.settled.push_back(seq);
    }
    if (note(begun->answer->has_value())) ledger.creates.push_back(create);
    if (!rig_.failures.empty()) failed_ = true;
  }

  Ledger ledger;

 private:
  bool note(bool acknowledged) {
    if (!acknowledged) ++ledger.refused;
    if (acknowledged && failed_) ++ledger.acknowledged_after_failure;
    return acknowledged;
  }
  Rig& rig_;
  std::string prefix_;
  std::vector<Seq> open_;
  bool failed_ = false;
};

inline std::unique_ptr<Journal> must_open(Rig& rig, const std::string& folder) {
  auto opened = open_sqlite(rig.runtime, folder, rig.options());
  if (!opened) {
    ADD_FAILURE() << opened.error().text();
    return nullptr;
  }
  return std::move(*opened);
}

/// How much of the ledger a journal in `folder` no longer knows.
inline int lost(const std::string& folder, const Ledger& ledger) {
  Rig rig;
  auto opened = open_sqlite(rig.runtime, folder, rig.options());
  const int all = static_cast<int>(ledger.appended.size() + ledger.settled.size() + ledger.creates.size());
  if (!opened) return all;
  rig.journal = std::move(*opened);
  int missing = 0;
  std::vector<std::shared_ptr<Asked<Appended>>> repeated;
  for (const auto& [seq, id] : ledger.appended) {
    const auto shown = rig.show(std::to_string(seq));
    if (!shown || shown->row.event.id != id || shown->row.event.data.size() != 2000) ++missing;
    Append again = append_of(new_event(id));
    again.dedupe = dedupe(id, "body");
    repeated.push_back(std::make_shared<Asked<Appended>>());
    rig.journal->append(std::move(again), rig.reply(repeated.back()));
  }
  rig.runtime.run();
  for (const auto& asked : repeated) {
    if (!*asked->answer || !(*asked->answer)->duplicate) ++missing;
  }
  for (const Seq seq : ledger.settled) {
    const auto shown = rig.show(std::to_string(seq));
    if (!shown || shown->row.state != "delivered" || shown->attempts.size() != 1) ++missing;
  }
  for (const auto& create : ledger.creates) {
    if (rig.look({{"a", "r", create}}).identities[0].create_id != create) ++missing;
  }
  return missing;
}

}  // namespace tenon::journal::test
