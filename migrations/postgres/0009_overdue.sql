-- Since when a key should be gone whose removal is late: pages must not call access within the rules that
-- outlives its reason, and must not read every key that was ever ours to know.
alter table engine_key add column overdue_since bigint;
create index engine_key_overdue on engine_key (overdue_since) where overdue_since is not null;
