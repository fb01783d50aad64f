//! Checks the configuration of identity links against the user pool.
//!
//! Refuses an attribute that people could set themselves: whoever could write it could become any user of the directory.

use thiserror::Error;

use crate::{
    aws::{Aws, error::CallError, explain::AwsService, pool::AttributeAccess},
    config::{ConfigError, SignInArgs},
};

/// The reason why the user pool does not fit the configuration.
#[derive(Debug, Error)]
pub enum PoolMismatch {
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The text explains why, and what to do.
    #[error("the user pool could not be read. {0}")]
    Unread(String),
}

/// Checks the pool, and describes how sign-ins are linked.
pub async fn check(aws: &Aws, pool: &str, args: &SignInArgs) -> Result<String, PoolMismatch> {
    let (issuers, strict) = (args.issuers()?, args.strict_providers());
    let mut methods = vec!["subject".to_owned()];
    let named = issuers
        .keys()
        .map(|name| ("LEASTWISE_IDENTITY_PROVIDERS", name));
    let named = named.chain(strict.iter().map(|name| ("LEASTWISE_MFA_PROVIDERS", name)));
    for (field, name) in named {
        let known = aws.pool_has_provider(pool, name).await;
        let known = known
            .map_err(|error| unread(aws, pool, &error, "cognito-idp:DescribeIdentityProvider"))?;
        if !known {
            let cure = format!(
                "the user pool has no identity provider `{name}`: use its name in Cognito, including upper and lower case"
            );
            return Err(ConfigError { field, cure }.into());
        }
    }
    methods.extend(
        issuers
            .iter()
            .map(|(name, issuer)| format!("identities of {name} as {issuer}")),
    );
    if let Some(name) = args.attribute()? {
        check_attribute(aws, pool, name).await?;
        methods.push(format!("attribute {name}"));
    }
    let limits = args.step_up()?;
    Ok(format!(
        "linked by {}; a decision needs a sign-in of the last {} seconds for production PCI, {} for others",
        methods.join(", "),
        limits.production_pci.as_seconds(),
        limits.other.as_seconds()
    ))
}

fn unread(aws: &Aws, pool: &str, error: &CallError, rights: &str) -> PoolMismatch {
    let needed = format!("Allow {rights} on the user pool {pool}.");
    PoolMismatch::Unread(aws.explain(AwsService::UserPools, error, &needed))
}

async fn check_attribute(aws: &Aws, pool: &str, name: &str) -> Result<(), PoolMismatch> {
    let access = aws.pool_attribute(pool, name).await;
    let access = access.map_err(|error| {
        let rights = "cognito-idp:DescribeUserPool, cognito-idp:ListUserPoolClients and cognito-idp:DescribeUserPoolClient";
        unread(aws, pool, &error, rights)
    })?;
    let cure = match access {
        AttributeAccess::AdministratorsOnly => return Ok(()),
        AttributeAccess::Missing => {
            format!(
                "the user pool has no attribute `{name}`: add it, or use the name of another one"
            )
        }
        AttributeAccess::WritableBy(client) => format!(
            "people who sign in through the app client {client} could set `{name}` themselves: list WriteAttributes of \
             every app client of the pool, without this attribute"
        ),
    };
    Err(ConfigError {
        field: "LEASTWISE_IDENTITY_ATTRIBUTE",
        cure,
    }
    .into())
}
