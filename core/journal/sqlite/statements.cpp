#include "journal/sqlite/statements.hpp"

namespace tenon::journal {
namespace {

struct Line {
  Statement* statement;
  const char* sql;
};

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
      {&insert_pending, "INSERT INTO pending(seq, attempts) VALUES(?, 0)"},
      {&insert_ended, "INSERT INTO ended(seq, end, reason, attempts, ended_ms) VALUES(?,?,?,?,?)"},
      {&delete_pending, "DELETE FROM pending WHERE seq = ?"},
      {&update_pending, "UPDATE pending SET attempts = ?, next_ms = ? WHERE seq = ?"},
      {&insert_action, "INSERT OR REPLACE INTO action_end(seq, action, end, reason, id) VALUES(?,?,?,?,?)"},
      {&last_attempt, "SELECT max(id) FROM attempt WHERE id BETWEEN ? AND ?"},
      {&insert_attempt,
       "INSERT INTO attempt(id, action, number, started_ms, finished_ms, outcome, cause, reason, fetched,"
       " conversation) VALUES(?,?,?,?,?,?,?,?,?,?)"},
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
      {&put_applied,
       "INSERT OR REPLACE INTO applied(account, resource, natural_key, pipeline, action, source_object,"
       " version, record_hash, mapping_digest) VALUES(?,?,?,?,?,?,?,?,?)"},
      {&get_identity,
       "SELECT state, sink_id, create_id, create_since_ms FROM identity"
       " WHERE account = ? AND resource = ? AND natural_key = ?"},
      {&get_applied,
       "SELECT version, record_hash, mapping_digest FROM applied WHERE account = ? AND resource = ?"
       " AND natural_key = ? AND pipeline = ? AND action = ? AND source_object = ?"},
      {&open_after, "SELECT " TENON_EVENT_COLUMNS ", p.attempts, p.next_ms, e.data FROM pending p"
                    " CROSS JOIN event e ON e.seq = p.seq WHERE p.seq > ? ORDER BY p.seq LIMIT ?"},
      {&open_one, "SELECT " TENON_EVENT_COLUMNS ", p.attempts, p.next_ms, e.data FROM pending p"
                  " CROSS JOIN event e ON e.seq = p.seq WHERE p.seq = ?"},
      {&actions, "SELECT action, end, reason, id FROM action_end WHERE seq = ?"},
      {&attempts,
       "SELECT action, number, started_ms, finished_ms, outcome, cause, reason, fetched, conversation"
       " FROM attempt WHERE id BETWEEN ? AND ? ORDER BY id"},
      {&list_all, "SELECT " TENON_EVENT_COLUMNS
                  ", coalesce(d.attempts, p.attempts), p.next_ms, d.end, d.reason, d.ended_ms FROM event e"
                  " LEFT JOIN pending p ON p.seq = e.seq LEFT JOIN ended d ON d.seq = e.seq"
                  " WHERE e.seq < ? ORDER BY e.seq DESC"},
      {&list_open, "SELECT " TENON_EVENT_COLUMNS ", p.attempts, p.next_ms, NULL, '', NULL FROM pending p"
                   " CROSS JOIN event e ON e.seq = p.seq WHERE p.seq < ? ORDER BY p.seq DESC"},
      {&list_dead, "SELECT " TENON_EVENT_COLUMNS
                   ", d.attempts, NULL, d.end, d.reason, d.ended_ms FROM ended d INDEXED BY ended_dead"
                   " CROSS JOIN event e ON e.seq = d.seq"
                   " WHERE d.seq < ? AND d.end IN ('rejected', 'exhausted') ORDER BY d.seq DESC"},
      {&show,
       "SELECT " TENON_EVENT_COLUMNS
       ", coalesce(d.attempts, p.attempts), p.next_ms, d.end, d.reason, d.ended_ms, e.data FROM event e"
       " LEFT JOIN pending p ON p.seq = e.seq LEFT JOIN ended d ON d.seq = e.seq WHERE e.seq = ?"},
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
       "SELECT e.seq, e.received_ms, d.end FROM event e LEFT JOIN ended d ON d.seq = e.seq"
       " WHERE e.seq > ? ORDER BY e.seq"},
      {&delete_event, "DELETE FROM event WHERE seq = ?"},
      {&delete_ended, "DELETE FROM ended WHERE seq = ?"},
      {&delete_actions, "DELETE FROM action_end WHERE seq = ?"},
      {&delete_attempts, "DELETE FROM attempt WHERE id BETWEEN ? AND ?"},
      {&oldest_dedupe, "SELECT id, at_ms FROM dedupe ORDER BY id LIMIT ?"},
      {&delete_dedupe, "DELETE FROM dedupe WHERE id = ?"},
      {&oldest_audit, "SELECT id, at_ms FROM audit ORDER BY id LIMIT ?"},
      {&delete_audit, "DELETE FROM audit WHERE id = ?"},
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
