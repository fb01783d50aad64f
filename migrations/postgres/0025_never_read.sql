-- Columns that were written and never read: who granted a role is in its entry of the ledger, and no page shows where a
-- process listens. Nobody acted on the notification of a new entry either: whoever looks at the ledger reads it.
alter table role_grant drop column granted_by;
alter table process drop column address;
drop trigger ledger_grew on ledger_head;
drop function leastwise_ledger_grew();
