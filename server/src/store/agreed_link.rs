//! Links of identities that people agree to: what is known of an identity, and the rows of a link, of its end and of a
//! refused claim.
//!
//! No row counts without the entry that the caller appends in the same transaction.

mod sketch;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    approval::Mfa,
    identity::{IdentityRecord, RecordedUser},
    ids::{PersonId, UserId},
    ledger::projection::sign_ins::RecordedSignIn,
    person::{Subject, link::LinkKeys},
    subject::identity_link::OpenMatter,
    time::Timestamp,
};

pub use sketch::{IdentitySketch, sketches};
pub use unused::in_use;

use super::{
    StoreConnection, StoreError, Tx, affected, id,
    identity::{self, SuspendedUsers},
    json,
    ledger::live,
    person::{self, SignInRow, rows_of, sign_ins_of, stored_keys},
    places,
    session::SessionDocument,
};

/// One sign-in of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInOfIdentity {
    pub keys: LinkKeys,
    /// The name in the user pool, if it has signed in.
    pub username: Option<String>,
    /// The name that the sign-in states. Its owner may write it.
    pub stated_name: String,
    pub first_seen: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    /// The user that it claims.
    pub claims: Option<UserId>,
    pub claimed_at: Option<Timestamp>,
    /// The identity that it came from, if it was another one's.
    pub joined_from: Option<PersonId>,
}

/// What is known of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdentity {
    pub person: PersonId,
    /// The user of the row.
    pub row: Option<UserId>,
    pub sign_ins: Vec<SignInOfIdentity>,
    pub record: IdentityRecord,
}

impl KnownIdentity {
    /// Returns the user that it is linked to, or that the identity is that it joined, by the ledger.
    pub fn user(&self) -> Option<&UserId> {
        match self.record.recorded_user() {
            RecordedUser::NotRecorded => None,
            RecordedUser::User(user) => Some(user),
            RecordedUser::None => self.record.current.as_ref(),
        }
    }

    /// Returns what the next agreement about it settles.
    pub fn open(&self) -> Option<OpenMatter> {
        if let Some(suspension) = &self.record.suspended {
            return Some(OpenMatter::Suspension {
                since: suspension.at,
            });
        }
        let claimed = self
            .sign_ins
            .iter()
            .filter_map(|sign_in| sign_in.claims.clone());
        let users: BTreeSet<UserId> = claimed.collect();
        (!users.is_empty()).then(|| OpenMatter::Claim {
            users: users.into_iter().collect(),
        })
    }

    /// Returns the keys of its sign-ins.
    pub fn keys(&self) -> Vec<LinkKeys> {
        let sign_ins = self.sign_ins.iter();
        sign_ins.map(|sign_in| sign_in.keys.clone()).collect()
    }
}

/// Returns what is known of an identity; none if there is no such person.
pub async fn known(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Option<KnownIdentity>, StoreError> {
    let mut found = known_all(conn, &[person.clone()].into()).await?;
    Ok(found.remove(person))
}

/// Returns what is known of each of these identities, as far as there is such a person.
pub async fn known_all(
    conn: &mut StoreConnection,
    persons: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, KnownIdentity>, StoreError> {
    let mut stored: Vec<(String, Option<String>)> = Vec::new();
    let persons: Vec<&PersonId> = persons.iter().collect();
    for some in persons.chunks(AT_ONCE) {
        let sql = format!(
            "select id, user_id from person where id in ({})",
            places(some.len())
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, person| query.bind(person.as_str()));
        stored.extend(query.fetch_all(&mut *conn).await?);
    }
    let mut recorded = BTreeMap::new();
    for (person, _) in &stored {
        let person: PersonId = id("person", person)?;
        let sign_ins = sign_ins_of(conn, &person).await?;
        recorded.insert(person, sign_ins);
    }
    let subjects = recorded.values().flatten();
    let subjects: Vec<Subject> = subjects.map(|(subject, _)| subject.clone()).collect();
    let mut rows = rows_of(conn, &subjects).await?;
    let mut found = BTreeMap::new();
    for (person, user) in &stored {
        let person: PersonId = id("person", person)?;
        let sign_ins = recorded.remove(&person).unwrap_or_default().into_iter();
        let known = KnownIdentity {
            row: user.as_deref().map(|user| id("person", user)).transpose()?,
            sign_ins: sign_ins
                .map(|(subject, known)| {
                    let row = rows.remove(&subject);
                    recorded_sign_in(subject, known, row)
                })
                .collect(),
            record: identity::record(conn, &person).await?,
            person: person.clone(),
        };
        found.insert(person, known);
    }
    Ok(found)
}

/// Returns a sign-in that the ledger assigns to an identity, with what its row says besides.
fn recorded_sign_in(
    subject: Subject,
    known: RecordedSignIn,
    row: Option<SignInRow>,
) -> SignInOfIdentity {
    let (claims, claimed_at) = known.claim.map(|claim| (claim.user, claim.at)).unzip();
    let missing = SignInOfIdentity {
        keys: LinkKeys::of_subject(subject),
        username: None,
        stated_name: String::new(),
        first_seen: Timestamp(0),
        last_sign_in: None,
        claims,
        claimed_at,
        joined_from: known.from,
    };
    match row {
        None => missing,
        Some(row) => SignInOfIdentity {
            keys: row.keys,
            username: row.username,
            stated_name: row.stated_name,
            first_seen: row.first_seen,
            last_sign_in: row.last_sign_in,
            ..missing
        },
    }
}

/// The columns of one sign-in with the person of its row.
const COLUMNS: &str = "select p.id, p.user_id, s.iss, s.sub, s.link_keys, s.username, s.name, s.first_seen, \
                       s.last_sign_in, s.claims, s.claimed_at, s.joined_from from person p join subject s on s.person_id = p.id";

/// The values of these columns.
type ListedRow = (
    String,
    Option<String>,
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

fn sign_in(row: ListedRow) -> Result<SignInOfIdentity, StoreError> {
    let (_, _, iss, sub, keys, username, stated_name, first_seen, last, claims, claimed_at, from) =
        row;
    Ok(SignInOfIdentity {
        keys: stored_keys(Subject { iss, sub }, keys.as_deref())?,
        username,
        stated_name,
        first_seen: Timestamp(first_seen),
        last_sign_in: last.map(Timestamp),
        claims: claims.map(|user| id("subject", &user)).transpose()?,
        claimed_at: claimed_at.map(Timestamp),
        joined_from: from.map(|from| id("subject", &from)).transpose()?,
    })
}

/// Returns whether the last session of each of these sign-ins proved a second factor; none without a session. Shown to
/// people, and trusted by nothing.
pub async fn second_factors(
    conn: &mut StoreConnection,
    subjects: &[&Subject],
) -> Result<BTreeMap<Subject, Mfa>, StoreError> {
    let mut found = BTreeMap::new();
    for some in subjects.chunks(AT_ONCE) {
        let sql = format!(
            "select iss, sub, document from (select iss, sub, document, \
             row_number() over (partition by iss, sub order by started_at desc) as place \
             from session where sub in ({})) latest where place = 1",
            places(some.len())
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, subject| query.bind(subject.sub.as_str()));
        let rows: Vec<(String, String, String)> = query.fetch_all(&mut *conn).await?;
        for (iss, sub, document) in rows {
            let document: SessionDocument = json("session", &document)?;
            found.insert(Subject { iss, sub }, document.mfa);
        }
    }
    Ok(found)
}

/// Returns the other identities that are, were or claim to be this user, by the ledger, and the one that a crawl created for
/// the user.
pub async fn others(
    conn: &mut StoreConnection,
    user: &UserId,
    person: &PersonId,
    suspended: &SuspendedUsers,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let rows: Vec<(String,)> = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_all(&mut *conn)
        .await?;
    let stored = rows.iter().map(|(other,)| id("person", other));
    let mut found = stored.collect::<Result<BTreeSet<PersonId>, StoreError>>()?;
    found.extend(identity::ever_was(conn, user, suspended).await?);
    let claiming: Vec<PersonId> = live::view(conn, |projection| {
        let claiming = projection.sign_ins().claiming();
        let of_user = claiming.filter(|(_, claim)| claim.user == *user);
        of_user.map(|(who, _)| who.person.clone()).collect()
    })
    .await?;
    found.extend(claiming);
    found.remove(person);
    Ok(found)
}

/// Links an identity to a user that nobody acts as.
pub async fn link(tx: &mut Tx, person: &PersonId, user: &UserId) -> Result<(), StoreError> {
    // A crawl created the other identity for the user, or its sign-in has moved.
    sqlx::query("update person set user_id = null where user_id = $1 and id <> $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    let done = sqlx::query("update person set user_id = $1, joined = null where id = $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")?;
    settle_claims(tx, person).await
}

/// Makes the sign-ins of an identity sign-ins of the one that is the same user.
pub async fn join(tx: &mut Tx, person: &PersonId, holder: &PersonId) -> Result<(), StoreError> {
    settle_claims(tx, person).await?;
    for (subject, _) in sign_ins_of(tx.conn(), person).await? {
        person::move_sign_in(tx, &subject, holder, Some(person)).await?;
    }
    let done = sqlx::query("update person set user_id = null, joined = $1 where id = $2")
        .bind(holder.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")
}

/// Ends the link of an identity. Sign-ins that it gave to another one come back; returns their number.
pub async fn end(tx: &mut Tx, person: &PersonId) -> Result<usize, StoreError> {
    let given: Vec<Subject> = live::view(tx.conn(), |projection| {
        projection.sign_ins().given_by(person).cloned().collect()
    })
    .await?;
    for subject in &given {
        person::move_sign_in(tx, subject, person, None).await?;
    }
    let done = sqlx::query("update person set user_id = null, joined = null where id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")?;
    settle_claims(tx, person).await?;
    Ok(given.len())
}

/// Removes the claims of an identity, which people settled.
pub async fn settle_claims(tx: &mut Tx, person: &PersonId) -> Result<(), StoreError> {
    sqlx::query("update subject set claims = null, claimed_at = null where person_id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The number of identities that are read in one query.
const AT_ONCE: usize = 500;

/// An identity in the list: a person with a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIdentity {
    pub person: PersonId,
    pub user: Option<UserId>,
    pub sign_ins: Vec<SignInOfIdentity>,
}

/// Returns these identities with their sign-ins by their rows, by id. For display: nothing is decided by it.
pub async fn listed(
    conn: &mut StoreConnection,
    persons: &[PersonId],
) -> Result<Vec<ListedIdentity>, StoreError> {
    let mut found: Vec<ListedIdentity> = Vec::new();
    for some in persons.chunks(AT_ONCE) {
        let sql = format!(
            "{COLUMNS} where p.id in ({}) order by p.id, s.iss, s.sub",
            places(some.len())
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, person| query.bind(person.as_str()));
        let rows: Vec<ListedRow> = query.fetch_all(&mut *conn).await?;
        for row in rows {
            if found
                .last()
                .is_none_or(|last| last.person.as_str() != row.0)
            {
                let user = row.1.as_deref().map(|user| id("person", user));
                found.push(ListedIdentity {
                    person: id("person", &row.0)?,
                    user: user.transpose()?,
                    sign_ins: Vec::new(),
                });
            }
            let sign_in = sign_in(row)?;
            if let Some(last) = found.last_mut() {
                last.sign_ins.push(sign_in);
            }
        }
    }
    Ok(found)
}

/// Returns the records of all identities about which people agreed to something, by the ledger.
pub async fn agreed(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<PersonId, IdentityRecord>, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records().iter();
        let agreed = records.filter(|(_, record)| record.was_agreed_on());
        agreed
            .map(|(person, record)| (person.clone(), IdentityRecord::clone(record)))
            .collect()
    })
    .await
}
