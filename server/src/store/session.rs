//! Sessions, and sign-ins under way (`sign_in`).
//!
//! Holds SHA-256 of cookies and of states, never the values: who reads the database can neither
//! resume a session nor finish a sign-in. Rows are ended, not deleted, until they are old. Who writes to
//! it cannot make one either: a row counts as what the ledger's entry of its beginning says, and only
//! until an entry ends it.

mod sign_in;

pub use sign_in::{SignIn, begin_sign_in, take_sign_in};

use std::collections::BTreeSet;

use domain::{
    approval::Mfa,
    ids::{PersonId, UserId},
    ledger::said::sessions::Bound,
    person::Subject,
    time::{Duration, Timestamp},
};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;

use super::{Store, StoreError, Tx, id, json, ledger::proof, to_json};

/// What a session remembers of the sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// `cognito:username`, to ask the pool by.
    pub username: String,
    /// Shown name.
    pub name: String,
    /// Shown address.
    pub email: Option<String>,
    /// `cognito:groups`, as last confirmed.
    pub groups: BTreeSet<String>,
    /// Whether a second factor was proven.
    pub mfa: Mfa,
    /// `auth_time`.
    pub authenticated_at: Timestamp,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was asked for too long.
    Idle,
    /// It reached its greatest age.
    Absolute,
    /// The person signed out.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// Cognito has disabled or removed the person, or signed them out everywhere.
    Revoked,
    /// An administrator ended it.
    Administrator,
}

impl Ending {
    /// The word for it in the database and the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Absolute => "absolute",
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Administrator => "administrator",
        }
    }
}

/// A session about to begin.
pub struct NewSession<'a> {
    /// SHA-256 of the cookie, hex.
    pub token_hash: &'a str,
    /// Its public name: in the ledger and in logs.
    pub id: &'a str,
    /// Who.
    pub subject: &'a Subject,
    /// What to remember.
    pub remembered: &'a Remembered,
    /// The sealed refresh token.
    pub refresh: Option<&'a str>,
    /// Now.
    pub started_at: Timestamp,
    /// Its greatest age.
    pub ends_at: Timestamp,
}

impl<'a> NewSession<'a> {
    /// What stays as it is now, for the entry of its beginning.
    pub fn bound(&self) -> Bound<'a> {
        bound(
            self.id,
            self.token_hash,
            self.subject,
            self.remembered,
            (self.started_at, self.ends_at),
        )
    }
}

fn bound<'a>(
    id: &'a str,
    token_hash: &'a str,
    subject: &'a Subject,
    remembered: &'a Remembered,
    (started_at, ends_at): (Timestamp, Timestamp),
) -> Bound<'a> {
    Bound {
        id,
        token_hash,
        subject,
        username: &remembered.username,
        mfa: remembered.mfa,
        authenticated_at: remembered.authenticated_at,
        started_at,
        ends_at,
    }
}

/// A session, ended or not, and the person of its subject.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its public name.
    pub id: String,
    /// Who.
    pub subject: Subject,
    /// Their person.
    pub person: PersonId,
    /// That person's Identity Center user.
    pub user: Option<UserId>,
    /// What it remembers.
    pub remembered: Remembered,
    /// The sealed refresh token.
    pub refresh: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When something was last asked for, give or take a minute.
    pub last_used: Timestamp,
    /// When Cognito was last asked.
    pub asked_at: Timestamp,
    /// When Cognito last confirmed.
    pub checked_at: Timestamp,
    /// Its greatest age.
    pub ends_at: Timestamp,
    /// When it ended, if it has.
    pub ended_at: Option<Timestamp>,
}

/// Begins a session.
pub async fn open(tx: &mut Tx, new: &NewSession<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into session (token_hash, id, iss, sub, document, refresh, started_at, last_used, asked_at, \
         checked_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7, $7, $7, $7, $8)",
    )
    .bind(new.token_hash)
    .bind(new.id)
    .bind(&new.subject.iss)
    .bind(&new.subject.sub)
    .bind(to_json(new.remembered))
    .bind(new.refresh)
    .bind(new.started_at.0)
    .bind(new.ends_at.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Finds a session by the SHA-256 of its cookie.
pub async fn by_token_hash(store: &Store, token_hash: &str) -> Result<Option<Session>, StoreError> {
    find(store, token_hash, BY_TOKEN_HASH).await
}

/// Finds a session by its public name: for streams, which outlive the request that carried the cookie.
pub async fn by_id(store: &Store, session: &str) -> Result<Option<Session>, StoreError> {
    find(store, session, BY_ID).await
}

const BY_TOKEN_HASH: &str = "select s.token_hash, s.id, s.iss, s.sub, s.document, s.refresh, s.started_at, s.last_used, \
     s.asked_at, s.checked_at, s.ends_at, s.ended_at, u.person_id, p.user_id from session s \
     join subject u on u.iss = s.iss and u.sub = s.sub join person p on p.id = u.person_id where s.token_hash = $1";
const BY_ID: &str = "select s.token_hash, s.id, s.iss, s.sub, s.document, s.refresh, s.started_at, s.last_used, \
     s.asked_at, s.checked_at, s.ends_at, s.ended_at, u.person_id, p.user_id from session s \
     join subject u on u.iss = s.iss and u.sub = s.sub join person p on p.id = u.person_id where s.id = $1";

async fn find(store: &Store, key: &str, sql: &'static str) -> Result<Option<Session>, StoreError> {
    let mut conn = store.read().acquire().await?;
    let Some(row) = sqlx::query(sql)
        .bind(key)
        .fetch_optional(&mut *conn)
        .await?
    else {
        return Ok(None);
    };
    let user: Option<String> = row.try_get("user_id")?;
    let mut session = Session {
        id: row.try_get("id")?,
        subject: Subject {
            iss: row.try_get("iss")?,
            sub: row.try_get("sub")?,
        },
        person: id("subject", row.try_get::<&str, _>("person_id")?)?,
        user: user.map(|user| id("person", &user)).transpose()?,
        remembered: json("session", row.try_get::<&str, _>("document")?)?,
        refresh: row.try_get("refresh")?,
        started_at: Timestamp(row.try_get("started_at")?),
        last_used: Timestamp(row.try_get("last_used")?),
        asked_at: Timestamp(row.try_get("asked_at")?),
        checked_at: Timestamp(row.try_get("checked_at")?),
        ends_at: Timestamp(row.try_get("ends_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp),
    };
    let said = proof::session(&mut conn, &session.id).await?;
    let token_hash: String = row.try_get("token_hash")?;
    let times = (session.started_at, session.ends_at);
    let bound = bound(
        &session.id,
        &token_hash,
        &session.subject,
        &session.remembered,
        times,
    );
    let Some(begun) = said.sessions().proof(&bound) else {
        tracing::error!(
            session = session.id,
            "a session without its entry in the ledger is none"
        );
        return Ok(None);
    };
    if session.ended_at.is_none() && begun.ended_at.is_some() {
        tracing::error!(
            session = session.id,
            "somebody took the end of a session away"
        );
        session.ended_at = begun.ended_at;
    }
    Ok(Some(session))
}

/// Notes that a session was used.
pub async fn touch(tx: &mut Tx, session: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "update session set last_used = $1 where id = $2 and ended_at is null and last_used < $1",
    )
    .bind(now.0)
    .bind(session)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes that Cognito was asked and did not answer.
pub async fn note_asked(tx: &mut Tx, session: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update session set asked_at = $1 where id = $2 and ended_at is null")
        .bind(now.0)
        .bind(session)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes that Cognito confirmed the person, with what it said of them.
pub async fn confirm(
    tx: &mut Tx,
    session: &str,
    remembered: &Remembered,
    refresh: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update session set document = $1, refresh = $2, asked_at = $3, checked_at = $3 \
         where id = $4 and ended_at is null",
    )
    .bind(to_json(remembered))
    .bind(refresh)
    .bind(now.0)
    .bind(session)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends a session; answers whether it was still going. The sealed refresh token goes with it.
pub async fn end(
    tx: &mut Tx,
    session: &str,
    why: Ending,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update session set ended_at = $1, ended_why = $2, refresh = null where id = $3 and ended_at is null",
    )
    .bind(now.0)
    .bind(why.as_str())
    .bind(session)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends every session of a subject; answers how many were going.
pub async fn end_all_of(
    tx: &mut Tx,
    subject: &Subject,
    why: Ending,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update session set ended_at = $1, ended_why = $2, refresh = null \
         where iss = $3 and sub = $4 and ended_at is null",
    )
    .bind(now.0)
    .bind(why.as_str())
    .bind(&subject.iss)
    .bind(&subject.sub)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// How long an ended session is remembered, so that a form posted with its cookie can be kept.
const REMEMBER_ENDED: Duration = Duration::days(7);
/// How long a draft is kept.
pub const KEEP_DRAFT: Duration = Duration::days(1);

/// Deletes sessions that ended long ago and drafts that nobody came back for.
pub async fn forget_old(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("delete from session where ends_at < $1")
        .bind((now - REMEMBER_ENDED).0)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from draft where saved_at < $1")
        .bind((now - KEEP_DRAFT).0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A session as it stands in its table, for whoever verifies: nothing about it is believed.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its public name.
    pub id: String,
    /// Who.
    pub subject: Subject,
    token_hash: String,
    remembered: Option<Remembered>,
    times: (Timestamp, Timestamp),
}

impl StoredSession {
    /// What its entry must say; nothing where the row cannot be read.
    pub fn bound(&self) -> Option<Bound<'_>> {
        let remembered = self.remembered.as_ref()?;
        Some(bound(
            &self.id,
            &self.token_hash,
            &self.subject,
            remembered,
            self.times,
        ))
    }
}

/// Every session that goes on.
pub async fn session_rows(store: &Store) -> Result<Vec<StoredSession>, StoreError> {
    type Row = (String, String, String, String, String, i64, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, iss, sub, token_hash, document, started_at, ends_at from session where ended_at is null \
         order by id",
    )
    .fetch_all(store.read())
    .await?;
    let row = |(id, iss, sub, token_hash, document, started_at, ends_at): Row| StoredSession {
        id,
        subject: Subject { iss, sub },
        token_hash,
        remembered: serde_json::from_str(&document).ok(),
        times: (Timestamp(started_at), Timestamp(ends_at)),
    };
    Ok(rows.into_iter().map(row).collect())
}
