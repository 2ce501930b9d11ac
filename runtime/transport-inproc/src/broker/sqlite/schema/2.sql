-- The latest time that was told: a clock that shows an earlier one was set back.
CREATE TABLE svckit_clock (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  seen INTEGER NOT NULL
) STRICT;
INSERT INTO svckit_clock (one, seen) VALUES (1, 0);
