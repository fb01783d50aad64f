//! Finds a session, as far as the ledger confirms its row.
//!
//! The person and the user of a session are those that the ledger records for its sign-in: no other row decides them.

use domain::{
    ids::{PersonId, UserId},
    ledger::projection::Projection,
    person::Subject,
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::{Session, SessionDocument, bound};
use crate::store::{
    Moment, Store, StoreError, json,
    ledger::live::{self, Agreement},
};

/// Finds a session by the SHA-256 of its cookie.
pub async fn by_token_hash(store: &Store, token_hash: &str) -> Result<Option<Session>, StoreError> {
    find(store, token_hash, BY_TOKEN_HASH).await
}

/// Finds a session by its public id. Used by streams, which outlive the request that carried the cookie.
pub async fn by_id(store: &Store, session: &str) -> Result<Option<Session>, StoreError> {
    find(store, session, BY_ID).await
}

/// The columns of a session, and the end of the ledger: most requests find that they have verified it already, and need no
/// statement to follow the ledger.
macro_rules! columns {
    () => {
        "select token_hash, id, iss, sub, document, refresh, started_at, last_used, asked_at, checked_at, ends_at, ended_at, \
         (select max(seq) from ledger_entry) as last_entry, (select size from ledger_head where id = 'head') as head \
         from session where "
    };
}

const BY_TOKEN_HASH: &str = concat!(columns!(), "token_hash = $1");
const BY_ID: &str = concat!(columns!(), "id = $1");

async fn find(store: &Store, key: &str, sql: &'static str) -> Result<Option<Session>, StoreError> {
    let mut conn = store.connection().await?;
    let mut comparison = live::Comparison::default();
    loop {
        let asked = Moment::now();
        let row = sqlx::query(sql).bind(key).fetch_optional(&mut conn).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let tail = store.tail();
        tail.saw_end(row.try_get("last_entry")?, row.try_get("head")?, asked);
        let token_hash: String = row.try_get("token_hash")?;
        let row = SessionRow::read(&row)?;
        let proven = live::view(&mut conn, |projection| {
            proven(projection, &row, &token_hash)
        });
        let proven = proven.await?;
        let is_as_recorded = proven
            .as_ref()
            .is_some_and(|proven| proven.ended_at.is_some() == row.ended_at.is_some());
        let agreement = Agreement::of(is_as_recorded);
        if comparison.is_settled(&mut conn, agreement).await? {
            let session = row.id.clone();
            let Some(proven) = proven else {
                tracing::error!(
                    session,
                    "a session without its entry in the ledger does not count"
                );
                return Ok(None);
            };
            let found = row.session(proven);
            if found.is_none() {
                tracing::info!(
                    session,
                    "a session ends, because its sign-in belongs to another identity by now"
                );
            }
            return Ok(found);
        }
    }
}

/// The row of a session.
struct SessionRow {
    id: String,
    subject: Subject,
    remembered: SessionDocument,
    refresh: Option<String>,
    started_at: Timestamp,
    last_used: Timestamp,
    asked_at: Timestamp,
    checked_at: Timestamp,
    ends_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// What the ledger says of a session.
struct ProvenSession {
    /// The identity that its sign-in belongs to now; none if another one began it.
    person: Option<PersonId>,
    user: Option<UserId>,
    ended_at: Option<Timestamp>,
}

fn proven(projection: &Projection, row: &SessionRow, token_hash: &str) -> Option<ProvenSession> {
    let bound = bound(
        &row.id,
        token_hash,
        &row.subject,
        &row.remembered,
        (row.started_at, row.ends_at),
    );
    let begun = projection.sessions().proof(&bound)?;
    let identities = projection.identities();
    let person = projection.sign_ins().person_of(&row.subject);
    // The sign-in belongs to the person of that moment, or to the identity that this person was joined to.
    let person = person.filter(|person| {
        let then = begun.person.as_ref();
        then.is_none_or(|then| {
            then == *person || identities.record(then).joined.as_ref() == Some(*person)
        })
    });
    Some(ProvenSession {
        person: person.cloned(),
        user: person.and_then(|person| identities.record(person).user().cloned()),
        ended_at: begun.ended_at,
    })
}

impl SessionRow {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            subject: Subject {
                iss: row.try_get("iss")?,
                sub: row.try_get("sub")?,
            },
            remembered: json("session", row.try_get::<&str, _>("document")?)?,
            refresh: row.try_get("refresh")?,
            started_at: Timestamp(row.try_get("started_at")?),
            last_used: Timestamp(row.try_get("last_used")?),
            asked_at: Timestamp(row.try_get("asked_at")?),
            checked_at: Timestamp(row.try_get("checked_at")?),
            ends_at: Timestamp(row.try_get("ends_at")?),
            ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp),
        })
    }

    /// Returns the session; none if its sign-in belongs to another identity by now. The ledger ends it whatever the row says.
    fn session(self, proven: ProvenSession) -> Option<Session> {
        if self.ended_at.is_none() && proven.ended_at.is_some() {
            tracing::error!(
                session = self.id,
                "a session ended according to the ledger, but its row is open"
            );
        }
        Some(Session {
            id: self.id,
            subject: self.subject,
            person: proven.person?,
            user: proven.user,
            remembered: self.remembered,
            refresh: self.refresh,
            started_at: self.started_at,
            last_used: self.last_used,
            asked_at: self.asked_at,
            checked_at: self.checked_at,
            ends_at: self.ends_at,
            ended_at: self.ended_at.or(proven.ended_at),
        })
    }
}
