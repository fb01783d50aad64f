-- What a row rests on. A decision belongs to a round: how often its change had been sent back by then,
-- so that one that was voided stays void when the effect flips back. Entries are found by what they are
-- about, so that a role counts only with its entry. A sign-in that is the second to claim a directory
-- user is not joined; the claim is kept until somebody settles it. The name of a sign-in in the pool is
-- kept to ask the pool by.
alter table ledger_entry add column target_id text;
create index ledger_entry_role on ledger_entry (target_id, seq) where type in ('role.granted', 'role.ended');

alter table approval disable trigger user;
alter table approval add column round bigint;
update approval set round = numbered.round
from (
    select change_id, approver, effect_hash,
           row_number() over (partition by change_id, approver order by at, effect_hash) - 1 as round
    from approval
) numbered
where numbered.change_id = approval.change_id and numbered.approver = approval.approver
  and numbered.effect_hash = approval.effect_hash;
alter table approval alter column round set not null;
alter table approval drop constraint approval_pkey;
alter table approval add primary key (change_id, approver, round);
alter table approval enable trigger user;

alter table subject add column username text;
alter table subject add column claims text;
alter table subject add column claimed_at bigint;
create index subject_claims on subject (claims) where claims is not null;
