-- Who signs in, which human that is, what they may do in Leastwise, and their sessions.
-- A session's cookie is never stored, only its SHA-256. A role is the row here and the group in the
-- token together; either alone gives nothing.
create table person (
    id text primary key not null,
    user_id text unique,
    created_at bigint not null
);

-- One row per Cognito subject. The name is for display only; nobody is ever found by it.
create table subject (
    iss text not null,
    sub text not null,
    person_id text not null references person (id),
    name text not null,
    first_seen bigint not null,
    last_sign_in bigint,
    primary key (iss, sub)
);
create index subject_person on subject (person_id);

create table role_grant (
    person_id text not null references person (id),
    role text not null,
    granted_at bigint not null,
    granted_by text not null,
    ended_at bigint,
    primary key (person_id, role, granted_at)
);

-- A sign-in under way: good once, for ten minutes, in the browser that began it. With fresh_after,
-- the person must have proven who they are after that instant (step-up).
create table sign_in (
    state_hash text primary key not null,
    browser_hash text not null,
    nonce text not null,
    verifier text not null,
    return_to text not null,
    started_at bigint not null,
    fresh_after bigint,
    used_at bigint
);
create index sign_in_started on sign_in (started_at);

-- checked_at is when Cognito last confirmed the person, asked_at when it was last asked. The refresh
-- token is sealed with a key made from the cookie, which is not here: the database alone opens none.
create table session (
    token_hash text primary key not null,
    id text not null unique,
    iss text not null,
    sub text not null,
    document text not null,
    refresh text,
    started_at bigint not null,
    last_used bigint not null,
    asked_at bigint not null,
    checked_at bigint not null,
    ends_at bigint not null,
    ended_at bigint,
    ended_why text
);
create index session_subject on session (iss, sub);

-- What somebody had typed when their session ended, given back to the same subject after sign-in.
create table draft (
    id text primary key not null,
    iss text not null,
    sub text not null,
    path text not null,
    fields text not null,
    saved_at bigint not null
);
create index draft_subject on draft (iss, sub, saved_at);
