-- Changes, the decisions on them, and the rules they were judged by.
-- Decisions are append-only and unique per person and effect, so that a double click or two
-- approvers in one second cannot count twice. A change's state moves only by a conditional update
-- on its version.
create table change (
    id text primary key not null,
    requester text not null,
    proposal text not null,
    submitted_at bigint not null,
    decide_by bigint not null,
    verdict text not null,
    effect text not null,
    effect_hash text not null,
    gaining text not null,
    state text not null,
    version bigint not null,
    updated_at bigint not null,
    result text,
    form_key text not null unique,
    mfa text not null
);
create index change_state on change (state, submitted_at);
create index change_requester on change (requester, submitted_at);

-- Where a change is about, to find it by account, set or principal.
create table change_target (
    change_id text not null references change (id),
    kind text not null,
    value text not null,
    primary key (change_id, kind, value)
);
create index change_target_value on change_target (kind, value);

create table approval (
    change_id text not null references change (id),
    approver text not null,
    decision text not null,
    reason text not null,
    effect_hash text not null,
    at bigint not null,
    primary key (change_id, approver, effect_hash)
);

create table rules (
    version text primary key not null,
    document text not null,
    since bigint not null,
    until bigint
);

create function decision_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'a decision is never edited';
end
$$;
create trigger approval_no_change before update or delete on approval
for each row execute function decision_is_append_only();
create trigger approval_no_truncate before truncate on approval
for each statement execute function decision_is_append_only();
