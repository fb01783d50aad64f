//! Builds the parts of a snapshot from rows.

use std::collections::BTreeMap;

use domain::{
    classification::{ClassificationContext, Environment, Pci, Recorded, classify},
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::{Content, PermissionSet, analysis::Analysis},
    shared_map::SharedMap,
    snapshot::{Coverage, PairRead, Parts, Unread},
    time::Timestamp,
};
use futures::TryStreamExt as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    aggregated,
    interner::{Ids, Interner},
};
use crate::store::{Store, StoreConnection, StoreError, id, json, ledger::live};

/// Returns the recorded classification of each account, which the entries of the ledger state. As long as they state none, an
/// earlier version wrote the rows, and these count.
pub async fn recorded(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<AccountId, Recorded>, StoreError> {
    let classes = live::view(conn, |projection| projection.classes().clone()).await?;
    if classes.all().is_empty() {
        let rows = class_rows(conn).await?;
        let readable = rows.into_iter().map(|row| {
            let account: AccountId = id("account", &row.account)?;
            let bad = || StoreError::Inconsistent {
                table: "account",
                what: format!("the classification of {account}"),
            };
            let class = row.class.ok_or_else(bad)?;
            Ok((account, class))
        });
        return readable.collect();
    }
    let all = classes.all().iter();
    Ok(all
        .map(|(account, class)| (account.clone(), *class))
        .collect())
}

/// The recorded classification of an account as it is stored: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRow {
    pub account: String,
    /// None if it cannot be read.
    pub class: Option<Recorded>,
}

/// Returns the stored classification of every account.
pub async fn class_rows(conn: &mut StoreConnection) -> Result<Vec<ClassRow>, StoreError> {
    let rows = sqlx::query(
        "select id, environment, pci, read_environment, read_pci from account order by id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let read = |column| row.try_get::<String, _>(column);
            Ok(ClassRow {
                account: read("id")?,
                class: strictness(row).ok().map(|strictest| Recorded {
                    strictest,
                    read: (
                        Environment::parse(&read("read_environment").unwrap_or_default()),
                        Pci::parse(&read("read_pci").unwrap_or_default()),
                    ),
                }),
            })
        })
        .collect()
}

/// Returns the strictest recorded classification in a row of an account.
fn strictness(row: &AnyRow) -> Result<(Environment, Pci), StoreError> {
    let bad = |what: &str| StoreError::Inconsistent {
        table: "account",
        what: what.to_owned(),
    };
    let environment = Environment::parse(&row.try_get::<String, _>("environment")?);
    let pci = Pci::parse(&row.try_get::<String, _>("pci")?);
    Ok((
        environment.ok_or_else(|| bad("environment"))?,
        pci.ok_or_else(|| bad("pci"))?,
    ))
}

/// Returns everything observed that existed at the last read. Reads the users on a connection of their own meanwhile: they
/// take about as long as the assignments.
pub async fn load(
    store: &Store,
    conn: &mut StoreConnection,
    context: ClassificationContext<'_>,
    analyse: impl Fn(&Content) -> Analysis,
    now: Timestamp,
) -> Result<Parts, StoreError> {
    let mut parts = Parts::default();
    let users = tokio::spawn(users(store.clone()));
    let held = recorded(conn).await?;
    let declared = crate::store::declaration::all_in_force(conn).await?;
    let (accounts, units) = organization(conn).await?;
    parts.units = units.into();
    for account in accounts {
        let recorded = held.get(&account.id).map(|held| held.strictest);
        let class = classify(&account, &parts.units, context, recorded);
        let class = class.under(declared.get(&account.id).copied(), now);
        parts.accounts.insert(account.id.clone(), (account, class));
    }
    for group in documents_of::<Group>(conn, "directory_group").await? {
        parts.groups.insert(group.id.clone(), group);
    }
    parts.sets = sets(conn, analyse).await?;
    let mut ids = Ids {
        accounts: Interner::of(parts.accounts.keys()),
        sets: Interner::of(parts.sets.keys()),
        users: Interner::default(),
        groups: Interner::of(parts.groups.keys()),
    };
    parts.pairs = aggregated::pairs(conn, &mut ids).await?;
    parts.members_as_of = members_as_of(conn, &mut ids).await?;
    parts.users = users.await.map_err(|error| StoreError::Inconsistent {
        table: "directory_user",
        what: error.to_string(),
    })??;
    ids.users = Interner::of(parts.users.keys());
    parts.members = aggregated::members(conn, &mut ids).await?;
    let known = crate::store::identity_link::persons_of_users(conn).await?;
    for (user, person) in known.linked {
        let user = ids.users.id("person", user.as_str())?;
        parts.persons.insert(user, person);
    }
    parts.other_users = known.others.into();
    parts.coverage = coverage(conn, &parts.pairs).await?.into();
    Ok(parts)
}

async fn users(store: Store) -> Result<SharedMap<UserId, User>, StoreError> {
    let mut conn = store.connection().await?;
    let users = documents_of::<User>(&mut conn, "directory_user").await?;
    let users: BTreeMap<_, _> = users
        .into_iter()
        .map(|user| (user.id.clone(), user))
        .collect();
    Ok(users.into_iter().collect())
}

/// Returns the accounts and OUs that existed at the last read.
pub async fn organization(
    conn: &mut StoreConnection,
) -> Result<(Vec<Account>, BTreeMap<OuId, OrganizationalUnit>), StoreError> {
    let units = documents_of::<OrganizationalUnit>(conn, "organizational_unit").await?;
    let units = units.into_iter().map(|unit| (unit.id.clone(), unit));
    let units = units.collect();
    Ok((documents_of::<Account>(conn, "account").await?, units))
}

/// Returns the documents of a table. The database joins some hundred of them into one value, because passing a row from
/// its thread costs more than reading a document; all of them at once would need several times the memory of the result.
async fn documents_of<T: serde::de::DeserializeOwned>(
    conn: &mut StoreConnection,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let sql = match table {
        "account" => {
            "select string_agg(document, ',') as documents from account \
             where gone_seen is null group by substr(id, length(id) - 1)"
        }
        "organizational_unit" => {
            "select string_agg(document, ',') as documents from organizational_unit \
             where gone_seen is null group by substr(id, length(id) - 1)"
        }
        "directory_user" => {
            "select string_agg(document, ',') as documents from directory_user \
             where gone_seen is null group by substr(id, length(id) - 1)"
        }
        _ => {
            "select string_agg(document, ',') as documents from directory_group \
             where gone_seen is null group by substr(id, length(id) - 1)"
        }
    };
    let mut found = Vec::new();
    let mut rows = sqlx::query(sql).fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let documents = row.try_get::<String, _>("documents")?;
        found.append(&mut json::<Vec<T>>(table, &format!("[{documents}]"))?);
    }
    Ok(found)
}

async fn members_as_of(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<SharedMap<GroupId, Timestamp>, StoreError> {
    let rows = sqlx::query("select id, members_as_of from directory_group where members_as_of is not null and gone_seen is null")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let group = ids
                .groups
                .id("directory_group", &row.try_get::<String, _>("id")?)?;
            Ok((group, Timestamp(row.try_get("members_as_of")?)))
        })
        .collect()
}

async fn sets(
    conn: &mut StoreConnection,
    analyse: impl Fn(&Content) -> Analysis,
) -> Result<SharedMap<PermissionSetArn, PermissionSet>, StoreError> {
    let rows = sqlx::query(
        "select arn, name, description, content from permission_set where gone_seen is null",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let set = permission_set(row, &analyse)?;
            Ok((set.arn.clone(), set))
        })
        .collect()
}

fn permission_set(
    row: &AnyRow,
    analyse: impl Fn(&Content) -> Analysis,
) -> Result<PermissionSet, StoreError> {
    let content: Content = json("permission_set", &row.try_get::<String, _>("content")?)?;
    Ok(PermissionSet {
        arn: id("permission_set", &row.try_get::<String, _>("arn")?)?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        hash: content.hash(),
        analysis: analyse(&content),
        content,
    })
}

async fn coverage(
    conn: &mut StoreConnection,
    pairs: &SharedMap<Pair, PairRead>,
) -> Result<Coverage, StoreError> {
    let last = sqlx::query("select started_at, ended_at, report, never_read, not_found from crawl where ended_at is not null order by ended_at desc limit 1")
        .fetch_optional(&mut *conn)
        .await?;
    let complete: Option<i64> = sqlx::query("select max(complete_at) as at from crawl")
        .fetch_one(conn)
        .await?
        .try_get("at")?;
    let Some(last) = last else {
        return Ok(Coverage::default());
    };
    let ended = Timestamp(last.try_get("ended_at")?);
    let unread: Vec<Unread> = match last.try_get::<Option<String>, _>("report")? {
        Some(report) => json("crawl", &report)?,
        None => Vec::new(),
    };
    Ok(Coverage {
        never_read: listed(&last, "never_read")?,
        not_found: listed(&last, "not_found")?,
        oldest: pairs.values().map(|read| read.as_of).min().or(Some(ended)),
        began: Some(Timestamp(last.try_get("started_at")?)),
        newest: Some(ended),
        complete_at: complete.map(Timestamp),
        unread,
    })
}

/// Reads a list of a crawl. Crawls of earlier versions have none.
fn listed<T: serde::de::DeserializeOwned>(
    row: &AnyRow,
    column: &str,
) -> Result<Vec<T>, StoreError> {
    match row.try_get::<Option<String>, _>(column)? {
        Some(text) => json("crawl", &text),
        None => Ok(Vec::new()),
    }
}
