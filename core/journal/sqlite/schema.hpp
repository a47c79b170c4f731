// The schema of journal.db; docs/store.md explains it to readers of the file.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>

namespace tenon::journal {

/// PRAGMA application_id: "tenj".
inline constexpr std::int32_t kApplicationId = 0x74656e6a;
/// PRAGMA user_version: what this program writes, and the newest that it reads.
inline constexpr std::int32_t kFormat = 6;

/// Attempt rows are numbered seq * 2^20 + n, n from 1: rows of one event stand together and at the table's
/// end.
inline constexpr int kAttemptBits = 20;

// What never changes (event) stands apart from what does (pending), so that an end rewrites no payload. The
// rows of pending are the open events: a restart reads these and not the millions that have ended.
inline constexpr const char* kSchema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE event(
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  connection TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  keys TEXT NOT NULL,
  version TEXT,
  time_ms INTEGER,
  received_ms INTEGER NOT NULL,
  class TEXT NOT NULL,
  thin INTEGER NOT NULL,
  data ANY NOT NULL
) STRICT;
-- Of live events the id is found through dedupe: an index over all ids would cost a third of the append rate.
CREATE INDEX event_id ON event(id) WHERE class <> 'live';

CREATE TABLE pending(
  seq INTEGER PRIMARY KEY,
  pipeline TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_ms INTEGER,
  requeued_ms INTEGER
) STRICT;

CREATE TABLE ended(
  seq INTEGER PRIMARY KEY,
  end TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_dead ON ended(seq) WHERE end IN ('rejected', 'exhausted');

CREATE TABLE action_end(
  seq INTEGER NOT NULL,
  action TEXT NOT NULL,
  end TEXT NOT NULL,
  reason TEXT NOT NULL,
  id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(seq, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt(
  id INTEGER PRIMARY KEY,
  action TEXT NOT NULL,
  number INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  cause TEXT NOT NULL,
  reason TEXT NOT NULL,
  fetched TEXT NOT NULL,
  conversation TEXT NOT NULL
) STRICT;

CREATE TABLE dedupe(
  id INTEGER PRIMARY KEY,
  connection TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  body BLOB NOT NULL,
  first_seq INTEGER NOT NULL,
  events INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX dedupe_id ON dedupe(delivery_id, connection) WHERE delivery_id <> '';
CREATE INDEX dedupe_body ON dedupe(body, connection) WHERE delivery_id = '';

CREATE TABLE identity(
  account TEXT NOT NULL,
  resource TEXT NOT NULL,
  natural_key TEXT NOT NULL,
  state TEXT NOT NULL,
  sink_id TEXT NOT NULL,
  create_id TEXT NOT NULL,
  create_since_ms INTEGER NOT NULL,
  create_seq INTEGER,
  create_action TEXT,
  PRIMARY KEY(account, resource, natural_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE applied(
  account TEXT NOT NULL,
  resource TEXT NOT NULL,
  natural_key TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  action TEXT NOT NULL,
  source_object TEXT NOT NULL,
  version TEXT,
  record_hash TEXT NOT NULL,
  mapping_digest TEXT NOT NULL,
  PRIMARY KEY(account, resource, natural_key, pipeline, action, source_object)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  connection TEXT NOT NULL,
  subject TEXT NOT NULL,
  seq INTEGER
) STRICT;

)sql";

/// What came with format 3, beside the columns of pending; a new file gets it too.
inline constexpr const char* kSchema3 = R"sql(
CREATE INDEX pending_retrying ON pending(pipeline) WHERE next_ms IS NOT NULL;

CREATE TABLE pipeline_state(
  pipeline TEXT PRIMARY KEY,
  mode TEXT NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_seq ON audit(seq) WHERE seq IS NOT NULL;

CREATE VIEW events AS
  SELECT e.seq, e.id, e.connection, e.pipeline, e.type, e.key,
         coalesce(d.end, iif(p.next_ms IS NULL, 'waiting', 'retrying')) AS state,
         coalesce(d.reason, '') AS reason, coalesce(d.attempts, p.attempts) AS attempts,
         datetime(e.received_ms / 1000, 'unixepoch') AS received,
         datetime(p.next_ms / 1000, 'unixepoch') AS next,
         datetime(d.ended_ms / 1000, 'unixepoch') AS ended, e.data
  FROM event e LEFT JOIN pending p ON p.seq = e.seq LEFT JOIN ended d ON d.seq = e.seq;
)sql";

/// What came with format 4; a new file gets it too.
inline constexpr const char* kSchema4 = R"sql(
ALTER TABLE attempt ADD COLUMN version TEXT NOT NULL DEFAULT '';

CREATE VIEW attempts AS
  SELECT id >> 20 AS seq, action, number, outcome, cause, reason,
         datetime(started_ms / 1000, 'unixepoch') AS started, finished_ms - started_ms AS took_ms,
         version, fetched, conversation
  FROM attempt;
)sql";

/// What came with format 5; a new file gets it too.
inline constexpr const char* kSchema5 = R"sql(
ALTER TABLE pending ADD COLUMN class TEXT;
ALTER TABLE pending ADD COLUMN forced INTEGER NOT NULL DEFAULT 0;
UPDATE pending SET class = 'retry' WHERE requeued_ms IS NOT NULL;
CREATE INDEX pending_replaying ON pending(seq) WHERE class = 'replay';

ALTER TABLE applied ADD COLUMN seq INTEGER;
)sql";

/// What came with format 6; a new file gets it too.
inline constexpr const char* kSchema6 = R"sql(
CREATE TABLE watch(
  seq INTEGER NOT NULL,
  action TEXT NOT NULL,
  record TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY(seq, action)
) STRICT;
)sql";

/// Format 2 to 3; then kSchema3.
inline constexpr const char* kUpgrade2 = R"sql(
DROP VIEW events;
ALTER TABLE pending RENAME TO pending_2;
CREATE TABLE pending(
  seq INTEGER PRIMARY KEY,
  pipeline TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_ms INTEGER,
  requeued_ms INTEGER
) STRICT;
INSERT INTO pending(seq, pipeline, attempts, next_ms)
  SELECT p.seq, coalesce(e.pipeline, ''), p.attempts, p.next_ms FROM pending_2 p LEFT JOIN event e USING (seq)
  ORDER BY p.seq;
DROP TABLE pending_2;
)sql";

/// From the format before to each later one: kUpgrades[0] makes a file of format 1 one of format 2.
inline const std::string kUpgrades[] = {
    "ALTER TABLE action_end ADD COLUMN id TEXT NOT NULL DEFAULT ''",
    std::string(kUpgrade2) + kSchema3,
    std::string("DROP VIEW IF EXISTS attempts;") + kSchema4,
    kSchema5,
    kSchema6,
};
static_assert(std::size(kUpgrades) == kFormat - 1);

}  // namespace tenon::journal
