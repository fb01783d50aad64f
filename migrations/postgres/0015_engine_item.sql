-- What the engine knows of each item of a change: the steps of what is no access, and the result, which the row of the
-- change repeats only once it is over. One row per item, so that a result of one never rewrites two thousand others.
-- Rows stay when their change is over: its page shows the steps.
create table engine_item (
    change_id text not null,
    item bigint not null,
    document text not null,
    primary key (change_id, item)
);
