-- The ledger: what happened, in order, unalterable.
-- One head row is the only sequencer: whoever appends locks it first, so that commit order, chain
-- order and numbering are the same thing, and a range once read never changes. Entries, tree
-- hashes and checkpoints only grow; the triggers below are the second wall behind the code.
-- Personal values stand apart (ledger_private) so that they can be erased without breaking a leaf.
create table ledger_head (
    id text primary key not null,
    log text not null,
    size bigint not null,
    last_hash text not null
);

create table ledger_entry (
    seq bigint primary key not null,
    type text not null,
    occurred_at bigint not null,
    outcome text not null,
    actor text,
    target text,
    account_id text,
    change_id text,
    leaf text not null,
    leaf_hash text not null
);
create index ledger_entry_change on ledger_entry (change_id, seq);
create index ledger_entry_account on ledger_entry (account_id, seq);
create index ledger_entry_actor on ledger_entry (actor, seq);
create index ledger_entry_type on ledger_entry (type, seq);

-- Search by words, on both engines alike: neither full-text index speaks the other's dialect.
-- `path` names the private value that a word came from, so that it is erased with it; empty = none.
create table ledger_token (
    token text not null,
    seq bigint not null,
    path text not null,
    primary key (token, seq, path)
);
create index ledger_token_seq on ledger_token (seq);

-- RFC 6962 tree nodes, by the stored-hash index of tlog tiles.
create table ledger_hash (
    idx bigint primary key not null,
    hash text not null
);

create table ledger_private (
    seq bigint not null,
    path text not null,
    salt text not null,
    value text not null,
    primary key (seq, path)
);

create table ledger_checkpoint (
    size bigint primary key not null,
    root text not null,
    note text not null,
    signed_at bigint not null
);

create trigger ledger_entry_no_update before update on ledger_entry
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_entry_no_delete before delete on ledger_entry
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_hash_no_update before update on ledger_hash
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_hash_no_delete before delete on ledger_hash
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_checkpoint_no_update before update on ledger_checkpoint
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_checkpoint_no_delete before delete on ledger_checkpoint
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_head_only_grows before update on ledger_head
when new.id <> old.id or new.log <> old.log or new.size < old.size
begin select raise(abort, 'the ledger is append-only'); end;
create trigger ledger_head_no_delete before delete on ledger_head
begin select raise(abort, 'the ledger is append-only'); end;
-- A personal value may be erased, never replaced.
create trigger ledger_private_no_update before update on ledger_private
begin select raise(abort, 'the ledger is append-only'); end;
