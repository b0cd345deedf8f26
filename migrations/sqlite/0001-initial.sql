-- One file holds many task hubs. A partition is numbered hub_id * 1024 + its index in the hub, so that every row an
-- owner looks for is found by one number. Times are milliseconds since 1970, UTC. Statuses are numbers: 0 Running,
-- 1 Completed, 2 ContinuedAsNew, 3 Failed, 4 Canceled, 5 Terminated, 6 Pending, 7 Suspended.

create table store (
  id integer primary key check (id = 1),
  next_run integer not null
) strict;

insert into store (id, next_run) values (1, 1);

-- A deleted hub has no name_key: its name is free while its rows wait to be swept.
create table hubs (
  hub_id integer primary key autoincrement,
  name text not null,
  name_key text unique,
  partition_count integer not null,
  created_at integer not null
) strict;

create table workers (
  hub_id integer not null,
  worker_id text not null,
  process_id integer not null,
  host_name text not null,
  beat_at integer not null,
  lease_ms integer not null,
  primary key (hub_id, worker_id)
) strict, without rowid;

create table partitions (
  part integer primary key,
  epoch integer not null,
  owner text,
  taken_over integer not null
) strict;

-- The run is the rowid: a commit finds its instance by number, and a late writer of an older run finds nothing.
create table instances (
  run integer primary key,
  hub_id integer not null,
  part integer not null,
  instance_id text not null,
  execution_id text not null,
  name text not null,
  version text,
  status integer not null,
  created_at integer not null,
  scheduled_at integer,
  completed_at integer,
  recover integer not null,
  attempts integer not null default 0,
  attempts_seq integer,
  quarantined text,
  custom_status text,
  parent text,
  tags text,
  failure text,
  input text,
  output text
) strict;

create unique index instances_by_id on instances (hub_id, instance_id);
create index instances_by_status on instances (hub_id, status, created_at);

-- The queues: an instance is in one of these only while there is something to do, however many are parked.
create index instances_to_start on instances (part, created_at)
  where status = 6 and scheduled_at is null and quarantined is null;
create index instances_scheduled on instances (part, scheduled_at)
  where status = 6 and scheduled_at is not null and quarantined is null;
create index instances_to_recover on instances (part, instance_id)
  where recover = 1 and quarantined is null;

-- One row for each committed episode. `effects` is what the commit answered when that was more than "applied".
create table history (
  run integer not null,
  seq integer not null,
  at integer not null,
  event_count integer not null,
  effects text,
  events text not null,
  primary key (run, seq)
) strict, without rowid;

-- Ids are never given out twice: a reader goes on after the last one it has seen.
create table inbox (
  id integer primary key autoincrement,
  part integer not null,
  instance_id text not null,
  key text,
  at integer not null,
  event text not null
) strict;

create index inbox_by_part on inbox (part);
create unique index inbox_by_key on inbox (part, instance_id, key);

create table timers (
  part integer not null,
  due_at integer not null,
  run integer not null,
  id integer not null,
  primary key (part, due_at, run, id)
) strict, without rowid;

create index timers_by_run on timers (run);
