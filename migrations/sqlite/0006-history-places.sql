-- A chunk has one number for its place, run * 2^24 + seq, by which the table is ordered. In a table without rowid the rows
-- themselves are what a search goes by, and each search that comes past a large one reads it to its end.

create table history_by_place (
  place integer primary key,
  at integer not null,
  event_count integer not null,
  effects text,
  events text not null
) strict;

insert into history_by_place (place, at, event_count, effects, events)
  select run << 24 | seq, at, event_count, effects, events from history order by run, seq;

drop table history;
alter table history_by_place rename to history;
