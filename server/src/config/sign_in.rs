//! The configuration of identity links, second factors and step-up.
//!
//! Names an identity only by keys that the person cannot set: an attribute that an app client may write is refused.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use domain::{second_factor::StepUpLimits, time::Duration};

use super::ConfigError;

/// The longest time that a session lasts, in seconds.
const LONGEST: u32 = 8 * 60 * 60;

/// How sign-ins are linked to the directory, and what proves a second factor.
#[derive(Debug, Clone, Default, Args)]
pub struct SignInArgs {
    /// The identity providers of the user pool whose users are linked by the `identities` claim, each with the issuer
    /// that the directory uses in its external ids: `Okta=https://acme.okta.com`.
    #[arg(
        long = "identity-providers",
        env = "LEASTWISE_IDENTITY_PROVIDERS",
        value_delimiter = ','
    )]
    pub identity_providers: Vec<String>,
    /// The attribute of the user pool that holds the id of the Identity Center user, such as
    /// `custom:identity_store_id`. No app client may write it.
    #[arg(long = "identity-attribute", env = "LEASTWISE_IDENTITY_ATTRIBUTE")]
    pub identity_attribute: Option<String>,
    /// The identity providers of the user pool that require a second factor at every sign-in.
    #[arg(
        long = "mfa-providers",
        env = "LEASTWISE_MFA_PROVIDERS",
        value_delimiter = ','
    )]
    pub mfa_providers: Vec<String>,
    /// How old a sign-in may be, in seconds, when its person decides a change of production PCI.
    #[arg(
        long = "step-up-seconds",
        env = "LEASTWISE_STEP_UP_SECONDS",
        default_value_t = 300
    )]
    pub step_up_seconds: u32,
    /// How old a sign-in may be, in seconds, when its person decides any other change.
    #[arg(
        long = "step-up-seconds-other",
        env = "LEASTWISE_STEP_UP_SECONDS_OTHER",
        default_value_t = 3600
    )]
    pub step_up_seconds_other: u32,
}

impl SignInArgs {
    /// Returns the issuer of the directory's external ids for each identity provider.
    pub fn issuers(&self) -> Result<BTreeMap<String, String>, ConfigError> {
        let refuse = |cure: String| ConfigError {
            field: "LEASTWISE_IDENTITY_PROVIDERS",
            cure,
        };
        let mut found = BTreeMap::new();
        // An empty variable is not set.
        for text in self
            .identity_providers
            .iter()
            .filter(|text| !text.trim().is_empty())
        {
            let shown: String = text.chars().take(80).collect();
            let (name, issuer) = text
                .split_once('=')
                .map(|(name, issuer)| (name.trim(), issuer.trim()))
                .filter(|(name, issuer)| !name.is_empty() && !issuer.is_empty())
                .ok_or_else(|| {
                    refuse(format!(
                        "`{shown}` is not a provider and an issuer: use a form such as Okta=https://acme.okta.com"
                    ))
                })?;
            if found.insert(name.to_owned(), issuer.to_owned()).is_some() {
                return Err(refuse(format!(
                    "the provider `{name}` is named twice: keep one of them"
                )));
            }
        }
        Ok(found)
    }

    /// Returns the identity providers that require a second factor.
    pub fn strict_providers(&self) -> BTreeSet<String> {
        let names = self.mfa_providers.iter().map(|name| name.trim());
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Returns the configured attribute.
    pub fn attribute(&self) -> Result<Option<&str>, ConfigError> {
        let name = self.identity_attribute.as_deref();
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        // Standard attributes are writable by default, and Cognito limits names of custom ones to 20 characters.
        if name.strip_prefix("custom:").is_none_or(str::is_empty) {
            return Err(ConfigError {
                field: "LEASTWISE_IDENTITY_ATTRIBUTE",
                cure: "name a custom attribute of the user pool, such as custom:identity_store_id"
                    .into(),
            });
        }
        Ok(Some(name))
    }

    /// Returns how old a sign-in may be when its person decides.
    pub fn step_up(&self) -> Result<StepUpLimits, ConfigError> {
        let limit = |field: &'static str, seconds: u32| {
            if (1..=LONGEST).contains(&seconds) {
                return Ok(Duration::seconds(i64::from(seconds)));
            }
            Err(ConfigError {
                field,
                cure: format!("must be between 1 and {LONGEST} seconds"),
            })
        };
        Ok(StepUpLimits {
            production_pci: limit("LEASTWISE_STEP_UP_SECONDS", self.step_up_seconds)?,
            other: limit(
                "LEASTWISE_STEP_UP_SECONDS_OTHER",
                self.step_up_seconds_other,
            )?,
        })
    }

    /// Checks everything that requires no network access.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.issuers()?;
        self.attribute()?;
        self.step_up().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> SignInArgs {
        SignInArgs {
            step_up_seconds: 300,
            step_up_seconds_other: 3600,
            ..SignInArgs::default()
        }
    }

    #[test]
    fn a_provider_needs_an_issuer_and_is_named_once() {
        let of = |texts: &[&str]| SignInArgs {
            identity_providers: texts.iter().map(|text| (*text).to_owned()).collect(),
            ..args()
        };
        let found = of(&[
            "Okta=https://acme.okta.com",
            "Entra=https://sts.windows.net/x/?a=b",
        ]);
        let found = found.issuers().unwrap();
        assert_eq!(found["Entra"], "https://sts.windows.net/x/?a=b");
        for wrong in [&["Okta"][..], &["=https://x"], &["Okta="], &["A=b", "A=c"]] {
            let error = of(wrong).check().unwrap_err();
            assert_eq!(error.field, "LEASTWISE_IDENTITY_PROVIDERS", "{wrong:?}");
        }
    }

    #[test]
    fn only_a_custom_attribute_and_a_sensible_time_are_accepted() {
        for name in ["email", "custom:", "preferred_username"] {
            let error = SignInArgs {
                identity_attribute: Some(name.into()),
                ..args()
            };
            assert_eq!(
                error.check().unwrap_err().field,
                "LEASTWISE_IDENTITY_ATTRIBUTE"
            );
        }
        for seconds in [0, LONGEST + 1] {
            let error = SignInArgs {
                step_up_seconds: seconds,
                ..args()
            };
            assert_eq!(
                error.check().unwrap_err().field,
                "LEASTWISE_STEP_UP_SECONDS"
            );
        }
        assert_eq!(args().step_up().unwrap(), StepUpLimits::default());
    }
}
