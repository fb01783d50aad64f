-- The server reads the entries by their number and keeps what they say in memory. Nothing finds an entry by these columns
-- any more, which were not signed: who altered one hid an entry.
drop index ledger_entry_role;
drop index ledger_entry_grant;
drop index ledger_entry_session;
drop index ledger_entry_identity;
alter table ledger_entry drop column target_id;
alter table ledger_entry drop column grant_id;
alter table ledger_entry drop column session;
