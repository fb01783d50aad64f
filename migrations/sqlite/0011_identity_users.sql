-- Every directory user that an identity ever was, and every external id that it ever had: a user that is
-- deleted and created again is the same human. The rows find the identity of a user; what counts is the
-- entries of the ledger, which `ledger verify` compares with them. A row without an external id names the user.
create index ledger_entry_identity on ledger_entry (target_id, seq)
    where type in ('identity.linked', 'identity.user_seen', 'identity.suspended', 'identity.confirmed');

create table identity_user (
    person_id text not null references person (id),
    user_id text not null,
    external_id text not null,
    recorded_at bigint not null,
    primary key (person_id, user_id, external_id)
);
create index identity_user_user on identity_user (user_id);
