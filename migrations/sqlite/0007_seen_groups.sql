-- The pool's groups of a sign-in as they were last seen, as a JSON list: who is seen to have left one has
-- lost its role. Sessions remember them as well, but are deleted when they are old, and a role must not
-- come back because its holder stayed away for long enough.
--
-- Databases from before 0006 are not supported: nothing had been released then. Entries that were written
-- before it have no target_id, so the roles they granted count for nobody, and `ledger verify` names them.
alter table subject add column seen_groups text;
