//! What decides the place of an identity in the list of identities, read without its sign-ins.

use domain::{
    ids::{PersonId, UserId},
    time::Timestamp,
};

use super::{StoreConnection, StoreError, id};

/// What of an identity with a sign-in decides its place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySketch {
    pub person: PersonId,
    pub user: Option<UserId>,
    /// Whether a sign-in of it claims a user.
    pub claims: bool,
    /// When the first of its sign-ins became known.
    pub first_seen: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    /// A username of it, by which it is found. Of several, the last of the alphabet.
    pub username: Option<String>,
}

/// Returns the identities that have a sign-in, without their sign-ins.
pub async fn sketches(conn: &mut StoreConnection) -> Result<Vec<IdentitySketch>, StoreError> {
    let rows: Vec<SketchRow> = sqlx::query_as(
        "select p.id, p.user_id, count(s.claims), min(s.first_seen), max(s.last_sign_in), max(s.username) \
         from person p join subject s on s.person_id = p.id group by p.id, p.user_id",
    )
    .fetch_all(conn)
    .await?;
    let sketch = |(person, user, claims, first_seen, last_sign_in, username): SketchRow| {
        Ok(IdentitySketch {
            person: id("person", &person)?,
            user: user.map(|user| id("person", &user)).transpose()?,
            claims: claims > 0,
            first_seen: Timestamp(first_seen),
            last_sign_in: last_sign_in.map(Timestamp),
            username,
        })
    };
    rows.into_iter().map(sketch).collect()
}

/// Person, user, the number of claims, the first time that a sign-in was seen, the last sign-in, a username.
type SketchRow = (
    String,
    Option<String>,
    i64,
    i64,
    Option<i64>,
    Option<String>,
);
