//! Reads from the Cognito user pool.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentityprovider::types::{UserPoolClientType, UserPoolType};

use super::{
    Aws,
    call::read,
    error::{CallError, ErrorClass},
    paging::all_pages,
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
    /// All attributes by name.
    pub attributes: BTreeMap<String, String>,
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
        let send = |token| {
            self.pool
                .admin_list_groups_for_user()
                .user_pool_id(pool)
                .username(username)
                .limit(60)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.pool, send, |page| {
            let names = page.groups().iter().filter_map(|group| group.group_name());
            groups.extend(names.map(str::to_owned));
            Ok(())
        })
        .await
        .map_err(of_pool)?;
        let attributes: BTreeMap<String, String> = user
            .user_attributes()
            .iter()
            .filter_map(|one| Some((one.name().to_owned(), one.value()?.to_owned())))
            .collect();
        Ok(PoolUser {
            sub: attributes.get("sub").cloned(),
            enabled: user.enabled(),
            federated: user
                .user_status()
                .is_some_and(|status| status.as_str() == "EXTERNAL_PROVIDER"),
            factors: user.user_mfa_setting_list().to_vec(),
            groups,
            attributes,
        })
    }

    /// Returns the subjects of the enabled users of a group. The class is NotFound if the group does not exist.
    pub async fn subjects_in_group(
        &self,
        pool: &str,
        group: &str,
    ) -> Result<BTreeSet<String>, CallError> {
        let mut subjects = BTreeSet::new();
        let send = |token| {
            self.pool
                .list_users_in_group()
                .user_pool_id(pool)
                .group_name(group)
                .limit(60)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.pool, send, |page| {
            for user in page.users().iter().filter(|user| user.enabled()) {
                let attributes = user.attributes().iter();
                let subs = attributes.filter(|attribute| attribute.name() == "sub");
                subjects.extend(subs.filter_map(|sub| sub.value().map(str::to_owned)));
            }
            Ok(())
        })
        .await?;
        Ok(subjects)
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

/// Whether people could set an attribute of the pool themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeAccess {
    /// The pool has no such attribute.
    Missing,
    /// Only administrators of the pool can set it.
    AdministratorsOnly,
    /// People who sign in through this app client can set their own value, or its configuration does not say so.
    WritableBy(String),
}

impl Aws {
    /// Returns who can set an attribute of the pool, over all app clients, because people can use any of them.
    pub async fn pool_attribute(
        &self,
        pool: &str,
        name: &str,
    ) -> Result<AttributeAccess, CallError> {
        let answer = read(&self.budgets.pool, || {
            self.pool.describe_user_pool().user_pool_id(pool).send()
        })
        .await?;
        let schema = answer.user_pool().map(UserPoolType::schema_attributes);
        let mut schema = schema.unwrap_or_default().iter();
        if !schema.any(|attribute| attribute.name() == Some(name)) {
            return Ok(AttributeAccess::Missing);
        }
        for client in self.pool_clients(pool).await? {
            let answer = read(&self.budgets.pool, || {
                self.pool
                    .describe_user_pool_client()
                    .user_pool_id(pool)
                    .client_id(&client)
                    .send()
            })
            .await?;
            let writable = answer
                .user_pool_client()
                .map(UserPoolClientType::write_attributes);
            // Without a list Cognito applies its own default, which has changed before.
            let writable = writable.unwrap_or_default();
            if writable.is_empty() || writable.iter().any(|held| held == name) {
                return Ok(AttributeAccess::WritableBy(client));
            }
        }
        Ok(AttributeAccess::AdministratorsOnly)
    }

    /// Returns the ids of all app clients of the pool.
    async fn pool_clients(&self, pool: &str) -> Result<BTreeSet<String>, CallError> {
        let mut found = BTreeSet::new();
        let send = |token| {
            self.pool
                .list_user_pool_clients()
                .user_pool_id(pool)
                .max_results(60)
                .set_next_token(token)
                .send()
        };
        all_pages(&self.budgets.pool, send, |page| {
            let clients = page.user_pool_clients().iter();
            found.extend(clients.filter_map(|client| client.client_id().map(str::to_owned)));
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Returns whether the pool has an identity provider of this name.
    pub async fn pool_has_provider(&self, pool: &str, name: &str) -> Result<bool, CallError> {
        let answer = read(&self.budgets.pool, || {
            self.pool
                .describe_identity_provider()
                .user_pool_id(pool)
                .provider_name(name)
                .send()
        })
        .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.class == ErrorClass::NotFound => Ok(false),
            Err(error) => Err(error),
        }
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
