-- A message with a due_at waits outside the queue of its partition; when its time comes it takes its place at the end.

alter table inbox add column due_at integer;

drop index inbox_by_part;
create index inbox_by_part on inbox (part) where due_at is null;
create index inbox_by_due on inbox (part, due_at) where due_at is not null;
