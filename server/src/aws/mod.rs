//! The AWS side: SDK clients, token buckets, the crawl, reads of one key, writes, error classes.
//!
//! Only the official SDK, with its own retries switched off: it would send a write again after a
//! 500 or a time-out although the first may have been carried out, and there is no client token.
//! Reads are tried again here, under the same bucket as everything else. Writes are sent once and
//! called from `engine` only. Never touches the database.

pub mod budget;
pub mod call;
pub mod crawl;
pub mod error;
pub mod pool;
pub mod read;
pub mod set;
pub mod write;

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use domain::ids::{AccountId, InstanceArn};
use thiserror::Error;

use budget::Budgets;

/// Where and as whom AWS is asked.
#[derive(Debug, Clone)]
pub struct Access {
    /// Primary Region of Identity Center.
    pub region: String,
    /// Another address for every service: the sandbox.
    pub endpoint: Option<String>,
    /// Static credentials; none takes the environment's, the container's or the instance's.
    pub credentials: Option<(String, String)>,
    /// Calls per second that Leastwise allows itself, per service quota.
    pub calls_per_second: f64,
    /// The Cognito pool's Region.
    pub pool_region: String,
}

/// The Identity Center instance that is governed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its ARN.
    pub arn: InstanceArn,
    /// Its identity store.
    pub identity_store: String,
    /// The account that owns it.
    pub owner: Option<AccountId>,
}

/// The clients, each with the budget of its service.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Identity Center.
    pub sso: aws_sdk_ssoadmin::Client,
    /// Its directory.
    pub directory: aws_sdk_identitystore::Client,
    /// The organization.
    pub organizations: aws_sdk_organizations::Client,
    /// The user pool.
    pub pool: aws_sdk_cognitoidentityprovider::Client,
    /// How often each may be called.
    pub budgets: Budgets,
}

/// Why the clients cannot be made.
#[derive(Debug, Error)]
pub enum SetupError {
    /// `ListInstances` answered no instance that this account may manage.
    #[error(
        "no Identity Center instance is visible in this Region; check the Region and that this account manages it or is its delegated administrator"
    )]
    NoInstance,
    /// It could not be asked.
    #[error("Identity Center could not be asked: {0}")]
    Call(#[from] error::CallError),
}

/// An attempt must end before a lease or a person's patience does; the SDK's default never does.
const ATTEMPT: Duration = Duration::from_secs(10);

impl Aws {
    /// Makes the clients.
    pub async fn connect(access: &Access) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(
                tls::rustls_provider::CryptoMode::Ring,
            ))
            .build_https();
        let credentials = if let Some((id, secret)) = &access.credentials {
            let given = Credentials::new(id, secret, None, None, "configuration");
            SharedCredentialsProvider::new(given)
        } else {
            let provider =
                aws_config::default_provider::credentials::DefaultCredentialsChain::builder()
                    .configure(
                        aws_config::provider_config::ProviderConfig::default()
                            .with_http_client(http.clone()),
                    )
                    .build()
                    .await;
            SharedCredentialsProvider::new(provider)
        };
        Self::with(access, http, credentials)
    }

    /// Makes the clients over a given HTTP client: the sandbox's router, in process.
    pub fn with(
        access: &Access,
        http: SharedHttpClient,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(ATTEMPT)
            .build();
        // The four builders are different types with the same methods.
        macro_rules! client {
            ($sdk:ident, $region:expr) => {{
                let config = $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::new($region))
                    .credentials_provider(credentials.clone())
                    .http_client(http.clone())
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(timeouts.clone());
                let config = match &access.endpoint {
                    Some(url) => config.endpoint_url(url),
                    None => config,
                };
                $sdk::Client::from_conf(config.build())
            }};
        }
        Self {
            sso: client!(aws_sdk_ssoadmin, access.region.clone()),
            directory: client!(aws_sdk_identitystore, access.region.clone()),
            // Organizations has one endpoint, in us-east-1.
            organizations: client!(aws_sdk_organizations, "us-east-1"),
            pool: client!(aws_sdk_cognitoidentityprovider, access.pool_region.clone()),
            budgets: Budgets::new(access.calls_per_second),
        }
    }

    /// Finds the organization's instance.
    pub async fn instance(&self) -> Result<Instance, SetupError> {
        let answer = call::read(&self.budgets.sso, || {
            self.sso.list_instances().max_results(100).send()
        })
        .await?;
        answer
            .instances()
            .iter()
            .find_map(|instance| {
                Some(Instance {
                    arn: InstanceArn::parse(instance.instance_arn()?).ok()?,
                    identity_store: instance.identity_store_id()?.to_owned(),
                    owner: instance
                        .owner_account_id()
                        .and_then(|id| AccountId::parse(id).ok()),
                })
            })
            .ok_or(SetupError::NoInstance)
    }
}
