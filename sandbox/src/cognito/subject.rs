//! A user of the pool as needed by tokens and pages, copied out of the sandbox state so that its lock is never held
//! while a token is signed. It must never change the pool.

use serde_json::Value;

use crate::org::pool::{Mfa, MfaConfiguration, Pool, PoolUser};

/// The authentication factor. It determines `amr` and `acr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    Password,
    PasswordAndTotp,
    PasswordAndSms,
    Passkey,
    /// Signed in at another identity provider. Cognito does not know the factor.
    Federated,
}

impl Factor {
    /// Returns the RFC 8176 names that Cognito uses.
    pub(super) const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::PasswordAndTotp => &["pwd", "otp", "mfa"],
            Self::PasswordAndSms => &["pwd", "sms", "mfa"],
            Self::Passkey => &["swk"],
            Self::Federated => &["fed"],
        }
    }

    /// Returns Cognito's level of assurance. A federated user has none unless the provider's level is mapped.
    pub(super) const fn acr(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("urn:cognito:loa:1"),
            Self::PasswordAndSms | Self::Passkey => Some("urn:cognito:loa:3"),
            Self::PasswordAndTotp => Some("urn:cognito:loa:4"),
            Self::Federated => None,
        }
    }
}

/// The step that follows the username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    Done(Factor),
    /// The user must enter a code, and has then authenticated with this factor.
    Code(Factor),
    /// The pool requires a second factor and this user has none.
    NotEnrolled,
    Disabled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) sub: String,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) groups: Vec<String>,
    pub(super) next_step: NextStep,
    pub(super) enabled: bool,
    /// The `identities` claim of a federated user.
    pub(super) identities: Option<Value>,
    pub(super) federated: bool,
    pub(super) signed_out_at_ms: Option<i64>,
}

impl Subject {
    pub(super) fn named(pool: &Pool, name: &str) -> Option<Self> {
        pool.user(name.trim()).map(|user| Self::of(pool, user))
    }

    pub(super) fn with_sub(pool: &Pool, sub: &str) -> Option<Self> {
        pool.user_by_sub(sub).map(|user| Self::of(pool, user))
    }

    pub(super) fn all(pool: &Pool) -> impl Iterator<Item = Self> + '_ {
        pool.users.iter().map(|user| Self::of(pool, user))
    }

    fn of(pool: &Pool, user: &PoolUser) -> Self {
        Self {
            sub: user.sub.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            name: user.name.clone(),
            groups: user.groups.clone(),
            next_step: next_step(pool.mfa, user),
            enabled: user.enabled,
            identities: user.identities(),
            federated: user.federated,
            signed_out_at_ms: user.signed_out_at_ms,
        }
    }

    /// Returns whether tokens issued at this time are still valid. A global sign-out in the same millisecond voids
    /// them.
    pub(super) fn honours_tokens_of(&self, issued_ms: i64) -> bool {
        self.enabled
            && self
                .signed_out_at_ms
                .is_none_or(|signed_out| issued_ms > signed_out)
    }
}

fn next_step(demanded: MfaConfiguration, user: &PoolUser) -> NextStep {
    if !user.enabled {
        return NextStep::Disabled;
    }
    if user.federated {
        return NextStep::Done(Factor::Federated);
    }
    match (demanded, user.mfa) {
        // A passkey is the primary factor, so turning MFA off does not disable it.
        (_, Mfa::Passkey) => NextStep::Code(Factor::Passkey),
        (MfaConfiguration::On, Mfa::None) => NextStep::NotEnrolled,
        (MfaConfiguration::Off, _) | (_, Mfa::None) => NextStep::Done(Factor::Password),
        (_, Mfa::Totp) => NextStep::Code(Factor::PasswordAndTotp),
        (_, Mfa::Sms) => NextStep::Code(Factor::PasswordAndSms),
    }
}
