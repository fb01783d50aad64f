-- Entries are found by the window of access or the session that they are about, so that neither counts
-- without its entry. The columns are no part of what is signed: `ledger verify` holds them against it.
-- A session is named by SHA-256 of its public name, as in the entry.
alter table ledger_entry add column grant_id text;
alter table ledger_entry add column session text;
create index ledger_entry_grant on ledger_entry (grant_id, seq) where grant_id is not null;
create index ledger_entry_session on ledger_entry (session, seq) where type in ('session.started', 'session.ended');
