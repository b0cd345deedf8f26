-- Ids have a table of their own, not an index of the instances: a large purge removes instances in the order they lie in
-- the file and leaves their ids, which lie elsewhere and at random, for a walk that visits every page once. An id whose
-- run is not among the instances is free.

create table instance_ids (
  hub_id integer not null,
  instance_id text not null,
  run integer not null,
  primary key (hub_id, instance_id)
) strict, without rowid;

insert into instance_ids (hub_id, instance_id, run)
  select hub_id, instance_id, run from instances order by hub_id, instance_id;

drop index instances_by_id;

alter table hubs add column sweep_after text;
