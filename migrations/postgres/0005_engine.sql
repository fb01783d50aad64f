-- What the reconciler is rebuilt from after any crash. One row per key, window, write and change;
-- documents are whole (the engine upserts them whole), columns are what is asked by. The generation
-- fences: only the process that raised it last may commit.
create table engine_generation (
    id text primary key not null,
    generation bigint not null
);

create table engine_key (
    id text primary key not null,
    document text not null
);

create table engine_window (
    id text primary key not null,
    key_id text not null,
    document text not null,
    over_at bigint
);
create index engine_window_open on engine_window (over_at);
create index engine_window_key on engine_window (key_id);

create table engine_operation (
    id text primary key not null,
    key_id text not null,
    change_id text,
    document text not null,
    intended_at bigint not null,
    over_at bigint
);
create index engine_operation_open on engine_operation (over_at);
create index engine_operation_key on engine_operation (key_id);
create index engine_operation_change on engine_operation (change_id);

create table engine_change (
    id text primary key not null,
    document text not null,
    over_at bigint
);
create index engine_change_open on engine_change (over_at);
