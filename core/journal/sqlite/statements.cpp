#include "journal/sqlite/statements.hpp"

namespace tenon::journal {
namespace {

struct Line {
  Statement* statement;
  const char* sql;
};

#define TENON_LIST_ALL                                                                                  \
  "SELECT " TENON_EVENT_COLUMNS                                                                         \
  ", coalesce(d.attempts, p.attempts), p.next_ms, d.end, d.reason, d.ended_ms, e.data, p.requeued_ms, " \
  "p.class"                                                                                             \
  " FROM event e LEFT JOIN pending p ON p.seq = e.seq LEFT JOIN ended d ON d.seq = e.seq"               \
  " WHERE e.seq < ?1 AND e.seq > ?2 ORDER BY e.seq "
#define TENON_LIST_OPEN                                                                    \
  "SELECT " TENON_EVENT_COLUMNS                                                            \
  ", p.attempts, p.next_ms, NULL, '', NULL, e.data, p.requeued_ms, p.class FROM pending p" \
  " CROSS JOIN event e ON e.seq = p.seq WHERE p.seq < ?1 AND p.seq > ?2 ORDER BY p.seq "
#define TENON_LIST_DEAD                                                                                    \
  "SELECT " TENON_EVENT_COLUMNS                                                                            \
  ", d.attempts, NULL, d.end, d.reason, d.ended_ms, e.data, NULL, NULL FROM ended d INDEXED BY ended_dead" \
  " CROSS JOIN event e ON e.seq = d.seq"                                                                   \
  " WHERE d.seq < ?1 AND d.seq > ?2 AND d.end IN ('rejected', 'exhausted') ORDER BY d.seq "

}  // namespace

Status SqliteStore::Statements::prepare(Database& database) {
  const Line lines[] = {
      {&start, "BEGIN IMMEDIATE"},
      {&start_read, "BEGIN"},
      {&commit, "COMMIT"},
      {&rollback, "ROLLBACK"},
      {&savepoint, "SAVEPOINT one"},
      {&release, "RELEASE one"},
      {&rollback_to, "ROLLBACK TO one"},
      {&find_id,
       "SELECT body, first_seq, events FROM dedupe INDEXED BY dedupe_id"
       " WHERE delivery_id = ?1 AND connection = ?2 AND delivery_id <> ''"},
      {&find_body,
       "SELECT body, first_seq, events FROM dedupe INDEXED BY dedupe_body"
       " WHERE body = ?1 AND connection = ?2 AND delivery_id = ''"},
      {&insert_dedupe,
       "INSERT INTO dedupe(connection, delivery_id, body, first_seq, events, at_ms) VALUES(?,?,?,?,?,?)"},
      {&insert_audit, "INSERT INTO audit(at_ms, what, connection, subject, seq) VALUES(?,?,?,?,?)"},
      {&insert_event,
       "INSERT INTO event(seq, id, connection, pipeline, type, key, keys, version, time_ms, received_ms,"
       " class, thin, data) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)"},
      {&insert_pending, "INSERT INTO pending(seq, pipeline, attempts) VALUES(?, ?, 0)"},
      {&insert_ended, "INSERT INTO ended(seq, end, reason, attempts, ended_ms) VALUES(?,?,?,?,?)"},
      {&delete_pending, "DELETE FROM pending WHERE seq = ? RETURNING pipeline"},
      {&update_pending, "UPDATE pending SET attempts = ?, next_ms = ? WHERE seq = ?"},
      {&insert_action, "INSERT OR REPLACE INTO action_end(seq, action, end, reason, id) VALUES(?,?,?,?,?)"},
      {&last_attempt, "SELECT max(id) FROM attempt WHERE id BETWEEN ? AND ?"},
      {&insert_attempt,
       "INSERT INTO attempt(id, action, number, started_ms, finished_ms, outcome, cause, reason, fetched,"
       " conversation, version) VALUES(?,?,?,?,?,?,?,?,?,?,?)"},
      {&delete_attempt, "DELETE FROM attempt WHERE id = ?"},
      {&begin,
       "INSERT INTO identity(account, resource, natural_key, state, sink_id, create_id, create_since_ms,"
       " create_seq, create_action) VALUES(?,?,?,'creating','',?,?,?,?)"
       " ON CONFLICT DO UPDATE SET state = excluded.state, sink_id = excluded.sink_id,"
       " create_id = excluded.create_id, create_since_ms = excluded.create_since_ms,"
       " create_seq = excluded.create_seq, create_action = excluded.create_action"},
      {&put_identity,
       "INSERT INTO identity(account, resource, natural_key, state, sink_id, create_id, create_since_ms)"
       " VALUES(?,?,?,?,?,?,?)"
       " ON CONFLICT DO UPDATE SET state = excluded.state, sink_id = excluded.sink_id,"
       " create_id = excluded.create_id, create_since_ms = excluded.create_since_ms"},
      {&delete_identity, "DELETE FROM identity WHERE account = ? AND resource = ? AND natural_key = ?"},
      {&learn,
       "UPDATE identity SET state = 'known', sink_id = ?1 WHERE account = ?2 AND resource = ?3"
       " AND natural_key = ?4 AND state = 'creating' AND create_id = ?5"},
      {&delete_calls,
       // Up to the character behind the slash.
       "DELETE FROM identity WHERE account = '' AND resource = '' AND natural_key >= ?1 || '/'"
       " AND natural_key < ?1 || '0'"},
      {&put_applied,
       "INSERT OR REPLACE INTO applied(account, resource, natural_key, pipeline, action, source_object,"
       " version, record_hash, mapping_digest, seq) VALUES(?,?,?,?,?,?,?,?,?,?)"},
      {&get_identity,
       "SELECT state, sink_id, create_id, create_since_ms FROM identity"
       " WHERE account = ? AND resource = ? AND natural_key = ?"},
      {&get_applied,
       "SELECT version, record_hash, mapping_digest, seq FROM applied WHERE account = ? AND resource = ?"
       " AND natural_key = ? AND pipeline = ? AND action = ? AND source_object = ?"},
      {&put_watch, "INSERT OR REPLACE INTO watch(seq, action, record, since_ms) VALUES(?,?,?,?)"},
      {&watches,
       "SELECT w.seq, w.action, e.pipeline, w.since_ms FROM watch w JOIN event e ON e.seq = w.seq"
       " ORDER BY w.seq, w.action"},
      {&watched, "SELECT record FROM watch WHERE seq = ? AND action = ?"},
      {&unwatch, "DELETE FROM watch WHERE seq = ? AND action = ?"},
      {&delete_watches, "DELETE FROM watch WHERE seq = ?"},
      {&scan_open, "SELECT seq, pipeline FROM pending WHERE seq > ? AND seq <= ? ORDER BY seq"},
      {&open_one, "SELECT " TENON_EVENT_COLUMNS
                  ", p.attempts, p.next_ms, e.data, p.requeued_ms, p.class, p.forced FROM pending p"
                  " CROSS JOIN event e ON e.seq = p.seq WHERE p.seq = ?"},
      {&actions, "SELECT action, end, reason, id FROM action_end WHERE seq = ?"},
      {&attempts,
       "SELECT action, number, started_ms, finished_ms, outcome, cause, reason, fetched, conversation, "
       "version"
       " FROM attempt WHERE id BETWEEN ? AND ? ORDER BY id"},
      {&notes, "SELECT at_ms, what, subject FROM audit INDEXED BY audit_seq WHERE seq = ?1 ORDER BY id"},
      {&last_conversation,
       "SELECT conversation FROM attempt WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"},
      {&list_all[0], TENON_LIST_ALL "DESC"},
      {&list_all[1], TENON_LIST_ALL "ASC"},
      {&list_open[0], TENON_LIST_OPEN "DESC"},
      {&list_open[1], TENON_LIST_OPEN "ASC"},
      {&list_dead[0], TENON_LIST_DEAD "DESC"},
      {&list_dead[1], TENON_LIST_DEAD "ASC"},
      {&dead_end,
       "SELECT e.pipeline, e.connection, d.end, d.reason FROM event e LEFT JOIN ended d ON d.seq = e.seq"
       " WHERE e.seq = ?"},
      {&delete_dead, "DELETE FROM ended WHERE seq = ?"},
      {&skip_dead, "UPDATE ended SET end = ?, reason = ?, ended_ms = ? WHERE seq = ?"},
      {&requeue,
       "INSERT INTO pending(seq, pipeline, attempts, requeued_ms, class, forced) VALUES(?, ?, 0, ?, ?, ?)"},
      {&drop_action, "DELETE FROM action_end WHERE seq = ? AND action = ?"},
      {&replaying, "SELECT count(*) FROM pending INDEXED BY pending_replaying WHERE class = 'replay'"},
      {&range,
       "SELECT e.seq, e.received_ms, e.pipeline, p.seq FROM event e LEFT JOIN pending p ON p.seq = e.seq"
       " WHERE e.seq > ? ORDER BY e.seq"},
      {&states, "SELECT pipeline, mode, reason, since_ms FROM pipeline_state ORDER BY pipeline"},
      {&state_of, "SELECT pipeline, mode, reason, since_ms FROM pipeline_state WHERE pipeline = ?"},
      {&insert_state,
       "INSERT OR IGNORE INTO pipeline_state(pipeline, mode, reason, since_ms) VALUES(?,?,?,?)"},
      {&put_state, "INSERT OR REPLACE INTO pipeline_state(pipeline, mode, reason, since_ms) VALUES(?,?,?,?)"},
      {&delete_state, "DELETE FROM pipeline_state WHERE pipeline = ?"},
      {&retrying,
       "SELECT pipeline, count(*) FROM pending INDEXED BY pending_retrying WHERE next_ms IS NOT NULL"
       " GROUP BY pipeline"},
      {&oldest_of,
       "SELECT seq FROM pending NOT INDEXED WHERE seq >= ? AND pipeline = ? ORDER BY seq LIMIT 1"},
      {&received_of, "SELECT received_ms FROM event WHERE seq = ?"},
      {&show,
       "SELECT " TENON_EVENT_COLUMNS ", coalesce(d.attempts, p.attempts), p.next_ms, d.end, d.reason, "
       "d.ended_ms, e.data, p.requeued_ms, p.class"
       " FROM event e LEFT JOIN pending p ON p.seq = e.seq LEFT JOIN ended d ON d.seq = e.seq WHERE e.seq = "
       "?"},
      {&exists, "SELECT 1 FROM event WHERE seq = ?"},
      {&newest_of,
       "SELECT max(seq) FROM (SELECT e.seq FROM dedupe d INDEXED BY dedupe_id CROSS JOIN event e"
       " ON e.seq BETWEEN d.first_seq AND d.first_seq + max(d.events, 1) - 1"
       " WHERE d.delivery_id = ?2 AND d.delivery_id <> '' AND e.id = ?1"
       " UNION ALL SELECT seq FROM event INDEXED BY event_id WHERE id = ?1 AND class <> 'live')"},
      {&scan_ids, "SELECT seq, id FROM event WHERE seq < ? ORDER BY seq DESC"},
      {&oldest_waiting,
       "SELECT e.received_ms FROM pending p CROSS JOIN event e ON e.seq = p.seq ORDER BY p.seq LIMIT 1"},
      {&retain_scan,
       "SELECT e.seq, e.received_ms, d.end, d.ended_ms FROM event e LEFT JOIN ended d ON d.seq = e.seq"
       " WHERE e.seq > ? ORDER BY e.seq"},
      {&ended_scan, "SELECT seq, end, ended_ms FROM ended WHERE seq > ? ORDER BY seq"},
      {&ended_one, "SELECT end, ended_ms FROM ended WHERE seq = ?"},
      {&delete_event, "DELETE FROM event WHERE seq = ?"},
      {&delete_ended, "DELETE FROM ended WHERE seq = ?"},
      {&delete_actions, "DELETE FROM action_end WHERE seq = ?"},
      {&delete_attempts, "DELETE FROM attempt WHERE id BETWEEN ? AND ?"},
      {&oldest_dedupe, "SELECT id, at_ms FROM dedupe ORDER BY id LIMIT ?"},
      {&delete_dedupe, "DELETE FROM dedupe WHERE id = ?"},
      {&oldest_audit, "SELECT id, at_ms FROM audit ORDER BY id LIMIT ?"},
      {&delete_audit, "DELETE FROM audit WHERE id = ?"},
      {&marks, "SELECT key FROM meta WHERE key >= ? AND key < ?"},
      {&delete_meta, "DELETE FROM meta WHERE key = ?"},
      {&blank_audit, "UPDATE audit SET subject = '' WHERE seq = ?"},
      {&forget_scan,
       "SELECT e.seq, e.connection, e.pipeline, d.end FROM event e LEFT JOIN ended d ON d.seq = e.seq"
       " WHERE e.seq > ?1 AND e.seq <= ?2 AND e.key = ?3 ORDER BY e.seq"},
      {&applied_of_key,
       "SELECT account, resource, natural_key, pipeline, action, source_object FROM applied"
       " WHERE substr(source_object, instr(source_object, '/') + 1) = ?"},
      {&delete_applied,
       "DELETE FROM applied WHERE account = ? AND resource = ? AND natural_key = ? AND pipeline = ?"
       " AND action = ? AND source_object = ?"},
      {&delete_identities,
       "DELETE FROM identity WHERE account = ?1 AND resource = ?2 AND state <> 'creating'"
       " AND (natural_key = ?3 OR (?4 <> '' AND sink_id = ?4))"},
      {&put_meta, "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)"},
  };
  for (const Line& line : lines) {
    auto prepared = database.prepare(line.sql);
    if (!prepared) return std::move(prepared).error();
    *line.statement = std::move(*prepared);
  }
  return {};
}

}  // namespace tenon::journal
