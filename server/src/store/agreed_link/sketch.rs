//! What decides the place of an identity in the list of identities, read without its sign-ins.

use domain::ids::{PersonId, UserId};

use super::{AT_ONCE, StoreConnection, StoreError, id, places};

/// What of an identity with a sign-in decides its place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySketch {
    pub person: PersonId,
    pub user: Option<UserId>,
    /// Whether a sign-in of it claims a user.
    pub claims: bool,
}

/// Which identities are listed.
#[derive(Debug, Clone)]
pub enum Listed {
    All,
    WithoutUser,
    Claiming,
    These(Vec<PersonId>),
}

/// Returns the identities that have a sign-in, without their sign-ins.
pub async fn sketches(
    conn: &mut StoreConnection,
    which: &Listed,
) -> Result<Vec<IdentitySketch>, StoreError> {
    let condition = match which {
        Listed::All => "1 = 1",
        Listed::WithoutUser => "p.user_id is null",
        Listed::Claiming => "p.id in (select person_id from subject where claims is not null)",
        Listed::These(these) => {
            let mut found = Vec::new();
            for some in these.chunks(AT_ONCE) {
                let condition = format!("p.id in ({})", places(some.len()));
                found.extend(sketches_where(conn, &condition, some).await?);
            }
            return Ok(found);
        }
    };
    sketches_where(conn, condition, &[]).await
}

async fn sketches_where(
    conn: &mut StoreConnection,
    condition: &str,
    persons: &[PersonId],
) -> Result<Vec<IdentitySketch>, StoreError> {
    let sql = format!(
        "select p.id, p.user_id, count(s.claims) from person p join subject s on s.person_id = p.id \
         where {condition} group by p.id, p.user_id"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = persons
        .iter()
        .fold(query, |query, person| query.bind(person.as_str()));
    let rows: Vec<(String, Option<String>, i64)> = query.fetch_all(conn).await?;
    let sketch = |(person, user, claims): (String, Option<String>, i64)| {
        Ok(IdentitySketch {
            person: id("person", &person)?,
            user: user.map(|user| id("person", &user)).transpose()?,
            claims: claims > 0,
        })
    };
    rows.into_iter().map(sketch).collect()
}
