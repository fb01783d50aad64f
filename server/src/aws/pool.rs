//! Reads from the Cognito user pool.

use std::collections::BTreeSet;

use super::{
    Aws,
    call::read,
    error::{CallError, ErrorClass},
};

/// The current state of a user in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUser {
    /// The immutable subject; `None` only if the pool does not return it.
    pub sub: Option<String>,
    /// Whether the user is enabled.
    pub enabled: bool,
    /// Whether the user comes from an external identity provider.
    pub federated: bool,
    /// The second factors that the user has set up.
    pub factors: Vec<String>,
    /// The names of the user's groups.
    pub groups: BTreeSet<String>,
}

impl Aws {
    /// Returns a user, by `AdminGetUser` and `AdminListGroupsForUser`. The class is NotFound only if the user does not exist,
    /// not if the pool does not, as in a wrong Region.
    pub async fn pool_user(&self, pool: &str, username: &str) -> Result<PoolUser, CallError> {
        let user = read(&self.budgets.pool, || {
            self.pool
                .admin_get_user()
                .user_pool_id(pool)
                .username(username)
                .send()
        })
        .await
        .map_err(of_pool)?;
        let mut groups = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            let answer = read(&self.budgets.pool, || {
                self.pool
                    .admin_list_groups_for_user()
                    .user_pool_id(pool)
                    .username(username)
                    .limit(60)
                    .set_next_token(token.clone())
                    .send()
            })
            .await
            .map_err(of_pool)?;
            groups.extend(
                answer
                    .groups()
                    .iter()
                    .filter_map(|group| group.group_name().map(str::to_owned)),
            );
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        let attributes = user.user_attributes();
        let sub = attributes
            .iter()
            .find(|attribute| attribute.name() == "sub");
        Ok(PoolUser {
            sub: sub.and_then(|sub| sub.value()).map(str::to_owned),
            enabled: user.enabled(),
            federated: user
                .user_status()
                .is_some_and(|status| status.as_str() == "EXTERNAL_PROVIDER"),
            factors: user.user_mfa_setting_list().to_vec(),
            groups,
        })
    }

    /// Returns whether the pool requires a second factor of every user.
    pub async fn pool_demands_mfa(&self, pool: &str) -> Result<bool, CallError> {
        let answer = read(&self.budgets.pool, || {
            self.pool
                .get_user_pool_mfa_config()
                .user_pool_id(pool)
                .send()
        })
        .await?;
        Ok(answer
            .mfa_configuration()
            .is_some_and(|mfa| mfa.as_str() == "ON"))
    }
}

/// Reclassifies the error for a pool that does not exist, which has another code than the one for a user.
fn of_pool(error: CallError) -> CallError {
    if error.code == "UserNotFoundException" || error.class != ErrorClass::NotFound {
        return error;
    }
    CallError {
        class: ErrorClass::Invalid,
        ..error
    }
}
