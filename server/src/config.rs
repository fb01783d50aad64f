//! Parses the configuration from flags and the environment. Every flag has a `LEASTWISE_*` variable. Secrets may also
//! come from a file (`…_FILE`), never from the command line.

mod analysis;
mod build;
mod checks;
mod portal;
mod sign_in;

pub use analysis::AnalysisArgs;
pub use portal::PortalArgs;
pub use sign_in::SignInArgs;

use std::{net::SocketAddr, path::PathBuf, time::Duration as StdDuration};

use clap::Args;
use domain::{
    engine::lease::LeaseLength,
    ids::AccountId,
    policies::{OversightMark, RemovalLimits},
    time::Duration,
};
use ipnet::IpNet;
use thiserror::Error;
use url::Url;

use crate::{aws::Access, http::client_ip::network, mapping_file::MappingFile, row_key};

/// An invalid configuration value, and how to correct it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {cure}")]
pub struct ConfigError {
    /// The name of the variable.
    pub field: &'static str,
    /// One sentence on how to correct the value.
    pub cure: String,
}

/// The variable of the database's URL, which may contain a password.
pub const DATABASE_VARIABLE: &str = "LEASTWISE_DATABASE_URL";

/// Returns the URL of the database: the given one, or that in the file of the variable `…_FILE`, or the default.
pub fn database_url(given: &str) -> Result<String, ConfigError> {
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let in_file = secret(DATABASE_VARIABLE)?;
    if in_file.is_empty() {
        Ok("sqlite:leastwise.db".to_owned())
    } else {
        Ok(in_file)
    }
}

/// The location of the data.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
    /// Defaults to the content of the file in LEASTWISE_DATABASE_URL_FILE, or to `sqlite:leastwise.db`.
    #[arg(
        long = "database",
        env = DATABASE_VARIABLE,
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        value_parser = database_url
    )]
    pub url: String,
    /// The folder of the ledger's signing key and of the checkpoints kept outside the database.
    #[arg(long = "keys", env = "LEASTWISE_KEYS", default_value = "keys")]
    pub keys: PathBuf,
    /// The name of the ledger, in every entry and checkpoint. Cannot be changed later. Defaults to the name in the
    /// database, and to `leastwise/ledger` for a new ledger.
    #[arg(long = "log-name", env = "LEASTWISE_LOG_NAME")]
    pub log_name: Option<String>,
    /// How long a process that runs the engine may be silent before another one takes over, in seconds: 1 to 60. The same
    /// for all processes on one PostgreSQL.
    #[arg(
        long = "engine-lease-seconds",
        env = "LEASTWISE_ENGINE_LEASE_SECONDS",
        default_value_t = ENGINE_LEASE_SECONDS,
        hide = true
    )]
    pub engine_lease_seconds: u32,
}

/// The default of `LEASTWISE_ENGINE_LEASE_SECONDS`.
pub const ENGINE_LEASE_SECONDS: u32 = 10;

impl DatabaseArgs {
    /// Returns how long the engine lease holds without a renewal.
    pub fn engine_lease(&self) -> Result<LeaseLength, ConfigError> {
        let seconds = self.engine_lease_seconds;
        LeaseLength::of(StdDuration::from_secs(u64::from(seconds))).ok_or_else(|| ConfigError {
            field: "LEASTWISE_ENGINE_LEASE_SECONDS",
            cure: format!("{seconds} is out of range: use a whole number from 1 to 60"),
        })
    }
}

/// The location of AWS.
#[derive(Debug, Clone, Args)]
pub struct AwsArgs {
    /// The primary Region of Identity Center.
    #[arg(
        long = "region",
        env = "LEASTWISE_AWS_REGION",
        default_value = "eu-west-1"
    )]
    pub region: String,
    /// An endpoint for all AWS services, such as that of the sandbox. Only in builds that include the sandbox.
    #[arg(long = "aws-endpoint", env = "LEASTWISE_AWS_ENDPOINT")]
    pub endpoint: Option<Url>,
    /// The maximum calls per second to each AWS service. AWS allows 20 for all clients together.
    #[arg(long = "aws-tps", env = "LEASTWISE_AWS_TPS", default_value_t = 10.0)]
    pub calls_per_second: f64,
    /// Accounts that hold Leastwise or its Cognito pool; they count as production PCI.
    #[arg(
        long = "own-account",
        env = "LEASTWISE_OWN_ACCOUNTS",
        value_delimiter = ','
    )]
    pub own_accounts: Vec<String>,
    /// Permission sets whose access nobody removes alone: names, ARNs, or ARNs of AWS managed policies that they have
    /// attached. Replaces the default.
    #[arg(
        long = "oversight-set",
        env = "LEASTWISE_OVERSIGHT_SETS",
        value_delimiter = ',',
        default_value = RemovalLimits::OVERSIGHT
    )]
    pub oversight_sets: Vec<String>,
    /// The maximum number of people whose access one person removes alone within an hour.
    #[arg(
        long = "removal-people",
        env = "LEASTWISE_REMOVAL_PEOPLE",
        default_value_t = RemovalLimits::PEOPLE
    )]
    pub removal_people: u32,
    /// A TOML file that maps tags and OUs to environments and PCI scope. `leastwise classify` shows its effect.
    #[arg(long, env = "LEASTWISE_CLASSIFICATION")]
    pub classification: Option<PathBuf>,
    #[command(flatten)]
    pub portal: PortalArgs,
    #[command(flatten)]
    pub analysis: AnalysisArgs,
}

/// The configuration of `leastwise serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The address and port to listen on.
    #[arg(long, env = "LEASTWISE_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// The public URL: scheme, host, port.
    #[arg(long, env = "LEASTWISE_PUBLIC_URL")]
    pub public_url: Url,
    /// The ID of the Cognito user pool, such as `eu-west-1_AbCdEfGhI`.
    #[arg(long, env = "LEASTWISE_COGNITO_POOL")]
    pub pool: String,
    /// The issuer of the pool. Defaults to the one derived from its ID and Region.
    #[arg(long, env = "LEASTWISE_OIDC_ISSUER")]
    pub issuer: Option<String>,
    /// The issuer that identifies people. Must never change. Defaults to the issuer.
    #[arg(long, env = "LEASTWISE_OIDC_SUBJECT_ISSUER")]
    pub subject_issuer: Option<String>,
    /// Other forms of the same pool's issuer.
    #[arg(long, env = "LEASTWISE_OIDC_ACCEPTED_ISSUERS", value_delimiter = ',')]
    pub accepted_issuers: Vec<String>,
    /// The domain of the pool, such as `https://acme.auth.eu-west-1.amazoncognito.com`.
    #[arg(long, env = "LEASTWISE_COGNITO_DOMAIN")]
    pub cognito_domain: Option<Url>,
    /// The ID of the app client.
    #[arg(long, env = "LEASTWISE_OIDC_CLIENT_ID")]
    pub client_id: String,
    /// The secret of the app client.
    #[arg(skip)]
    pub client_secret: String,
    /// Cognito subjects of the first administrators: at least two people.
    #[arg(long, env = "LEASTWISE_ADMINISTRATORS", value_delimiter = ',')]
    pub administrators: Vec<String>,
    /// Cognito subjects of the first approvers.
    #[arg(long, env = "LEASTWISE_APPROVERS", value_delimiter = ',')]
    pub approvers: Vec<String>,
    /// Cognito subjects of auditors.
    #[arg(long, env = "LEASTWISE_AUDITORS", value_delimiter = ',')]
    pub auditors: Vec<String>,
    /// Minutes between two complete reads of AWS.
    #[arg(long, env = "LEASTWISE_CRAWL_MINUTES", default_value_t = 15)]
    pub crawl_minutes: u32,
    /// Proxies whose `X-Forwarded-For` is trusted, as addresses or networks.
    #[arg(long, env = "LEASTWISE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<String>,
    /// The bearer token that allows reading `/metrics` from other machines.
    #[arg(skip)]
    pub metrics_token: String,
    /// Run on AWS although this build includes the sandbox and failpoints.
    #[arg(long, env = "LEASTWISE_ALLOW_SANDBOX_BUILD", hide = !cfg!(feature = "sandbox"))]
    pub allow_sandbox_build: bool,
    #[command(flatten)]
    pub identities: IdentityArgs,
    #[command(flatten)]
    pub sign_in: SignInArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub aws: AwsArgs,
}

/// How differences between identities and the directory are treated.
#[derive(Debug, Clone, Args)]
pub struct IdentityArgs {
    /// The share of linked identities, in percent, that are suspended one by one if they differ from the directory at
    /// once. More raise an alarm, and nobody decides on production PCI until somebody looks.
    #[arg(
        long = "identity-alarm-percent",
        env = "LEASTWISE_IDENTITY_ALARM_PERCENT",
        default_value_t = IDENTITY_ALARM_PERCENT
    )]
    pub alarm_percent: u8,
}

/// The default of `LEASTWISE_IDENTITY_ALARM_PERCENT`.
const IDENTITY_ALARM_PERCENT: u8 = 20;

impl Default for IdentityArgs {
    fn default() -> Self {
        Self {
            alarm_percent: IDENTITY_ALARM_PERCENT,
        }
    }
}

impl IdentityArgs {
    /// Returns the share in percent, from 1 to 50: with more, most people could be somebody else without an alarm.
    pub fn alarm_percent(&self) -> Result<u8, ConfigError> {
        if (1..=50).contains(&self.alarm_percent) {
            return Ok(self.alarm_percent);
        }
        Err(ConfigError {
            field: "LEASTWISE_IDENTITY_ALARM_PERCENT",
            cure: format!(
                "{} is out of range: use a whole number from 1 to 50",
                self.alarm_percent
            ),
        })
    }
}

impl AwsArgs {
    /// Returns the settings of the AWS clients. At another endpoint they use the key that the sandbox knows as that of
    /// Leastwise; at AWS, the credentials of the environment.
    pub fn access(&self) -> Result<Access, ConfigError> {
        let credentials = match &self.endpoint {
            Some(url) => {
                build::check_endpoint(url)?;
                Some(("sandbox".to_owned(), "sandbox".to_owned()))
            }
            None => None,
        };
        Ok(Access {
            region: self.region.clone(),
            endpoint: self
                .endpoint
                .as_ref()
                .map(|url| url.as_str().trim_end_matches('/').to_owned()),
            credentials,
            calls_per_second: self.calls_per_second,
            pool_region: self.region.clone(),
            app_name: None,
        })
    }

    /// Returns what one person may remove alone.
    pub fn removal_limits(&self) -> Result<RemovalLimits, ConfigError> {
        if self.removal_people == 0 {
            let cure =
                "must be at least 1, so that one person can remove the access of a leaver".into();
            return Err(ConfigError {
                field: "LEASTWISE_REMOVAL_PEOPLE",
                cure,
            });
        }
        let marks = self.oversight_sets.iter().map(|text| {
            OversightMark::parse(text).map_err(|error| ConfigError {
                field: "LEASTWISE_OVERSIGHT_SETS",
                cure: error.to_string(),
            })
        });
        Ok(RemovalLimits {
            oversight: marks.collect::<Result<_, _>>()?,
            people: self.removal_people,
        })
    }

    /// Reads how the organization names environments and PCI scope.
    pub fn mapping(&self) -> Result<MappingFile, ConfigError> {
        match &self.classification {
            None => Ok(MappingFile::default()),
            Some(path) => MappingFile::read(path),
        }
    }

    /// Returns the accounts that hold Leastwise.
    pub fn own(&self) -> Result<Vec<AccountId>, ConfigError> {
        self.own_accounts
            .iter()
            .map(|text| {
                AccountId::parse(text).map_err(|error| ConfigError {
                    field: "LEASTWISE_OWN_ACCOUNTS",
                    cure: error.to_string(),
                })
            })
            .collect()
    }
}

impl ServeArgs {
    /// Returns the issuer of the pool.
    pub fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(|| {
            format!(
                "https://cognito-idp.{}.amazonaws.com/{}",
                self.aws.region, self.pool
            )
        })
    }

    /// Returns the time between two syncs.
    pub fn crawl_every(&self) -> Duration {
        Duration::minutes(i64::from(self.crawl_minutes.max(1)))
    }

    /// Returns the proxies whose `X-Forwarded-For` is trusted.
    pub fn proxies(&self) -> Result<Vec<IpNet>, ConfigError> {
        let parse = |text: &String| {
            network(text).ok_or_else(|| {
                let shown: String = text.chars().take(60).collect();
                ConfigError {
                    field: "LEASTWISE_TRUSTED_PROXIES",
                    cure: format!("`{shown}` is not a network or an address: use a form such as 10.0.0.0/8 or 2001:db8::/32"),
                }
            })
        };
        self.trusted_proxies.iter().map(parse).collect()
    }
}

/// Returns the text of the row keys, if LEASTWISE_ROW_KEY is set.
pub fn row_key_variable() -> Result<Option<String>, ConfigError> {
    let given = secret(row_key::KEY_VARIABLE)?;
    Ok(Some(given).filter(|given| !given.is_empty()))
}

/// Returns a secret from its variable, or from the file named in `…_FILE`.
pub fn secret(variable: &'static str) -> Result<String, ConfigError> {
    if let Ok(value) = std::env::var(variable) {
        return Ok(value);
    }
    match std::env::var(format!("{variable}_FILE")) {
        Ok(path) => std::fs::read_to_string(&path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| ConfigError {
                field: variable,
                cure: format!("the file {path} cannot be read: {error}"),
            }),
        Err(_) => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(oversight: &[&str], people: u32) -> AwsArgs {
        AwsArgs {
            region: "eu-west-1".into(),
            endpoint: None,
            calls_per_second: 10.0,
            own_accounts: Vec::new(),
            oversight_sets: oversight.iter().map(|&text| text.to_owned()).collect(),
            removal_people: people,
            classification: None,
            portal: PortalArgs::default(),
            analysis: AnalysisArgs::default(),
        }
    }

    #[test]
    fn a_wrong_limit_of_removals_names_its_variable_and_the_cure() {
        let wrong = |args: AwsArgs| args.removal_limits().unwrap_err();
        let mark = wrong(aws(&["SecurityAudit", "two words"], 20));
        assert_eq!(mark.field, "LEASTWISE_OVERSIGHT_SETS");
        assert!(
            mark.cure.contains("`two words` is neither"),
            "{}",
            mark.cure
        );
        assert_eq!(wrong(aws(&[], 0)).field, "LEASTWISE_REMOVAL_PEOPLE");
        let limits = aws(&["Auditors"], 5).removal_limits().unwrap();
        assert_eq!((limits.oversight.len(), limits.people), (1, 5));
    }

    #[test]
    fn the_share_of_identities_is_from_1_to_50_percent() {
        let checked = |alarm_percent| IdentityArgs { alarm_percent }.alarm_percent();
        assert_eq!(checked(1), Ok(1));
        assert_eq!(checked(50), Ok(50));
        for out_of_range in [0, 51, 100] {
            let error = checked(out_of_range).unwrap_err().to_string();
            assert!(
                error.contains("LEASTWISE_IDENTITY_ALARM_PERCENT"),
                "{error}"
            );
            assert!(error.contains("from 1 to 50"), "{error}");
        }
    }
}
