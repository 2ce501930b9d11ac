-- What a group has of a place in the log, and the first of it; and, of the log, the commands of a name.
DROP INDEX svckit_deliveries_positions;
CREATE INDEX svckit_deliveries_positions ON svckit_deliveries (grp, position);
DROP INDEX svckit_messages_name;
CREATE INDEX svckit_messages_commands ON svckit_messages (name, position) WHERE kind = 1;
