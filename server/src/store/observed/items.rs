//! Loads single items of the observed state, which another process stored, into the parts of a snapshot.

use std::collections::BTreeSet;

use domain::{
    classification::{ClassificationContext, Environment, Pci, classify},
    ids::{AccountId, GroupId, Pair, PermissionSetArn, UserId},
    org::Account,
    permission_set::{Content, analysis::Analysis},
    snapshot::{PairRead, Parts},
    time::Timestamp,
};
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use super::load;
use crate::store::{StoreConnection, StoreError, id, json};

/// Items of the observed state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedItems {
    pub accounts: BTreeSet<AccountId>,
    pub users: BTreeSet<UserId>,
    /// Groups, each with its members.
    pub groups: BTreeSet<GroupId>,
    pub sets: BTreeSet<PermissionSetArn>,
    pub pairs: BTreeSet<Pair>,
}

/// Replaces these items by what is stored now. An item that is gone is removed.
pub async fn reload(
    conn: &mut StoreConnection,
    parts: &mut Parts,
    items: &ObservedItems,
    context: ClassificationContext<'_>,
    analyse: impl Fn(&Content) -> Analysis,
    now: Timestamp,
) -> Result<(), StoreError> {
    let declared = crate::store::declaration::in_force_of(conn, &items.accounts).await?;
    for one in &items.accounts {
        let known = match account(conn, one).await? {
            Some((account, recorded)) => {
                let class = classify(&account, &parts.units, context, Some(recorded));
                let declared = declared.get(one).map(|one| one.declared);
                Some((account, class.under(declared, now)))
            }
            None => None,
        };
        parts.accounts.set(one, known);
    }
    for user in &items.users {
        let sql = "select document from directory_user where id = $1 and gone_seen is null";
        let known = document(conn, "directory_user", sql, user.as_str()).await?;
        parts.users.set(user, known);
    }
    if !items.users.is_empty() {
        let known = crate::store::identity_link::persons_of_users(conn).await?;
        parts.persons = parts.persons.replaced_by(known.linked.into_iter());
        parts.other_users = known.others.into();
    }
    for group in &items.groups {
        reload_group(conn, parts, group).await?;
    }
    for set in &items.sets {
        let known = load::set(conn, set, &analyse).await?;
        parts.sets.set(set, known);
    }
    for one in &items.pairs {
        let known = pair(conn, one).await?;
        parts.pairs.set(one, known);
    }
    Ok(())
}

async fn account(
    conn: &mut StoreConnection,
    account: &AccountId,
) -> Result<Option<(Account, (Environment, Pci))>, StoreError> {
    let sql = "select document, environment, pci from account where id = $1 and gone_seen is null";
    let row = sqlx::query(sql)
        .bind(account.as_str())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let known = json("account", &row.try_get::<String, _>("document")?)?;
    Ok(Some((known, load::strictness(&row)?)))
}

async fn document<T: DeserializeOwned>(
    conn: &mut StoreConnection,
    table: &'static str,
    sql: &'static str,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let row = sqlx::query(sql).bind(key).fetch_optional(conn).await?;
    row.map(|row| json(table, &row.try_get::<String, _>("document")?))
        .transpose()
}

async fn reload_group(
    conn: &mut StoreConnection,
    parts: &mut Parts,
    group: &GroupId,
) -> Result<(), StoreError> {
    let sql = "select document from directory_group where id = $1 and gone_seen is null";
    let known = document(conn, "directory_group", sql, group.as_str()).await?;
    parts.groups.set(group, known);
    let sql = "select members_as_of from directory_group where id = $1 and gone_seen is null";
    let read: Option<(Option<i64>,)> = sqlx::query_as(sql)
        .bind(group.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let read = read.and_then(|(at,)| at).map(Timestamp);
    parts.members_as_of.set(group, read);
    let sql = "select user_id from membership_span where group_id = $1 and gone_seen is null";
    let rows: Vec<(String,)> = sqlx::query_as(sql)
        .bind(group.as_str())
        .fetch_all(conn)
        .await?;
    let members = rows.iter().map(|(user,)| id("membership_span", user));
    let members: BTreeSet<UserId> = members.collect::<Result<_, _>>()?;
    let members = (!members.is_empty()).then(|| members.into());
    parts.members.set(group, members);
    Ok(())
}

async fn pair(conn: &mut StoreConnection, pair: &Pair) -> Result<Option<PairRead>, StoreError> {
    let sql = "select as_of, provisioned from pair_read where account_id = $1 and set_arn = $2";
    let row = sqlx::query(sql)
        .bind(pair.account.as_str())
        .bind(pair.set.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut read = load::pair_read(&row)?;
    let sql = "select principal_type, principal_id, first_seen from assignment_span \
               where account_id = $1 and set_arn = $2 and gone_seen is null";
    let rows = sqlx::query(sql)
        .bind(pair.account.as_str())
        .bind(pair.set.as_str())
        .fetch_all(conn)
        .await?;
    for row in &rows {
        let (principal, since) = load::assigned(
            row,
            |user| id("assignment_span", user),
            |group| id("assignment_span", group),
        )?;
        read.principals.insert(principal, since);
    }
    Ok((!read.principals.is_empty()).then_some(read))
}
