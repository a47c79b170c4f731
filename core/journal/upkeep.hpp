// What an operator asks of a journal beside its events: to run some again, to forget, to stay small, to be
// copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::journal {

/// Ended events of one pipeline that are to run once more.
struct Replay {
  std::string pipeline;
  std::vector<Seq> seqs;
  std::vector<std::string> keep;  ///< actions that are not done again where they were delivered
  bool force = false;             ///< also over what is newer
};

/// So many replayed events may be open at a time: a long replay fills neither memory nor the lanes.
inline constexpr std::uint64_t kMostReplaying = 2000;

/// Whose events, received when.
struct RangeQuery {
  std::string pipeline;
  std::int64_t since_ms = 0;
  std::int64_t until_ms = INT64_MAX;
};

/// What there is of a range.
struct Range {
  std::uint64_t events = 0;  ///< ended ones
  std::uint64_t open = 0;    ///< have not ended: they run anyhow
  Seq first = 0;             ///< of the ended ones; 0: there are none
  Seq last = 0;
  /// Numbers in and beside the range whose events are gone, of whatever pipeline: so many of the range may
  /// have been deleted.
  std::uint64_t gone = 0;
};

/// Whose events are to be forgotten; empty members do not narrow.
struct ForgetQuery {
  std::string key;
  std::string connection;
  std::string pipeline;
  Seq after = 0;  ///< goes on behind this number
};

/// What one turn of `forget` did.
struct Forgotten {
  std::uint64_t events = 0;      ///< deleted, with all that was recorded of them
  std::uint64_t waiting = 0;     ///< have not ended: are deleted once they have
  std::uint64_t identities = 0;  ///< of the sink's objects, deleted
  Seq next = 0;                  ///< to go on from; 0: that was the last turn
};

/// What `scrub` came to.
struct Scrubbed {
  bool whole = false;  ///< nothing that was deleted is left in any file
  std::string why;     ///< else
};

// The journal is one of this folder's. Calls and answers are as those of Journal.

/// Opens ended events again, whatever their end, under their numbers: with class `replay` and no attempts
/// counted. Ends of actions go, those that are kept and were delivered excepted; attempts stay. One commit,
/// audited. Refusals: `not_found`, `not_ended`, `other_pipeline`, `busy` (kMostReplaying are open).
void replay(Journal& journal, Replay replay, Journal::Reply<Requeued> reply);
/// Looks at a bounded number of events per turn.
void range(Journal& journal, RangeQuery query, Journal::Reply<Range> reply);

/// Deletes the ended events of a key, dead letters too: payload, attempts, ends, and what identities and
/// applied versions say of the key. Those that have not ended are marked; `retain` deletes them once they
/// have. One commit, audited by the key's digest. Looks at a bounded number of events a turn.
void forget(Journal& journal, ForgetQuery query, Journal::Reply<Forgotten> reply);
/// Rewrites the files so that they hold what the store holds and nothing else.
void scrub(Journal& journal, Journal::Reply<Scrubbed> reply);
/// From now on `retain` deletes ended events, the first to end first, while the store holds more than that,
/// whatever their age. Of sqlite only. 0: no bound.
void keep_below(Journal& journal, std::uint64_t bytes);

/// Copies the journal in `folder`, of a running host or a stopped one, to `file`: checked, mode 0600, there
/// as a whole or not at all; a former file gives way. The copy says that it is one. `progress` is told pages
/// done and all, and ends it by answering false. Answers the copy's size. Blocks. Errors: `store_missing`,
/// `store_newer`, `store_corrupt`, `store_full`, `store_failed`, `file_failed` (of `file`), `cancelled`.
Result<std::uint64_t> backup_sqlite(const std::string& folder, const std::string& file, std::int64_t now_ms,
                                    Function<bool(std::uint64_t, std::uint64_t)> progress);

}  // namespace tenon::journal
