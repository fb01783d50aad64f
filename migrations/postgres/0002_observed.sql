-- What AWS showed, and since when.
-- Documents (JSON) hold what is only shown; columns hold what is asked by. An assignment or
-- membership is a span: one row per unbroken stretch. While a span is open its last confirmation
-- is the as_of of the pair (or group) it was read with, so that a crawl that finds nothing new
-- touches one row per pair and not one per assignment.
create table account (
    id text primary key not null,
    document text not null,
    environment text not null,
    pci text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint
);

create table organizational_unit (
    id text primary key not null,
    document text not null,
    last_confirmed bigint not null,
    gone_seen bigint
);

create table directory_user (
    id text primary key not null,
    document text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint
);

create table directory_group (
    id text primary key not null,
    document text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint,
    members_as_of bigint
);

create table permission_set (
    arn text primary key not null,
    name text not null,
    description text,
    content text not null,
    hash text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint
);

create table permission_set_version (
    arn text not null,
    hash text not null,
    content text not null,
    first_seen bigint not null,
    primary key (arn, hash, first_seen)
);

create table pair_read (
    account_id text not null,
    set_arn text not null,
    as_of bigint not null,
    provisioned text not null,
    primary key (account_id, set_arn)
);

create table assignment_span (
    account_id text not null,
    set_arn text not null,
    principal_type text not null,
    principal_id text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint,
    primary key (account_id, set_arn, principal_type, principal_id, first_seen)
);
create index assignment_span_open on assignment_span (gone_seen);

create table membership_span (
    group_id text not null,
    user_id text not null,
    first_seen bigint not null,
    last_confirmed bigint not null,
    gone_seen bigint,
    primary key (group_id, user_id, first_seen)
);
create index membership_span_open on membership_span (gone_seen);

-- Differences that no change of ours explains.
create table outside_change (
    id text primary key not null,
    document text not null,
    account_id text,
    seen_after bigint not null,
    seen_by bigint not null
);
create index outside_change_by on outside_change (seen_by);

create table crawl (
    id text primary key not null,
    started_at bigint not null,
    ended_at bigint,
    complete_at bigint,
    report text
);
