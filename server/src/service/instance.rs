//! The Identity Center instance of a database. What was read from one instance is never merged with another: everything
//! of the first would be missing from the second, and would be recorded as removed.

use domain::ids::InstanceArn;
use thiserror::Error;

use crate::store::{self, Store, StoreError};

/// The reason why this database cannot be used with an instance.
#[derive(Debug, Error)]
pub enum InstanceError {
    #[error(
        "the database was read from the Identity Center instance {recorded}, and the configuration leads to {found}; set LEASTWISE_AWS_REGION and the credentials of the first instance, or give LEASTWISE_DATABASE_URL a new database for the second"
    )]
    Other {
        recorded: String,
        found: InstanceArn,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks that a database contains nothing of another instance.
pub async fn check(store: &Store, found: &InstanceArn) -> Result<(), InstanceError> {
    let mut conn = store.connection().await?;
    match store::instance::recorded(&mut conn).await? {
        Some(recorded) if id(&recorded) != id(found.as_str()) => Err(InstanceError::Other {
            recorded,
            found: found.clone(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Returns the id of an instance: the second part of its ARN's resource, which the ARNs of its permission sets contain.
fn id(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}
