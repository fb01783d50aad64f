-- What people declared accounts to be. Rows are kept as history; one of each account is in force. A row counts only with
-- its entry in the ledger, which holds the SHA-256 of `document`.
create table account_declaration (
    account_id text not null,
    declared_at bigint not null,
    change_id text not null,
    digest text not null,
    document text not null,
    ended_at bigint,
    primary key (account_id, declared_at, digest)
);
create unique index account_declaration_in_force on account_declaration (account_id) where ended_at is null;
