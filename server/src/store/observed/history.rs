//! What was observed before now: spans that ended or began lately, and the complete reads between them.

use std::collections::BTreeMap;

use domain::{
    exposure_history::CompleteRead,
    ids::{AccountId, Assignment, GroupId, Pair, Principal, UserId},
    span::Span,
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use crate::store::{StoreConnection, StoreError, id};

/// The groups that are looked up by one statement, below the parameter limits of both engines.
const AT_ONCE: usize = 400;

/// An assignment, and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentSpan {
    pub assignment: Assignment,
    pub span: Span,
}

/// A membership, and when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipSpan {
    pub group: GroupId,
    pub user: UserId,
    pub span: Span,
}

/// Returns the assignments in one account that were gone at `since` or later, the latest first.
pub async fn ended_in(
    conn: &mut StoreConnection,
    account: &AccountId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<AssignmentSpan>, StoreError> {
    let rows = sqlx::query(
        "select account_id, set_arn, principal_type, principal_id, first_seen, last_confirmed, gone_seen \
         from assignment_span where account_id = $1 and gone_seen >= $2 order by gone_seen desc, set_arn, principal_id \
         limit $3",
    )
    .bind(account.as_str())
    .bind(since.0)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(assignment).collect()
}

/// Returns the memberships in some groups that were gone at `since` or later, the latest first of each few hundred groups.
pub async fn left(
    conn: &mut StoreConnection,
    groups: &[&GroupId],
    since: Timestamp,
    limit: i64,
) -> Result<Vec<MembershipSpan>, StoreError> {
    let mut found = Vec::new();
    for some in groups.chunks(AT_ONCE) {
        let sql = format!(
            "select group_id, user_id, first_seen, last_confirmed, gone_seen from membership_span \
             where gone_seen >= $1 and group_id in ({}) order by gone_seen desc, group_id, user_id limit $2",
            places(3, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(since.0)
            .bind(limit);
        for group in some {
            query = query.bind(group.as_str());
        }
        let rows = query.fetch_all(&mut *conn).await?;
        for row in &rows {
            found.push(membership(row)?);
        }
    }
    Ok(found)
}

/// Returns all assignments that were gone at `since` or later.
pub async fn ended_since(
    conn: &mut StoreConnection,
    since: Timestamp,
) -> Result<Vec<AssignmentSpan>, StoreError> {
    let rows = sqlx::query(
        "select account_id, set_arn, principal_type, principal_id, first_seen, last_confirmed, gone_seen \
         from assignment_span where gone_seen >= $1",
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?;
    rows.iter().map(assignment).collect()
}

/// Returns the memberships in some groups that began after `since`, or were gone at that time or later.
pub async fn memberships_since(
    conn: &mut StoreConnection,
    groups: &[&GroupId],
    since: Timestamp,
) -> Result<Vec<MembershipSpan>, StoreError> {
    let mut found = Vec::new();
    for some in groups.chunks(AT_ONCE) {
        let sql = format!(
            "select group_id, user_id, first_seen, last_confirmed, gone_seen from membership_span \
             where (first_seen > $1 and gone_seen is null or gone_seen >= $1) and group_id in ({})",
            places(2, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(since.0);
        for group in some {
            query = query.bind(group.as_str());
        }
        let rows = query.fetch_all(&mut *conn).await?;
        for row in &rows {
            found.push(membership(row)?);
        }
    }
    Ok(found)
}

/// Returns when some users were gone from the directory, as far as a read showed it.
pub async fn gone_users(
    conn: &mut StoreConnection,
    users: &[&UserId],
) -> Result<BTreeMap<UserId, Timestamp>, StoreError> {
    let mut found = BTreeMap::new();
    for some in users.chunks(AT_ONCE) {
        let sql = format!(
            "select id, gone_seen from directory_user where gone_seen is not null and id in ({})",
            places(1, some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for user in some {
            query = query.bind(user.as_str());
        }
        for row in query.fetch_all(&mut *conn).await? {
            let user = id("directory_user", &row.try_get::<String, _>("id")?)?;
            found.insert(user, Timestamp(row.try_get("gone_seen")?));
        }
    }
    Ok(found)
}

/// Returns the last complete read of each day (UTC) since a time, the oldest first.
pub async fn last_read_of_each_day(
    conn: &mut StoreConnection,
    since: Timestamp,
) -> Result<Vec<CompleteRead>, StoreError> {
    let rows = sqlx::query(
        "select started_at, complete_at from crawl where complete_at in \
         (select max(complete_at) from crawl where complete_at >= $1 group by complete_at / 86400000) order by complete_at",
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(CompleteRead {
                started: Timestamp(row.try_get("started_at")?),
                ended: Timestamp(row.try_get("complete_at")?),
            })
        })
        .collect()
}

/// Returns the placeholders of a list, the first of which has this number.
fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|at| format!("${at}")).collect();
    places.join(", ")
}

fn span(row: &AnyRow) -> Result<Span, StoreError> {
    Ok(Span {
        first_seen: Timestamp(row.try_get("first_seen")?),
        last_confirmed: Timestamp(row.try_get("last_confirmed")?),
        gone_seen: row.try_get::<Option<i64>, _>("gone_seen")?.map(Timestamp),
    })
}

fn assignment(row: &AnyRow) -> Result<AssignmentSpan, StoreError> {
    const TABLE: &str = "assignment_span";
    let text = |column| row.try_get::<String, _>(column);
    let principal = text("principal_id")?;
    let principal = match text("principal_type")?.as_str() {
        "USER" => Principal::User(id(TABLE, &principal)?),
        "GROUP" => Principal::Group(id(TABLE, &principal)?),
        other => {
            return Err(StoreError::Inconsistent {
                table: TABLE,
                what: format!("the principal type {other}"),
            });
        }
    };
    Ok(AssignmentSpan {
        assignment: Assignment {
            pair: Pair {
                account: id(TABLE, &text("account_id")?)?,
                set: id(TABLE, &text("set_arn")?)?,
            },
            principal,
        },
        span: span(row)?,
    })
}

fn membership(row: &AnyRow) -> Result<MembershipSpan, StoreError> {
    const TABLE: &str = "membership_span";
    Ok(MembershipSpan {
        group: id(TABLE, &row.try_get::<String, _>("group_id")?)?,
        user: id(TABLE, &row.try_get::<String, _>("user_id")?)?,
        span: span(row)?,
    })
}
