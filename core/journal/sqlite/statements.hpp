// The statements of SqliteStore, prepared once.
#pragma once

#include "journal/sqlite/sqlite_store.hpp"

namespace tenon::journal {

struct SqliteStore::Statements {
  Statement start, start_read, commit, rollback, savepoint, release, rollback_to;
  Statement find_id, find_body, insert_dedupe, insert_audit;
  Statement insert_event, insert_pending, insert_ended, delete_pending, update_pending;
  Statement insert_action, last_attempt, insert_attempt, delete_attempt;
  Statement begin, learn, put_identity, delete_identity, delete_calls, put_applied, get_identity, get_applied;
  Statement put_watch, watches, watched, unwatch, delete_watches;
  Statement scan_open, open_one, actions, attempts, notes, last_conversation, show, exists, newest_of,
      scan_ids;
  /// Newest first, oldest first.
  Statement list_all[2], list_open[2], list_dead[2];
  Statement dead_end, delete_dead, skip_dead, requeue, drop_action, replaying, range;
  Statement states, state_of, insert_state, put_state, delete_state, retrying, oldest_of, received_of;
  Statement oldest_waiting, retain_scan, ended_scan, ended_one, delete_event, delete_ended, delete_actions,
      delete_attempts;
  Statement marks, delete_meta, blank_audit, forget_scan, applied_of_key, delete_applied, delete_identities;
  Statement oldest_dedupe, delete_dedupe, oldest_audit, delete_audit, put_meta;

  /// Error: a statement does not fit the file's schema.
  Status prepare(Database& database);
};

/// A row of pipeline_state.
PipelineState read_state(Statement::Rows& row);

// Columns of `event e`, as read_event reads them.
#define TENON_EVENT_COLUMNS                                                                             \
  "e.seq, e.id, e.connection, e.pipeline, e.type, e.key, e.keys, e.version, e.time_ms, e.received_ms, " \
  "e.class, e.thin"
inline constexpr int kEventColumns = 12;

}  // namespace tenon::journal
