//! The AWS adapter: SDK clients, token buckets, the crawl, single reads, writes, error classes.
//!
//! Uses only the official SDK, with its retries disabled: the SDK would repeat a write after a 500 or a timeout
//! although the first may have been carried out, and these APIs have no client token. Reads are retried here, under the
//! same buckets. Writes are sent once and called from `engine` only. Never accesses the database.

mod account;
pub mod budget;
pub mod call;
pub mod check;
pub mod crawl;
pub mod error;
pub mod explain;
pub mod fence;
pub mod instances;
mod paging;
pub mod pool;
pub mod read;
pub mod rights;
pub mod set;
pub mod write;

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use domain::ids::{AccountId, InstanceArn};

pub use aws_config::AppName;
use budget::Budgets;
pub use instances::SetupError;

/// The Region, endpoint and credentials of the AWS clients.
#[derive(Debug, Clone)]
pub struct Access {
    /// The primary Region of Identity Center.
    pub region: String,
    /// An endpoint that replaces those of all services, such as the sandbox.
    pub endpoint: Option<String>,
    /// Static credentials. Without them, the default credential chain (environment, container, instance) applies.
    pub credentials: Option<(String, String)>,
    /// The maximum calls per second, per service quota.
    pub calls_per_second: f64,
    /// The Region of the Cognito user pool.
    pub pool_region: String,
    /// The name of this process in the user agent of its calls, by which CloudTrail tells several processes apart.
    pub app_name: Option<AppName>,
}

/// The Identity Center instance that Leastwise manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub arn: InstanceArn,
    /// The id of its identity store.
    pub identity_store: String,
    /// The account that owns the instance.
    pub owner: Option<AccountId>,
}

/// The SDK clients and their budgets.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Identity Center.
    pub sso: aws_sdk_ssoadmin::Client,
    /// The identity store.
    pub directory: aws_sdk_identitystore::Client,
    /// AWS Organizations.
    pub organizations: aws_sdk_organizations::Client,
    /// The Cognito user pool.
    pub pool: aws_sdk_cognitoidentityprovider::Client,
    /// The call budget of each service.
    pub budgets: Budgets,
    /// The Region of Identity Center and of the user pool.
    pub region: String,
    /// An endpoint that replaces those of all services.
    endpoint: Option<String>,
}

/// The timeout of one attempt. It must end before a lease or an HTTP request does; the SDK has no default.
const ATTEMPT: Duration = Duration::from_secs(10);

impl Aws {
    /// Returns the same clients for calls that remove access: they wait for at most one other call.
    #[must_use]
    pub fn for_revocations(&self) -> Self {
        Self {
            budgets: self.budgets.for_revocations(),
            ..self.clone()
        }
    }

    /// Creates the clients.
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

    /// Creates the clients with a given HTTP client, such as the in-process router of the sandbox.
    pub fn with(
        access: &Access,
        http: SharedHttpClient,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(ATTEMPT)
            .build();
        // The four builders are distinct types with the same methods.
        macro_rules! client {
            ($sdk:ident, $region:expr) => {{
                let config = $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::new($region))
                    .credentials_provider(credentials.clone())
                    .http_client(http.clone())
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(timeouts.clone());
                let mut config = config;
                config.set_app_name(access.app_name.clone());
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
            // Organizations has a single endpoint, in us-east-1.
            organizations: client!(aws_sdk_organizations, "us-east-1"),
            pool: client!(aws_sdk_cognitoidentityprovider, access.pool_region.clone()),
            budgets: Budgets::new(access.calls_per_second),
            region: access.region.clone(),
            endpoint: access.endpoint.clone(),
        }
    }
}
