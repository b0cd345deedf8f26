-- The ended instances of a status in the order in which they ended. Ids are not in it: they would make the entries of a
-- large hub twice as long, and those of the few instances that ended in the same millisecond are sorted when they are read.

create index instances_by_completion on instances (hub_id, status, completed_at) where completed_at is not null;
