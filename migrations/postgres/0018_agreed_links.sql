-- Links that people agreed to. A person whose sign-ins joined another one names it, and each of these sign-ins names the
-- person from which it came, so that the end of the link gives it back. Both are an index: what counts is the entries of
-- the ledger, whose types the index of entries about identities contains from now on.
alter table person add column joined text;
alter table subject add column joined_from text;

drop index ledger_entry_identity;
create index ledger_entry_identity on ledger_entry (target_id, seq)
    where type in ('identity.linked', 'identity.user_seen', 'identity.suspended', 'identity.confirmed',
    'identity.alarm_included', 'identity.link_agreed', 'identity.joined', 'identity.link_ended',
    'identity.claim_refused', 'identity.refusal_withdrawn');
