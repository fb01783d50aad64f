//! Writes the rows that differ between the parts of two snapshots.

use std::collections::BTreeSet;

use domain::{
    ids::{GroupId, Pair, Principal},
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned},
    time::Timestamp,
};

use super::{
    LATEST, OUTDATED,
    accounts::save_accounts,
    rows::{Rows, Value, insert},
};
use crate::store::{StoreError, Tx, to_json};

/// Writes the differences between `before` and `after`, observed at `now`.
pub async fn save(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
    now: Timestamp,
) -> Result<(), StoreError> {
    save_accounts(tx, before, after, now).await?;
    if before.units != after.units {
        units(tx, after, now).await?;
    }
    documents(tx, "directory_user", &before.users, &after.users, now).await?;
    documents(tx, "directory_group", &before.groups, &after.groups, now).await?;
    sets(tx, before, after, now).await?;
    pair_reads(tx, before, after).await?;
    assignments(tx, before, after, now).await?;
    memberships(tx, before, after, now).await?;
    members_read(tx, before, after).await
}

async fn units(tx: &mut Tx, after: &Parts, now: Timestamp) -> Result<(), StoreError> {
    let rows: Rows<'_> = Box::new(after.units.iter().map(|(id, unit)| {
        vec![
            Value::Text(id.to_string()),
            Value::Text(to_json(unit)),
            Value::Number(now.0),
        ]
    }));
    insert(
        tx,
        "organizational_unit (id, document, last_confirmed)",
        3,
        "on conflict (id) do update set document = excluded.document, last_confirmed = excluded.last_confirmed, \
         gone_seen = null",
        rows,
    )
    .await?;
    sqlx::query("update organizational_unit set gone_seen = $1 where last_confirmed < $1 and gone_seen is null")
        .bind(now.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn documents<K: Ord + AsStr + Send + Sync, V: PartialEq + serde::Serialize + Send + Sync>(
    tx: &mut Tx,
    table: &'static str,
    before: &SharedMap<K, V>,
    after: &SharedMap<K, V>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = after.changes_since(before);
    let changed = changed.filter_map(|one| Some((one.key, one.after?)));
    let rows: Rows<'_> = Box::new(changed.map(|(id, value)| {
        vec![
            Value::Text(id.text().to_owned()),
            Value::Text(to_json(value)),
            Value::Number(now.0),
            Value::Number(now.0),
        ]
    }));
    let (into, forget) = match table {
        "directory_user" => (
            "directory_user (id, document, first_seen, last_confirmed)",
            "update directory_user set gone_seen = $1 where id = $2 and gone_seen is null",
        ),
        _ => (
            "directory_group (id, document, first_seen, last_confirmed)",
            "update directory_group set gone_seen = $1 where id = $2 and gone_seen is null",
        ),
    };
    insert(
        tx,
        into,
        4,
        "on conflict (id) do update set document = excluded.document, \
         last_confirmed = excluded.last_confirmed, gone_seen = null",
        rows,
    )
    .await?;
    for one in after.changes_since(before) {
        if one.after.is_none() {
            gone(tx, forget, now, one.key.text()).await?;
        }
    }
    Ok(())
}

async fn sets(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
    now: Timestamp,
) -> Result<(), StoreError> {
    for one in after.sets.changes_since(&before.sets) {
        let (arn, old) = (one.key, one.before);
        let Some(set) = one.after else {
            let forget =
                "update permission_set set gone_seen = $1 where arn = $2 and gone_seen is null";
            gone(tx, forget, now, arn.as_str()).await?;
            continue;
        };
        sqlx::query(
            "insert into permission_set (arn, name, description, content, hash, first_seen, last_confirmed) \
             values ($1, $2, $3, $4, $5, $6, $6) on conflict (arn) do update set name = excluded.name, \
             description = excluded.description, content = excluded.content, hash = excluded.hash, \
             last_confirmed = excluded.last_confirmed, gone_seen = null",
        )
        .bind(arn.as_str())
        .bind(&set.name)
        .bind(&set.description)
        .bind(to_json(&set.content))
        .bind(&set.hash.0)
        .bind(now.0)
        .execute(tx.conn())
        .await?;
        if old.is_none_or(|old| old.hash != set.hash) {
            sqlx::query("insert into permission_set_version (arn, hash, content, first_seen) values ($1, $2, $3, $4)")
                .bind(arn.as_str())
                .bind(&set.hash.0)
                .bind(to_json(&set.content))
                .bind(now.0)
                .execute(tx.conn())
                .await?;
        }
    }
    Ok(())
}

async fn pair_reads(tx: &mut Tx, before: &Parts, after: &Parts) -> Result<(), StoreError> {
    let changed = after.pairs.changes_since(&before.pairs);
    let changed = changed.filter_map(|one| {
        let (old, read) = (one.before, one.after?);
        let same =
            old.is_some_and(|old| old.as_of == read.as_of && old.provisioned == read.provisioned);
        (!same).then_some((one.key, read))
    });
    let rows: Rows<'_> = Box::new(changed.map(|(pair, read)| {
        let provisioned = match read.provisioned {
            Provisioned::Latest => LATEST,
            Provisioned::Outdated => OUTDATED,
        };
        vec![
            Value::Text(pair.account.to_string()),
            Value::Text(pair.set.to_string()),
            Value::Number(read.as_of.0),
            Value::Text(provisioned.into()),
        ]
    }));
    insert(
        tx,
        "pair_read (account_id, set_arn, as_of, provisioned)",
        4,
        "on conflict (account_id, set_arn) do update set as_of = excluded.as_of, provisioned = excluded.provisioned",
        rows,
    )
    .await
}

async fn assignments(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changes = after.pairs.changes_since(&before.pairs);
    let opened: Rows<'_> = Box::new(changes.flat_map(|one| {
        let read = one.after.into_iter();
        let principals = read.flat_map(|read| &read.principals);
        let fresh = principals.filter(move |(principal, _)| {
            let old = one.before;
            old.is_none_or(|old| !old.principals.contains_key(principal))
        });
        fresh.map(move |(principal, since)| span(one.key, principal, *since))
    }));
    insert(
        tx,
        "assignment_span (account_id, set_arn, principal_type, principal_id, first_seen, last_confirmed)",
        6,
        "on conflict do nothing",
        opened,
    )
    .await?;
    for one in after.pairs.changes_since(&before.pairs) {
        let (pair, read) = (one.key, one.after);
        let Some(old) = one.before else {
            continue;
        };
        for principal in old
            .principals
            .keys()
            .filter(|p| read.is_none_or(|read| !read.principals.contains_key(p)))
        {
            let seen = read.map_or(now, |read| read.as_of);
            close(tx, pair, principal, old, seen).await?;
        }
    }
    Ok(())
}

fn span(pair: &Pair, principal: &Principal, since: Timestamp) -> Vec<Value> {
    vec![
        Value::Text(pair.account.to_string()),
        Value::Text(pair.set.to_string()),
        Value::Text(principal.kind().into()),
        Value::Text(principal.id().into()),
        Value::Number(since.0),
        Value::Number(since.0),
    ]
}

/// Closes a span, which was last confirmed by the pair's previous read.
async fn close(
    tx: &mut Tx,
    pair: &Pair,
    principal: &Principal,
    old: &PairRead,
    seen: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "update assignment_span set last_confirmed = $1, gone_seen = $2 where account_id = $3 and set_arn = $4 \
         and principal_type = $5 and principal_id = $6 and gone_seen is null",
    )
    .bind(old.as_of.0)
    .bind(seen.0)
    .bind(pair.account.as_str())
    .bind(pair.set.as_str())
    .bind(principal.kind())
    .bind(principal.id())
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn memberships(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let none = BTreeSet::new();
    let changes = after.members.changes_since(&before.members);
    let opened: Rows<'_> = Box::new(changes.flat_map(|one| {
        let group = one.key;
        let users = one.after.map_or(&none, |users| users);
        let known = one.before.map_or(&none, |users| users);
        users.difference(known).map(move |user| {
            vec![
                Value::Text(group.to_string()),
                Value::Text(user.to_string()),
                Value::Number(shown(before, after, group, now).0),
                Value::Number(shown(before, after, group, now).0),
            ]
        })
    }));
    insert(
        tx,
        "membership_span (group_id, user_id, first_seen, last_confirmed)",
        4,
        "on conflict do nothing",
        opened,
    )
    .await?;
    for one in after.members.changes_since(&before.members) {
        let group = one.key;
        let users = one.before.map_or(&none, |users| users);
        for user in users.difference(one.after.map_or(&none, |users| users)) {
            sqlx::query(
                "update membership_span set gone_seen = $2, \
                 last_confirmed = case when first_seen > $1 then first_seen else $1 end \
                 where group_id = $3 and user_id = $4 and gone_seen is null",
            )
            .bind(read(before, group, now).0)
            .bind(shown(before, after, group, now).0)
            .bind(group.as_str())
            .bind(user.as_str())
            .execute(tx.conn())
            .await?;
        }
    }
    Ok(())
}

/// Returns when a difference in a group was observed: when the group was read, or now if only one membership was read.
fn shown(before: &Parts, after: &Parts, group: &GroupId, now: Timestamp) -> Timestamp {
    let read = after.members_as_of.get(group);
    let anew = read.filter(|at| before.members_as_of.get(group) != Some(*at));
    anew.copied().unwrap_or(now)
}

/// Returns when a group's members were last read.
fn read(parts: &Parts, group: &GroupId, now: Timestamp) -> Timestamp {
    parts.members_as_of.get(group).copied().unwrap_or(now)
}

async fn members_read(tx: &mut Tx, before: &Parts, after: &Parts) -> Result<(), StoreError> {
    let read = after.members_as_of.changes_since(&before.members_as_of);
    for (group, at) in read.filter_map(|one| Some((one.key, one.after?))) {
        sqlx::query("update directory_group set members_as_of = $1 where id = $2")
            .bind(at.0)
            .bind(group.as_str())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Marks a row as gone.
pub(super) async fn gone(
    tx: &mut Tx,
    sql: &'static str,
    now: Timestamp,
    key: &str,
) -> Result<(), StoreError> {
    sqlx::query(sql)
        .bind(now.0)
        .bind(key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ids that are stored as text.
trait AsStr {
    fn text(&self) -> &str;
}

impl AsStr for domain::ids::UserId {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl AsStr for domain::ids::GroupId {
    fn text(&self) -> &str {
        self.as_str()
    }
}
