-- Several processes on one database. One of them runs the engine: it holds the lease and raises its counter; another one
-- takes over when the row stays unchanged for the length of the lease by its own clock. No column holds a time of a lease,
-- because the clocks of two machines differ. A lease without an owner is free. Its length is that of the holder, which
-- others wait for even if they are configured with a shorter one.
create table engine_lease (
    id text primary key not null,
    owner text,
    generation bigint not null,
    counter bigint not null,
    length_ms bigint not null
);

-- The processes that serve pages, for the page of operations and for the shares of the AWS quotas. Each raises its counter;
-- one whose row stays unchanged is not alive.
create table process (
    id text primary key not null,
    started_at bigint not null,
    version text not null,
    address text not null,
    role text not null,
    counter bigint not null
);

-- What was read of AWS, in order: a process that has an older version in memory applies the reads that it misses, or loads
-- everything if a crawl is among them. Rows from before a crawl are deleted, because nobody needs them any more.
-- A row counts only with its MAC by the row key.
-- Management and delegated administrators are in no other row, and decide how accounts are classified.
create table observed_version (
    id text primary key not null,
    version bigint not null,
    special text
);
insert into observed_version (id, version) values ('observed', 0);

create table observed_read (
    version bigint primary key not null,
    document text not null,
    key_id text not null,
    mac text not null
);
