-- Where a start stands in a distributed trace; JSON, for those who have one.

alter table instances add column trace_context text;
