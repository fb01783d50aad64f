//! Builds the parts of a snapshot from rows.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    classification::{ClassificationContext, Environment, Pci, Recorded, classify},
    directory::{Group, User},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, Principal, UserId},
    org::{Account, OrganizationalUnit},
    permission_set::{Content, PermissionSet, analysis::Analysis},
    shared_map::SharedMap,
    snapshot::{Coverage, PairRead, Parts, Provisioned, Shared, Unread},
    time::Timestamp,
};
use futures::TryStreamExt as _;
use sqlx::{Row as _, any::AnyRow};

use super::{
    OUTDATED,
    interner::{Ids, Interner},
};
use crate::store::{StoreConnection, StoreError, id, json, ledger::live};

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

/// Returns everything observed that existed at the last read.
pub async fn load(
    conn: &mut StoreConnection,
    context: ClassificationContext<'_>,
    analyse: impl Fn(&Content) -> Analysis,
    now: Timestamp,
) -> Result<Parts, StoreError> {
    let mut parts = Parts::default();
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
    for user in documents_of::<User>(conn, "directory_user").await? {
        parts.users.insert(user.id.clone(), user);
    }
    for group in documents_of::<Group>(conn, "directory_group").await? {
        parts.groups.insert(group.id.clone(), group);
    }
    parts.sets = sets(conn, analyse).await?;
    let mut ids = Ids {
        accounts: Interner::of(parts.accounts.keys()),
        sets: Interner::of(parts.sets.keys()),
        users: Interner::of(parts.users.keys()),
        groups: Interner::of(parts.groups.keys()),
    };
    parts.members = members(conn, &mut ids).await?;
    parts.members_as_of = members_as_of(conn, &mut ids).await?;
    parts.pairs = pairs(conn, &mut ids).await?;
    let known = crate::store::identity_link::persons_of_users(conn).await?;
    for (user, person) in known.linked {
        let user = ids.users.id("person", user.as_str())?;
        parts.persons.insert(user, person);
    }
    parts.other_users = known.others.into();
    parts.coverage = coverage(conn, &parts.pairs).await?.into();
    Ok(parts)
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

async fn documents_of<T: serde::de::DeserializeOwned>(
    conn: &mut StoreConnection,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let sql = match table {
        "account" => "select document from account where gone_seen is null",
        "organizational_unit" => "select document from organizational_unit where gone_seen is null",
        "directory_user" => "select document from directory_user where gone_seen is null",
        _ => "select document from directory_group where gone_seen is null",
    };
    let mut found = Vec::new();
    // Row by row, because all rows at once need several times the memory of the result.
    let mut rows = sqlx::query(sql).fetch(conn);
    while let Some(row) = rows.try_next().await? {
        found.push(json(table, &row.try_get::<String, _>("document")?)?);
    }
    Ok(found)
}

async fn members(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<SharedMap<GroupId, Shared<BTreeSet<UserId>>>, StoreError> {
    const TABLE: &str = "membership_span";
    let mut members: BTreeMap<GroupId, BTreeSet<UserId>> = BTreeMap::new();
    let mut rows =
        sqlx::query("select group_id, user_id from membership_span where gone_seen is null")
            .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let group = ids
            .groups
            .id(TABLE, &row.try_get::<String, _>("group_id")?)?;
        let user = ids.users.id(TABLE, &row.try_get::<String, _>("user_id")?)?;
        members.entry(group).or_default().insert(user);
    }
    let members = members.into_iter();
    Ok(members
        .map(|(group, users)| (group, users.into()))
        .collect())
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

async fn pairs(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<SharedMap<Pair, PairRead>, StoreError> {
    let mut pairs = pair_reads(conn, ids).await?;
    let mut rows = sqlx::query(
        "select account_id, set_arn, principal_type, principal_id, first_seen \
         from assignment_span where gone_seen is null",
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let Some(read) = pairs.get_mut(&pair("assignment_span", &row, ids)?) else {
            continue;
        };
        let (principal, since) = assigned(&row, ids)?;
        read.principals.insert(principal, since);
    }
    let pairs = pairs.into_iter();
    Ok(pairs
        .filter(|(_, read)| !read.principals.is_empty())
        .collect())
}

/// Returns the principal of an assignment, and when it was first seen.
fn assigned(row: &AnyRow, ids: &mut Ids) -> Result<(Principal, Timestamp), StoreError> {
    const TABLE: &str = "assignment_span";
    let principal: String = row.try_get("principal_id")?;
    let principal = match row.try_get::<String, _>("principal_type")?.as_str() {
        "USER" => Principal::User(ids.users.id(TABLE, &principal)?),
        "GROUP" => Principal::Group(ids.groups.id(TABLE, &principal)?),
        other => {
            return Err(StoreError::Inconsistent {
                table: TABLE,
                what: format!("the principal type {other}"),
            });
        }
    };
    Ok((principal, Timestamp(row.try_get("first_seen")?)))
}

/// Returns the last read of a pair, without its principals.
fn pair_read(row: &AnyRow) -> Result<PairRead, StoreError> {
    let provisioned = match row.try_get::<String, _>("provisioned")?.as_str() {
        OUTDATED => Provisioned::Outdated,
        _ => Provisioned::Latest,
    };
    Ok(PairRead {
        as_of: Timestamp(row.try_get("as_of")?),
        principals: SharedMap::default(),
        provisioned,
    })
}

async fn pair_reads(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<BTreeMap<Pair, PairRead>, StoreError> {
    let mut pairs = BTreeMap::new();
    let mut rows =
        sqlx::query("select account_id, set_arn, as_of, provisioned from pair_read").fetch(conn);
    while let Some(row) = rows.try_next().await? {
        pairs.insert(pair("pair_read", &row, ids)?, pair_read(&row)?);
    }
    Ok(pairs)
}

fn pair(table: &'static str, row: &AnyRow, ids: &mut Ids) -> Result<Pair, StoreError> {
    let (account, set): (String, String) = (row.try_get("account_id")?, row.try_get("set_arn")?);
    Ok(Pair {
        account: ids.accounts.id(table, &account)?,
        set: ids.sets.id(table, &set)?,
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
