//! Sign-ins in progress. Each can be completed once, by the browser that started it, or is deleted.

use domain::time::Timestamp;
use sqlx::Row as _;

use crate::store::{StoreError, Tx};

/// A sign-in in progress.
#[derive(Clone)]
pub struct SignIn {
    /// SHA-256 of `state`, in hex.
    pub state_hash: String,
    /// SHA-256 of the cookie of the browser that started it, in hex.
    pub browser_hash: String,
    /// The nonce, which the ID token must contain.
    pub nonce: String,
    /// The PKCE code verifier.
    pub verifier: String,
    /// The path to go to afterwards, on this origin.
    pub return_to: String,
    pub started_at: Timestamp,
    /// The person must have authenticated after this time.
    pub fresh_after: Option<Timestamp>,
}

/// Stores a sign-in, and deletes those that can no longer be completed.
pub async fn begin_sign_in(
    tx: &mut Tx,
    sign_in: &SignIn,
    forget_before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("delete from sign_in where started_at < $1")
        .bind(forget_before.0)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into sign_in (state_hash, browser_hash, nonce, verifier, return_to, started_at, fresh_after) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&sign_in.state_hash)
    .bind(&sign_in.browser_hash)
    .bind(&sign_in.nonce)
    .bind(&sign_in.verifier)
    .bind(&sign_in.return_to)
    .bind(sign_in.started_at.0)
    .bind(sign_in.fresh_after.map(|at| at.0))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns a sign-in for the browser that started it, once, if it was started after `begun_after`.
pub async fn take_sign_in(
    tx: &mut Tx,
    state_hash: &str,
    browser_hash: &str,
    now: Timestamp,
    begun_after: Timestamp,
) -> Result<Option<SignIn>, StoreError> {
    let row = sqlx::query(
        "update sign_in set used_at = $1 where state_hash = $2 and browser_hash = $3 and used_at is null \
         and started_at > $4 returning nonce, verifier, return_to, started_at, fresh_after",
    )
    .bind(now.0)
    .bind(state_hash)
    .bind(browser_hash)
    .bind(begun_after.0)
    .fetch_optional(tx.conn())
    .await?;
    row.map(|row| {
        Ok(SignIn {
            state_hash: state_hash.to_owned(),
            browser_hash: browser_hash.to_owned(),
            nonce: row.try_get("nonce")?,
            verifier: row.try_get("verifier")?,
            return_to: row.try_get("return_to")?,
            started_at: Timestamp(row.try_get("started_at")?),
            fresh_after: row.try_get::<Option<i64>, _>("fresh_after")?.map(Timestamp),
        })
    })
    .transpose()
}
