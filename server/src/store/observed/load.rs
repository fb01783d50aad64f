//! From rows to a snapshot's parts.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    classification::{Environment, Pci, classify},
    directory::{Group, User},
    ids::{AccountId, GroupId, Pair, PermissionSetArn, Principal, UserId},
    org::{Account, OrganizationalUnit, SpecialAccounts},
    permission_set::{Content, PermissionSet, analysis::Analysis},
    snapshot::{Coverage, PairRead, Parts, Provisioned, Unread},
    time::Timestamp,
};
use sqlx::{AnyConnection, Row as _};

use super::OUTDATED;
use crate::store::{StoreError, id, json};

/// The strictest classification on record of each account.
pub async fn recorded(
    conn: &mut AnyConnection,
) -> Result<BTreeMap<AccountId, (Environment, Pci)>, StoreError> {
    let rows = sqlx::query("select id, environment, pci from account")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let account: AccountId = id("account", &row.try_get::<String, _>("id")?)?;
            let bad = |what: &str| StoreError::Inconsistent {
                table: "account",
                what: what.to_owned(),
            };
            let environment = Environment::from_word(&row.try_get::<String, _>("environment")?);
            let pci = Pci::from_word(&row.try_get::<String, _>("pci")?);
            Ok((
                account,
                (
                    environment.ok_or_else(|| bad("environment"))?,
                    pci.ok_or_else(|| bad("pci"))?,
                ),
            ))
        })
        .collect()
}

/// Everything observed that was not gone at the last look.
pub async fn load(
    conn: &mut AnyConnection,
    special: &SpecialAccounts,
    analyse: impl Fn(&Content) -> Analysis,
) -> Result<Parts, StoreError> {
    let mut parts = Parts::default();
    for unit in documents_of::<OrganizationalUnit>(conn, "organizational_unit").await? {
        parts.units.insert(unit.id.clone(), unit);
    }
    let held = recorded(conn).await?;
    for account in documents_of::<Account>(conn, "account").await? {
        let units: Vec<_> = account
            .ous
            .iter()
            .filter_map(|unit| parts.units.get(unit))
            .collect();
        let class = classify(&account, &units, special, held.get(&account.id).copied());
        parts.accounts.insert(account.id.clone(), (account, class));
    }
    for user in documents_of::<User>(conn, "directory_user").await? {
        parts.users.insert(user.id.clone(), user);
    }
    for group in documents_of::<Group>(conn, "directory_group").await? {
        parts.groups.insert(group.id.clone(), group);
    }
    let known = parts
        .users
        .keys()
        .map(|id| (id.as_str().to_owned(), id.clone()))
        .collect();
    parts.members = members(conn, &known).await?;
    parts.members_as_of = members_as_of(conn).await?;
    parts.sets = sets(conn, analyse).await?;
    parts.pairs = pairs(conn).await?;
    parts.persons = crate::store::joined::by_user(conn).await?;
    parts.coverage = coverage(conn, &parts.pairs).await?;
    Ok(parts)
}

async fn documents_of<T: serde::de::DeserializeOwned>(
    conn: &mut AnyConnection,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    let sql = match table {
        "account" => "select document from account where gone_seen is null",
        "organizational_unit" => "select document from organizational_unit where gone_seen is null",
        "directory_user" => "select document from directory_user where gone_seen is null",
        _ => "select document from directory_group where gone_seen is null",
    };
    let rows = sqlx::query(sql).fetch_all(conn).await?;
    rows.iter()
        .map(|row| json(table, &row.try_get::<String, _>("document")?))
        .collect()
}

async fn members(
    conn: &mut AnyConnection,
    known: &BTreeMap<String, UserId>,
) -> Result<BTreeMap<GroupId, BTreeSet<UserId>>, StoreError> {
    let rows = sqlx::query(
        "select group_id, user_id from membership_span where gone_seen is null order by group_id",
    )
    .fetch_all(conn)
    .await?;
    let mut members: BTreeMap<GroupId, BTreeSet<UserId>> = BTreeMap::new();
    for row in &rows {
        let group: GroupId = id("membership_span", &row.try_get::<String, _>("group_id")?)?;
        let user: String = row.try_get("user_id")?;
        // One allocation per user, not per membership.
        let user = match known.get(&user) {
            Some(user) => user.clone(),
            None => id("membership_span", &user)?,
        };
        members.entry(group).or_default().insert(user);
    }
    Ok(members)
}

async fn members_as_of(
    conn: &mut AnyConnection,
) -> Result<BTreeMap<GroupId, Timestamp>, StoreError> {
    let rows = sqlx::query("select id, members_as_of from directory_group where members_as_of is not null and gone_seen is null")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let group = id("directory_group", &row.try_get::<String, _>("id")?)?;
            Ok((group, Timestamp(row.try_get("members_as_of")?)))
        })
        .collect()
}

async fn sets(
    conn: &mut AnyConnection,
    analyse: impl Fn(&Content) -> Analysis,
) -> Result<BTreeMap<PermissionSetArn, PermissionSet>, StoreError> {
    let rows = sqlx::query(
        "select arn, name, description, content from permission_set where gone_seen is null",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let arn: PermissionSetArn = id("permission_set", &row.try_get::<String, _>("arn")?)?;
            let content: Content = json("permission_set", &row.try_get::<String, _>("content")?)?;
            let set = PermissionSet {
                arn: arn.clone(),
                name: row.try_get("name")?,
                description: row.try_get("description")?,
                hash: content.hash(),
                analysis: analyse(&content),
                content,
            };
            Ok((arn, set))
        })
        .collect()
}

async fn pairs(conn: &mut AnyConnection) -> Result<BTreeMap<Pair, PairRead>, StoreError> {
    let reads = sqlx::query("select account_id, set_arn, as_of, provisioned from pair_read")
        .fetch_all(&mut *conn)
        .await?;
    let mut known: BTreeMap<(String, String), (Pair, PairRead)> = BTreeMap::new();
    let mut sets: BTreeMap<String, PermissionSetArn> = BTreeMap::new();
    for row in &reads {
        let (account, set): (String, String) =
            (row.try_get("account_id")?, row.try_get("set_arn")?);
        let arn = match sets.get(&set) {
            Some(arn) => arn.clone(),
            None => sets
                .entry(set.clone())
                .or_insert(id("pair_read", &set)?)
                .clone(),
        };
        let provisioned = match row.try_get::<String, _>("provisioned")?.as_str() {
            OUTDATED => Provisioned::Outdated,
            _ => Provisioned::Latest,
        };
        let pair = Pair {
            account: id("pair_read", &account)?,
            set: arn,
        };
        let read = PairRead {
            as_of: Timestamp(row.try_get("as_of")?),
            principals: BTreeMap::new(),
            provisioned,
        };
        known.insert((account, set), (pair, read));
    }
    let spans = sqlx::query(
        "select account_id, set_arn, principal_type, principal_id, first_seen \
         from assignment_span where gone_seen is null",
    )
    .fetch_all(conn)
    .await?;
    let mut principals: BTreeMap<String, Principal> = BTreeMap::new();
    for row in &spans {
        let key: (String, String) = (row.try_get("account_id")?, row.try_get("set_arn")?);
        let Some((_, read)) = known.get_mut(&key) else {
            continue;
        };
        let principal_id: String = row.try_get("principal_id")?;
        let principal = match principals.get(&principal_id) {
            Some(principal) => principal.clone(),
            None => {
                let kind: String = row.try_get("principal_type")?;
                let principal = Principal::parse(&kind, &principal_id).map_err(|error| {
                    StoreError::Inconsistent {
                        table: "assignment_span",
                        what: error.to_string(),
                    }
                })?;
                principals.entry(principal_id).or_insert(principal).clone()
            }
        };
        read.principals
            .insert(principal, Timestamp(row.try_get("first_seen")?));
    }
    Ok(known
        .into_values()
        .filter(|(_, read)| !read.principals.is_empty())
        .collect())
}

async fn coverage(
    conn: &mut AnyConnection,
    pairs: &BTreeMap<Pair, PairRead>,
) -> Result<Coverage, StoreError> {
    let last = sqlx::query("select ended_at, report from crawl where ended_at is not null order by ended_at desc limit 1")
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
        oldest: pairs.values().map(|read| read.as_of).min().or(Some(ended)),
        newest: Some(ended),
        complete_at: complete.map(Timestamp),
        unread,
    })
}
