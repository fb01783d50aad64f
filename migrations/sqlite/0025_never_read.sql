-- Columns that were written and never read: who granted a role is in its entry of the ledger, and no page shows where a
-- process listens.
alter table role_grant drop column granted_by;
alter table process drop column address;
