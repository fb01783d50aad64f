-- Entries that Leastwise did not write and that two administrators set aside on the host: nothing of them is lost, and
-- the log goes on without them. `entry` is the number of the entry that records it.
create table ledger_set_aside (
    id text primary key not null,
    entry bigint not null,
    at bigint not null,
    document text not null
);
