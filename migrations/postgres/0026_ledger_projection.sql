-- The projection of the ledger as of some of its ends, so that a start applies the newest entries only and its time does not
-- grow with the log. `size`, `end_mac` and `end_leaf` state the end. A row counts only with its MAC by the row key, which
-- covers all other columns; without any row, a start applies every entry.
create table ledger_projection (
    size bigint not null,
    format bigint not null,
    end_mac text not null,
    end_leaf text not null,
    document text not null,
    key_id text not null,
    mac text not null,
    primary key (format, size)
);
