//! Sessions, and sign-ins in progress (`sign_in`).
//!
//! Stores the SHA-256 of cookies and of states, never the values: a reader of the database can neither resume a session
//! nor complete a sign-in. Rows are marked as ended and deleted only when they are old. A writer of the database cannot
//! create a session either: a row counts only if the ledger entry of its start confirms it, and until an entry ends it.

mod found;
mod sign_in;

pub use found::{by_id, by_token_hash};
pub use sign_in::{SignIn, begin_sign_in, take_sign_in};

use std::collections::BTreeSet;

use domain::{
    approval::Mfa,
    ids::{PersonId, UserId},
    ledger::projection::sessions::SessionBinding,
    person::Subject,
    time::{Duration, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{StoreConnection, StoreError, Tx, to_json};

/// What a session stores of the sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDocument {
    /// `cognito:username`, for queries to the user pool.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The displayed e-mail address.
    pub email: Option<String>,
    /// `cognito:groups`, as last confirmed.
    pub groups: BTreeSet<String>,
    /// Whether a second factor was proven.
    pub mfa: Mfa,
    /// `auth_time`.
    pub authenticated_at: Timestamp,
}

/// The reason why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There was no request for too long.
    Idle,
    /// It reached its maximum age.
    Absolute,
    /// The person signed out.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// Cognito disabled or deleted the user, or signed them out everywhere.
    Revoked,
    /// An administrator ended it.
    Administrator,
}

impl Ending {
    /// Returns the reason as it is stored in the database and the ledger.
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

/// A session to be created.
pub struct NewSession<'a> {
    /// SHA-256 of the cookie, in hex.
    pub token_hash: &'a str,
    /// The public id, which appears in the ledger and in logs.
    pub id: &'a str,
    pub subject: &'a Subject,
    pub remembered: &'a SessionDocument,
    /// The encrypted refresh token.
    pub refresh: Option<&'a str>,
    pub started_at: Timestamp,
    /// The latest end of the session.
    pub ends_at: Timestamp,
}

impl<'a> NewSession<'a> {
    /// Returns the properties that never change, for the ledger entry of its start.
    pub fn bound(&self) -> SessionBinding<'a> {
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
    remembered: &'a SessionDocument,
    (started_at, ends_at): (Timestamp, Timestamp),
) -> SessionBinding<'a> {
    SessionBinding {
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

/// A session, ended or not, and the person of its subject by the ledger.
#[derive(Debug, Clone)]
pub struct Session {
    /// The public id.
    pub id: String,
    pub subject: Subject,
    /// The person of the subject.
    pub person: PersonId,
    /// The Identity Center user of that person.
    pub user: Option<UserId>,
    pub remembered: SessionDocument,
    /// The encrypted refresh token.
    pub refresh: Option<String>,
    pub started_at: Timestamp,
    /// The time of the last request, accurate to about a minute.
    pub last_used: Timestamp,
    /// When Cognito was last queried.
    pub asked_at: Timestamp,
    /// When Cognito last confirmed the user.
    pub checked_at: Timestamp,
    /// The latest end of the session.
    pub ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Creates a session.
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

/// Records that a session was used.
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

/// Records that Cognito was queried and did not respond.
pub async fn note_asked(tx: &mut Tx, session: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update session set asked_at = $1 where id = $2 and ended_at is null")
        .bind(now.0)
        .bind(session)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Records that Cognito confirmed the user, with the returned data.
pub async fn confirm(
    tx: &mut Tx,
    session: &str,
    remembered: &SessionDocument,
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

/// Ends a session and deletes its encrypted refresh token. Returns whether the session was active.
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

/// Ends all sessions of a subject. Returns how many were active.
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

/// How long an ended session is kept, so that a form that is posted with its cookie can be saved.
const REMEMBER_ENDED: Duration = Duration::days(7);
/// How long a saved form is kept.
pub const KEEP_SAVED_FORM: Duration = Duration::days(1);

/// Deletes old ended sessions and old saved forms.
pub async fn forget_old(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("delete from session where ends_at < $1")
        .bind((now - REMEMBER_ENDED).0)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from draft where saved_at < $1")
        .bind((now - KEEP_SAVED_FORM).0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A session as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// The public id.
    pub id: String,
    pub subject: Subject,
    token_hash: String,
    remembered: Option<SessionDocument>,
    times: (Timestamp, Timestamp),
}

impl StoredSession {
    /// Returns the properties that its entry must confirm; none if the row cannot be read.
    pub fn bound(&self) -> Option<SessionBinding<'_>> {
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

/// Returns all active sessions.
pub async fn session_rows(conn: &mut StoreConnection) -> Result<Vec<StoredSession>, StoreError> {
    type Row = (String, String, String, String, String, i64, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, iss, sub, token_hash, document, started_at, ends_at from session where ended_at is null \
         order by id",
    )
    .fetch_all(conn)
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
