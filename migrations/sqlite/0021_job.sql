-- Background work that survives a restart and is run once, whatever number of processes there is. A job is enqueued in the
-- transaction of what it follows from. At most one job of a key waits and at most one runs, which the database enforces. The
-- lease is a token of its holder with a counter, `beat`, that the holder raises: no time of day is compared.
create table job (
    id text primary key not null,
    kind text not null,
    payload_version bigint not null,
    payload text not null,
    unique_key text,
    state text not null,
    run_at bigint not null,
    attempts bigint not null,
    lease text,
    owner text,
    beat bigint not null,
    progress_done bigint not null,
    progress_of bigint not null,
    cancel_requested bigint not null,
    result text,
    failure text,
    created_at bigint not null,
    started_at bigint,
    ended_at bigint
);
create unique index job_waiting on job (unique_key) where state = 'waiting';
create unique index job_running on job (unique_key) where state = 'running';
create index job_state on job (state, run_at);
create index job_ended on job (ended_at);
