-- What a row rests on. A decision belongs to a round: how often its change had been sent back by then,
-- so that one that was voided stays void when the effect flips back. Entries are found by what they are
-- about, so that a role counts only with its entry. A sign-in that is the second to claim a directory
-- user is not joined; the claim is kept until somebody settles it. The name of a sign-in in the pool is
-- kept to ask the pool by.
alter table ledger_entry add column target_id text;
create index ledger_entry_role on ledger_entry (target_id, seq) where type in ('role.granted', 'role.ended');

create table approval_of_round (
    change_id text not null references change (id),
    approver text not null,
    decision text not null,
    reason text not null,
    effect_hash text not null,
    at bigint not null,
    round bigint not null,
    primary key (change_id, approver, round)
);
insert into approval_of_round
select change_id, approver, decision, reason, effect_hash, at,
       row_number() over (partition by change_id, approver order by at, effect_hash) - 1
from approval;
drop table approval;
alter table approval_of_round rename to approval;
create trigger approval_no_update before update on approval
begin select raise(abort, 'a decision is never edited'); end;
create trigger approval_no_delete before delete on approval
begin select raise(abort, 'a decision is never deleted'); end;

alter table subject add column username text;
alter table subject add column claims text;
alter table subject add column claimed_at bigint;
create index subject_claims on subject (claims) where claims is not null;
