-- Entries that a writer of the database cannot add: each one has a MAC by the row key, which is not in the database.
-- A table of its own, because entries themselves never change, and entries of earlier versions get their MAC later.
-- `prev` repeats the MAC of the entry before, so that one damaged entry does not make the next one unverifiable.
create table ledger_mac (
    seq bigint primary key not null,
    key_id text not null,
    mac text not null,
    prev text not null
);

-- The names of the row keys in use, so that a process with another key does not start.
create table row_key (
    id text primary key not null,
    first_used_at bigint not null
);
