-- The state of the service: records by table and key. The number of the row is the version: never the same again.
CREATE TABLE svckit_state (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  tbl     TEXT NOT NULL,
  key     TEXT NOT NULL,
  value   BLOB NOT NULL,
  UNIQUE (tbl, key)
) STRICT;

-- What keyed commands were answered. The number of the row is the fence of the claim.
CREATE TABLE svckit_records (
  fence     INTEGER PRIMARY KEY AUTOINCREMENT,
  operation TEXT NOT NULL,
  principal TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  key       TEXT NOT NULL,
  state     INTEGER NOT NULL, -- 0 running, 1 succeeded, 2 failed, 3 closed after an effect, 4 closed without
  request   BLOB NOT NULL,
  outcome   BLOB NOT NULL, -- of one that runs: the process that runs it
  until     INTEGER NOT NULL, -- microseconds since 1970: the end of the lease, or of the time for which it is kept
  UNIQUE (operation, key, tenant, principal)
) STRICT;
CREATE INDEX svckit_records_until ON svckit_records (until);

-- What consumers have handled.
CREATE TABLE svckit_inbox (
  consumer TEXT NOT NULL,
  id       BLOB NOT NULL,
  replay   INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  PRIMARY KEY (consumer, id, replay)
) STRICT, WITHOUT ROWID;
CREATE INDEX svckit_inbox_until ON svckit_inbox (until);

-- What is to be published, in the order of commits.
CREATE TABLE svckit_outbox (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  at       INTEGER NOT NULL,
  envelope BLOB NOT NULL
) STRICT;

-- Who publishes it.
CREATE TABLE svckit_relay (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  holder BLOB NOT NULL,
  until  INTEGER NOT NULL
) STRICT;

-- What was run of the service's own migrations.
CREATE TABLE svckit_migrations (
  name TEXT PRIMARY KEY,
  sql  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
