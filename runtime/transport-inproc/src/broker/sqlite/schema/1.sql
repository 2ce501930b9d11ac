-- The log: every message, once.
CREATE TABLE svckit_messages (
  position     INTEGER PRIMARY KEY AUTOINCREMENT,
  id           BLOB NOT NULL UNIQUE,
  kind         INTEGER NOT NULL, -- 0 event, 1 command, 2 tick
  name         TEXT NOT NULL,
  published    INTEGER NOT NULL, -- microseconds since 1970, like all times
  retain_until INTEGER NOT NULL,
  envelope     BLOB NOT NULL
) STRICT;
CREATE INDEX svckit_messages_retain ON svckit_messages (retain_until);
CREATE INDEX svckit_messages_name ON svckit_messages (name, position);

CREATE TABLE svckit_groups (
  grp         INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  ordered     INTEGER NOT NULL,
  replay      INTEGER NOT NULL DEFAULT 0,
  depth       INTEGER NOT NULL DEFAULT 0, -- deliveries that are there
  published   INTEGER NOT NULL DEFAULT 0,
  handled     INTEGER NOT NULL DEFAULT 0,
  redelivered INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE svckit_wants (
  name TEXT NOT NULL,
  grp  INTEGER NOT NULL REFERENCES svckit_groups,
  PRIMARY KEY (name, grp)
) STRICT, WITHOUT ROWID;

-- What a group has not settled. Of a lane, which is a publisher and a key in an ordered group, only the first is its
-- head; what is in no lane always is. Only heads are handed out.
CREATE TABLE svckit_deliveries (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  grp      INTEGER NOT NULL,
  position INTEGER NOT NULL,
  lane     TEXT,
  head     INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  due      INTEGER NOT NULL, -- when it may be handed out: for one in somebody's hand, the end of the lease
  owner    BLOB,             -- in whose hand it is
  fence    INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first    INTEGER,
  replay   INTEGER NOT NULL
) STRICT;
CREATE INDEX svckit_deliveries_heads ON svckit_deliveries (grp, priority, due, seq) WHERE head = 1;
CREATE INDEX svckit_deliveries_lanes ON svckit_deliveries (grp, lane, seq) WHERE lane IS NOT NULL;
CREATE INDEX svckit_deliveries_owners ON svckit_deliveries (owner, grp) WHERE owner IS NOT NULL;
CREATE INDEX svckit_deliveries_positions ON svckit_deliveries (position);

CREATE TABLE svckit_dead (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  grp      INTEGER NOT NULL,
  position INTEGER NOT NULL,
  id       BLOB NOT NULL,
  name     TEXT NOT NULL,
  envelope BLOB NOT NULL,
  attempts INTEGER NOT NULL,
  first    INTEGER NOT NULL,
  replay   INTEGER NOT NULL,
  handler  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  class    TEXT NOT NULL,
  stack    TEXT NOT NULL,
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX svckit_dead_groups ON svckit_dead (grp, number);
CREATE INDEX svckit_dead_ids ON svckit_dead (id);
