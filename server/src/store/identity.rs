//! The records of identities.
//!
//! What an identity is and ever was, who can act as it, whether it is suspended, and whether the alarm is on come from the
//! ledger. The rows of `identity_user` repeat it for those who read the database; nothing reads them but `ledger verify`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    directory::User,
    identity::{ExternalIdDigest, IdentityAlarm, IdentityKeys, IdentityRecord, Suspension},
    ids::{PersonId, UserId},
    ledger::projection::Projection,
    person::{Subject, link::LinkKeys},
    time::Timestamp,
};

use super::{
    StoreConnection, StoreError, Tx, affected, id, json,
    ledger::live::{self, Agreement},
    person::keys_of_all,
};

/// Returns what the ledger records about an identity.
pub async fn record(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<IdentityRecord, StoreError> {
    live::view(conn, |projection| projection.identities().record(person)).await
}

/// Returns what the ledger records about every identity, with a few queries instead of some for each identity. An identity
/// without an entry is not among them.
pub async fn records(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<PersonId, IdentityRecord>, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records().iter();
        let record = |(person, record): (&PersonId, &Arc<IdentityRecord>)| {
            (person.clone(), IdentityRecord::clone(record))
        };
        records.map(record).collect()
    })
    .await
}

/// Returns why an identity may not act; none if it may.
pub async fn suspension(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Option<Suspension>, StoreError> {
    Ok(record(conn, person).await?.suspended)
}

/// Returns all suspended identities.
pub async fn suspended(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<PersonId, Suspension>, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records().iter();
        records
            .filter_map(|(person, record)| Some((person.clone(), record.suspended.clone()?)))
            .collect()
    })
    .await
}

/// Returns how many identities are suspended since an instant or later, at most `most`. An identity that somebody has
/// confirmed in the meantime does not count.
pub async fn suspended_since(
    conn: &mut StoreConnection,
    at: Timestamp,
    most: usize,
) -> Result<usize, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records().values();
        let begun = records.filter_map(|record| Some(record.suspended.as_ref()?.at));
        begun.filter(|begun| *begun >= at).take(most).count()
    })
    .await
}

/// Returns the alarm, if it is on.
pub async fn alarm(conn: &mut StoreConnection) -> Result<Option<IdentityAlarm>, StoreError> {
    live::view(conn, |projection| projection.identities().alarm().cloned()).await
}

/// An identity that somebody can act as: it has a user, and a sign-in or a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    pub person: PersonId,
    /// The user of the row; the recorded one if the row contains none.
    pub user: UserId,
    /// The link keys of each sign-in, as it last stated them.
    pub keys: Vec<LinkKeys>,
}

impl LinkedIdentity {
    /// Returns everything by which the directory finds this identity: the keys of its sign-ins, and the external ids of
    /// a record of it.
    pub fn known_by(&self, record: &IdentityRecord) -> IdentityKeys<'_> {
        IdentityKeys::new(&self.keys, record)
    }

    /// Returns the digest of each of its subjects. Nobody else can have one of them, unlike an identity at a provider,
    /// which an administrator can link to another subject.
    pub fn subject_ids(&self) -> BTreeSet<ExternalIdDigest> {
        let subjects = self.keys.iter().map(|keys| &keys.subject);
        subjects.map(ExternalIdDigest::of_subject).collect()
    }
}

/// Returns the name that the directory last showed of a user, also of one that it does not contain any more.
pub async fn last_known_name(
    conn: &mut StoreConnection,
    user: &UserId,
) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("select document from directory_user where id = $1")
            .bind(user.as_str())
            .fetch_optional(conn)
            .await?;
    let Some((document,)) = row else {
        return Ok(None);
    };
    let user: User = json("directory_user", &document)?;
    Ok(Some(user.display_name))
}

/// Returns all identities in use that are linked to a user, by id, each with what the ledger records about it. A row that
/// differs from its record is returned as it is, once the ledger stood still while it was read.
pub async fn linked(
    conn: &mut StoreConnection,
) -> Result<Vec<(LinkedIdentity, IdentityRecord)>, StoreError> {
    let mut comparison = live::Comparison::default();
    loop {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select id, user_id from person where user_id is not null")
                .fetch_all(&mut *conn)
                .await?;
        let rows: BTreeMap<String, String> = rows.into_iter().collect();
        let found = live::view(conn, |projection| of_all(projection, &rows)).await?;
        let (found, agreement) = found?;
        if comparison.is_settled(conn, agreement).await? {
            return with_keys(conn, found).await;
        }
    }
}

/// An identity in use with its user, its record and its sign-ins.
type Found = (LinkedIdentity, IdentityRecord, Vec<Subject>);

/// Returns the identities in use that have a user by the ledger or by their row.
fn of_all(
    projection: &Projection,
    rows: &BTreeMap<String, String>,
) -> Result<(Vec<Found>, Agreement), StoreError> {
    let mut found = Vec::new();
    let mut agreement = Agreement::Agrees;
    for person in projection.identities_in_use() {
        let record = projection.identities().record(person);
        let row = rows.get(person.as_str());
        let row: Option<UserId> = row.map(|user| id("person", user)).transpose()?;
        if row.as_ref() != record.user() {
            agreement = Agreement::Differs;
        }
        let Some(user) = row.or_else(|| record.user().cloned()) else {
            continue;
        };
        let identity = LinkedIdentity {
            person: person.clone(),
            user,
            keys: Vec::new(),
        };
        let subjects = projection.sign_ins().of(person).cloned().collect();
        found.push((identity, record, subjects));
    }
    Ok((found, agreement))
}

async fn with_keys(
    conn: &mut StoreConnection,
    found: Vec<Found>,
) -> Result<Vec<(LinkedIdentity, IdentityRecord)>, StoreError> {
    let subjects = found.iter().flat_map(|(_, _, subjects)| subjects.clone());
    let mut keys = keys_of_all(conn, &subjects.collect::<Vec<_>>()).await?;
    let found = found.into_iter().map(|(mut identity, record, subjects)| {
        let own = subjects.iter().filter_map(|subject| keys.remove(subject));
        identity.keys = own.collect();
        (identity, record)
    });
    Ok(found.collect())
}

/// Returns one identity if its row contains a user, with what the ledger records about it. A row that differs from the record
/// is returned as it is, once the ledger stood still while it was read.
pub async fn linked_one(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<(Option<LinkedIdentity>, IdentityRecord), StoreError> {
    let mut comparison = live::Comparison::default();
    loop {
        let row: Option<(Option<String>,)> =
            sqlx::query_as("select user_id from person where id = $1")
                .bind(person.as_str())
                .fetch_optional(&mut *conn)
                .await?;
        let row = row.and_then(|(user,)| user);
        let row: Option<UserId> = row.map(|user| id("person", &user)).transpose()?;
        let (record, subjects): (_, Vec<Subject>) = live::view(conn, |projection| {
            let subjects = projection.sign_ins().of(person).cloned().collect();
            (projection.identities().record(person), subjects)
        })
        .await?;
        let agreement = Agreement::of(row.as_ref() == record.user());
        if !comparison.is_settled(conn, agreement).await? {
            continue;
        }
        let Some(user) = row else {
            return Ok((None, record));
        };
        let identity = LinkedIdentity {
            person: person.clone(),
            user,
            keys: keys_of_all(conn, &subjects).await?.into_values().collect(),
        };
        return Ok((Some(identity), record));
    }
}

/// Returns the number of identities in use that are linked to a user, by the ledger.
pub async fn count_linked(conn: &mut StoreConnection) -> Result<usize, StoreError> {
    live::view(conn, Projection::linked_identities).await
}

/// Adds a user of an identity to the index. The caller appends the entry in the same transaction.
pub async fn keep(
    tx: &mut Tx,
    person: &PersonId,
    user: &UserId,
    external_ids: &BTreeSet<ExternalIdDigest>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let ids = external_ids.iter().map(ExternalIdDigest::as_str);
    for external_id in std::iter::once("").chain(ids) {
        sqlx::query(
            "insert into identity_user (person_id, user_id, external_id, recorded_at) values ($1, $2, $3, $4) \
             on conflict do nothing",
        )
        .bind(person.as_str())
        .bind(user.as_str())
        .bind(external_id)
        .bind(at.0)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// The suspended identities of each user that one of them ever was, or that its suspension names, by the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuspendedUsers(BTreeMap<UserId, BTreeSet<PersonId>>);

impl SuspendedUsers {
    /// Returns the suspended identities of a user.
    pub fn of(&self, user: &UserId) -> impl Iterator<Item = PersonId> {
        self.0.get(user).into_iter().flatten().cloned()
    }
}

/// Returns the users of all suspended identities. A crawl asks once and not for each sign-in.
pub async fn suspended_users(conn: &mut StoreConnection) -> Result<SuspendedUsers, StoreError> {
    live::view(conn, |projection| {
        let mut found = SuspendedUsers::default();
        for (person, record) in projection.identities().records() {
            let Some(suspension) = &record.suspended else {
                continue;
            };
            for user in record.users.keys().chain(suspension.difference.other()) {
                let persons = found.0.entry(user.clone()).or_default();
                persons.insert(person.clone());
            }
        }
        found
    })
    .await
}

/// Returns every identity that a user ever was, by the ledger.
pub async fn ever_was(
    conn: &mut StoreConnection,
    user: &UserId,
    suspended: &SuspendedUsers,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let mut found: BTreeSet<PersonId> = live::view(conn, |projection| {
        projection.identities().ever_were(user).cloned().collect()
    })
    .await?;
    found.extend(suspended.0.get(user).into_iter().flatten().cloned());
    Ok(found)
}

/// Returns the identity other than `person` that is this user now and that somebody can act as, by the ledger.
pub async fn holder(
    conn: &mut StoreConnection,
    user: &UserId,
    person: &PersonId,
) -> Result<Option<PersonId>, StoreError> {
    live::view(conn, |projection| {
        projection.holder_of(user, person).cloned()
    })
    .await
}

/// Why an identity cannot become a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelinkOutcome {
    Done,
    /// The user belongs to another identity that has a sign-in or a role.
    Taken(PersonId),
}

/// Links an identity to another user. The caller appends the entry in the same transaction.
pub async fn relink(
    tx: &mut Tx,
    person: &PersonId,
    user: &UserId,
) -> Result<RelinkOutcome, StoreError> {
    if let Some(holder) = holder(tx.conn(), user, person).await? {
        return Ok(RelinkOutcome::Taken(holder));
    }
    // Nobody ever was another identity with this row: a crawl created it for the new user.
    sqlx::query("update person set user_id = null where user_id = $1 and id <> $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    let done = sqlx::query("update person set user_id = $1 where id = $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")?;
    Ok(RelinkOutcome::Done)
}

/// One row of the index, or the link of a person, as stored: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityRow {
    pub person: String,
    pub user: String,
    /// Empty for the row that only names the user.
    pub external_id: String,
}

/// Returns the index.
pub async fn identity_rows(
    conn: &mut StoreConnection,
) -> Result<BTreeSet<IdentityRow>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select person_id, user_id, external_id from identity_user")
            .fetch_all(conn)
            .await?;
    let row = |(person, user, external_id)| IdentityRow {
        person,
        user,
        external_id,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Returns the stored user of every person.
pub async fn stored_links(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    let rows: Vec<(String, Option<String>)> = sqlx::query_as("select id, user_id from person")
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().collect())
}
