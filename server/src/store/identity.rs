//! The records of identities.
//!
//! What an identity ever was, whether it is suspended, and whether the alarm is on come from the ledger. The rows of
//! `identity_user` are an index to find the identity of a user; nothing counts because of a row alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    directory::User,
    identity::{ExternalIdDigest, IdentityAlarm, IdentityKeys, IdentityRecord, Suspension},
    ids::{PersonId, UserId},
    person::{Subject, link::LinkKeys},
    time::Timestamp,
};

use super::{
    Store, StoreConnection, StoreError, Tx, affected, id, json, ledger::live, person::stored_keys,
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
    live::view(conn, |projection| projection.identities().records().clone()).await
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
    /// The user of the row.
    pub user: UserId,
    /// The link keys of each sign-in, as it last stated them.
    pub keys: Vec<LinkKeys>,
    /// Every user that it ever was according to the index, with external ids.
    pub users: BTreeMap<UserId, BTreeSet<ExternalIdDigest>>,
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

/// Person, user, and the issuer, id and link keys of one subject.
type LinkedRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Returns all linked identities, by id.
pub async fn linked(conn: &mut StoreConnection) -> Result<Vec<LinkedIdentity>, StoreError> {
    let rows: Vec<LinkedRow> = sqlx::query_as(
        "select p.id, p.user_id, s.iss, s.sub, s.link_keys from person p left join subject s on s.person_id = p.id \
         where p.user_id is not null and (s.sub is not null or exists (select 1 from role_grant r \
         where r.person_id = p.id and r.ended_at is null)) order by p.id, s.iss, s.sub",
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut found = gathered(rows)?;
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select person_id, user_id, external_id from identity_user order by person_id",
    )
    .fetch_all(conn)
    .await?;
    let mut index: BTreeMap<String, Users> = BTreeMap::new();
    for (person, user, external_id) in rows {
        insert(index.entry(person).or_default(), &user, &external_id)?;
    }
    for identity in &mut found {
        identity.users = index.remove(identity.person.as_str()).unwrap_or_default();
    }
    Ok(found)
}

/// Returns one identity that has a user.
pub async fn linked_one(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Option<LinkedIdentity>, StoreError> {
    let rows: Vec<LinkedRow> = sqlx::query_as(
        "select p.id, p.user_id, s.iss, s.sub, s.link_keys from person p left join subject s on s.person_id = p.id \
         where p.id = $1 and p.user_id is not null order by s.iss, s.sub",
    )
    .bind(person.as_str())
    .fetch_all(&mut *conn)
    .await?;
    let Some(mut identity) = gathered(rows)?.pop() else {
        return Ok(None);
    };
    let rows: Vec<(String, String)> =
        sqlx::query_as("select user_id, external_id from identity_user where person_id = $1")
            .bind(person.as_str())
            .fetch_all(conn)
            .await?;
    for (user, external_id) in rows {
        insert(&mut identity.users, &user, &external_id)?;
    }
    Ok(Some(identity))
}

type Users = BTreeMap<UserId, BTreeSet<ExternalIdDigest>>;

fn insert(users: &mut Users, user: &str, external_id: &str) -> Result<(), StoreError> {
    let ids = users.entry(id("identity_user", user)?).or_default();
    // The row without an external id only names the user.
    ids.extend(ExternalIdDigest::parse(external_id));
    Ok(())
}

fn gathered(rows: Vec<LinkedRow>) -> Result<Vec<LinkedIdentity>, StoreError> {
    let mut found: Vec<LinkedIdentity> = Vec::new();
    for (person, user, iss, sub, kept) in rows {
        if found
            .last()
            .is_none_or(|last| last.person.as_str() != person)
        {
            found.push(LinkedIdentity {
                person: id("person", &person)?,
                user: id("person", &user)?,
                keys: Vec::new(),
                users: BTreeMap::new(),
            });
        }
        if let (Some(last), Some(iss), Some(sub)) = (found.last_mut(), iss, sub) {
            let keys = stored_keys(Subject { iss, sub }, kept.as_deref())?;
            last.keys.push(keys);
        }
    }
    Ok(found)
}

/// Returns the number of linked identities.
pub async fn count_linked(conn: &mut StoreConnection) -> Result<usize, StoreError> {
    let (count,): (i64,) = sqlx::query_as(
        "select count(*) from person p where p.user_id is not null and \
         (exists (select 1 from subject s where s.person_id = p.id) or exists (select 1 from role_grant r \
         where r.person_id = p.id and r.ended_at is null))",
    )
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
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

/// Returns every identity that a user ever was. The index names them; suspended identities count by the ledger, whatever
/// rows exist.
pub async fn ever_was(
    conn: &mut StoreConnection,
    user: &UserId,
    suspended: &SuspendedUsers,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("select distinct person_id from identity_user where user_id = $1")
            .bind(user.as_str())
            .fetch_all(&mut *conn)
            .await?;
    let indexed = rows.iter().map(|(person,)| id("identity_user", person));
    let mut found = indexed.collect::<Result<BTreeSet<PersonId>, StoreError>>()?;
    found.extend(suspended.of(user));
    Ok(found)
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
    let holder: Option<(String, i64)> = sqlx::query_as(
        "select p.id, (select count(*) from subject s where s.person_id = p.id) + (select count(*) from role_grant r \
         where r.person_id = p.id and r.ended_at is null) from person p where p.user_id = $1 and p.id <> $2",
    )
    .bind(user.as_str())
    .bind(person.as_str())
    .fetch_optional(tx.conn())
    .await?;
    if let Some((holder, used)) = holder {
        if used > 0 {
            return Ok(RelinkOutcome::Taken(id("person", &holder)?));
        }
        // Nobody ever was the other identity: a crawl created it for the new user.
        sqlx::query("update person set user_id = null where id = $1")
            .bind(holder)
            .execute(tx.conn())
            .await?;
    }
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
pub async fn identity_rows(store: &Store) -> Result<BTreeSet<IdentityRow>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select person_id, user_id, external_id from identity_user")
            .fetch_all(store.read())
            .await?;
    let row = |(person, user, external_id)| IdentityRow {
        person,
        user,
        external_id,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Returns the stored user of every person in the index.
pub async fn stored_links(store: &Store) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(
        "select id, user_id from person where id in (select person_id from identity_user)",
    )
    .fetch_all(store.read())
    .await?;
    Ok(rows.into_iter().collect())
}
