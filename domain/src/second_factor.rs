//! Whether a sign-in proves a second factor, and whether it proves it for a decision that is made now.
//!
//! A factor counts if this sign-in used it, never because the person has one: the token states it, or the pool or the
//! identity provider requires it of everybody. A decision also needs a recent sign-in (*step-up*), so that an open
//! browser is not enough to approve access.

use crate::{
    approval::Mfa,
    change::Operation,
    diff::Effect,
    ids::AccountId,
    snapshot::Snapshot,
    time::{Duration, Timestamp},
};
use std::collections::BTreeSet;

/// What the token states about the methods of the sign-in (`acr`, `amr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEvidence {
    /// A second factor was used.
    Proven,
    /// The methods are stated and are not sufficient.
    NotProven,
    /// Only that an external identity provider authenticated the person.
    Federated,
    /// Nothing: AWS sets `acr` and `amr` in some pools only.
    Silent,
}

/// What the pool knows of a user's second factor. A pool never applies MFA to federated users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMfa {
    /// The pool requires a second factor of every user (`MfaConfiguration` is `ON`).
    Demanded,
    /// The user has set one up (`UserMFASettingList` is not empty). This does not prove that the sign-in used it.
    Enrolled,
    Absent,
}

/// Who authenticated the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticator {
    /// The pool itself, with its settings; `None` if they could not be read.
    Pool(Option<PoolMfa>),
    /// An identity provider. Each one that the token names requires a second factor of everybody, according to the
    /// configuration.
    StrictProvider,
    /// Another identity provider.
    Provider,
}

/// Whether the person authenticated for this sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// After the sign-in began.
    Fresh,
    /// Earlier: Cognito reused the session of the browser.
    Reused,
}

/// Evaluates the evidence of a sign-in.
pub fn second_factor(token: TokenEvidence, by: Authenticator, when: Authentication) -> Mfa {
    let proven = match (token, by) {
        (TokenEvidence::Proven, _)
        | (TokenEvidence::Federated | TokenEvidence::Silent, Authenticator::StrictProvider) => true,
        // The setting may be newer than an authentication that is reused.
        (TokenEvidence::Silent, Authenticator::Pool(Some(PoolMfa::Demanded))) => {
            when == Authentication::Fresh
        }
        (TokenEvidence::NotProven | TokenEvidence::Federated | TokenEvidence::Silent, _) => false,
    };
    if proven { Mfa::Proven } else { Mfa::NotProven }
}

/// How much a decision matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    /// It concerns an account that counts as production PCI, or nobody knows which accounts it concerns.
    ProductionPci,
    Other,
}

/// Returns how much a decision on a change matters. An account that is not in the snapshot counts as production PCI, and so
/// does one that only its declaration makes anything else: whoever decides about it decides about what it is without that.
pub fn sensitivity(snapshot: &Snapshot, operations: &[Operation], effect: &Effect) -> Sensitivity {
    let named = operations.iter().filter_map(Operation::account);
    let paths = effect.evaluated_paths().chain(effect.lost.paths());
    let accounts: BTreeSet<&AccountId> =
        named.chain(paths.map(|path| &path.pair.account)).collect();
    let guarded = |id: &&AccountId| {
        snapshot.account(id).is_none_or(|(_, class)| {
            class.counts_as_production_pci() || class.undeclared().counts_as_production_pci()
        })
    };
    if accounts.is_empty() || accounts.iter().any(guarded) {
        Sensitivity::ProductionPci
    } else {
        Sensitivity::Other
    }
}

/// How old a sign-in may be when its person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUpLimits {
    pub production_pci: Duration,
    pub other: Duration,
}

impl Default for StepUpLimits {
    fn default() -> Self {
        Self {
            production_pci: Duration::minutes(5),
            other: Duration::minutes(60),
        }
    }
}

impl StepUpLimits {
    /// Returns the limit for a decision.
    pub fn of(&self, what: Sensitivity) -> Duration {
        match what {
            Sensitivity::ProductionPci => self.production_pci,
            Sensitivity::Other => self.other,
        }
    }
}

/// Whether a session is enough for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    /// The second factor was proven recently.
    Proven,
    Needed(StepUpReason),
}

/// The reason why a decision needs a new sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUpReason {
    /// The sign-in proved no second factor.
    NoFactor,
    /// The sign-in is older than this.
    TooOld(Duration),
}

/// The tolerated difference between the clocks of Cognito and Leastwise.
const SKEW: Duration = Duration::minutes(1);

/// Checks whether a session is enough for a decision now. A sign-in in the future is not recent.
pub fn step_up(mfa: Mfa, authenticated_at: Timestamp, limit: Duration, now: Timestamp) -> StepUp {
    let recent = authenticated_at <= now + SKEW && now.since(authenticated_at).0 <= limit.0;
    match (mfa, recent) {
        (Mfa::NotProven, _) => StepUp::Needed(StepUpReason::NoFactor),
        (Mfa::Proven, false) => StepUp::Needed(StepUpReason::TooOld(limit)),
        (Mfa::Proven, true) => StepUp::Proven,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_counts_only_if_this_sign_in_used_it() {
        use Authentication::{Fresh, Reused};
        use Authenticator::{Pool, Provider, StrictProvider};
        use TokenEvidence as T;
        let demanded = Pool(Some(PoolMfa::Demanded));
        for (token, by, when, proven) in [
            (T::Proven, Pool(None), Reused, true),
            (T::Proven, Provider, Fresh, true),
            (T::NotProven, demanded, Fresh, false),
            (T::NotProven, StrictProvider, Fresh, false),
            (T::Federated, Provider, Fresh, false),
            (T::Federated, StrictProvider, Fresh, true),
            (T::Federated, demanded, Fresh, false),
            (T::Silent, demanded, Fresh, true),
            (T::Silent, demanded, Reused, false),
            (T::Silent, Pool(Some(PoolMfa::Enrolled)), Fresh, false),
            (T::Silent, Pool(Some(PoolMfa::Absent)), Fresh, false),
            (T::Silent, Pool(None), Fresh, false),
            (T::Silent, Provider, Fresh, false),
            (T::Silent, StrictProvider, Fresh, true),
        ] {
            let expected = if proven { Mfa::Proven } else { Mfa::NotProven };
            assert_eq!(
                second_factor(token, by, when),
                expected,
                "{token:?} {by:?} {when:?}"
            );
        }
    }

    #[test]
    fn a_decision_needs_a_recent_proof() {
        let (limit, now) = (Duration::minutes(5), Timestamp(1_000_000_000));
        let at = |minutes: i64| now - Duration::minutes(minutes);
        let old = StepUp::Needed(StepUpReason::TooOld(limit));
        for (mfa, when, expected) in [
            (Mfa::Proven, at(0), StepUp::Proven),
            (Mfa::Proven, at(5), StepUp::Proven),
            (Mfa::Proven, at(6), old),
            (Mfa::Proven, at(-1), StepUp::Proven),
            (Mfa::Proven, at(-2), old),
            (
                Mfa::NotProven,
                at(0),
                StepUp::Needed(StepUpReason::NoFactor),
            ),
        ] {
            assert_eq!(step_up(mfa, when, limit, now), expected, "{when:?}");
        }
    }
}
