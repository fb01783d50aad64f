//! Which permission sets are marked as oversight, and how many people one person may remove alone.
//!
//! Plain values from the configuration. A permission set that was never read counts as marked: what was not read is not
//! harmless, and an approval makes no removal impossible.

use std::{collections::BTreeSet, fmt};

use thiserror::Error;

use crate::{ids::PermissionSetArn, permission_set::PermissionSet, time::Duration};

/// The time before a removal in which other removals by the same requester count together with it.
pub const EARLIER: Duration = Duration::hours(1);

/// One item of the list of oversight permission sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OversightMark {
    /// The name of a permission set, in any case.
    Name(String),
    Set(PermissionSetArn),
    /// The ARN of an AWS managed policy, without partition: every permission set that has it attached.
    ManagedPolicy(String),
}

/// A value that is none of the three forms.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is neither the name of a permission set, nor its ARN, nor the ARN of an AWS managed policy such as \
     arn:aws:iam::aws:policy/SecurityAudit"
)]
pub struct InvalidOversightMark(pub String);

/// The maximum length of the name of a permission set.
const NAME_CHARS: usize = 32;

impl OversightMark {
    /// Parses one item.
    ///
    /// # Errors
    /// If the text has none of the three forms.
    pub fn parse(text: &str) -> Result<Self, InvalidOversightMark> {
        let text = text.trim();
        let wrong = || InvalidOversightMark(text.chars().take(120).collect());
        if let Ok(arn) = PermissionSetArn::parse(text) {
            return Ok(Self::Set(arn));
        }
        if text.starts_with("arn:") {
            let policy = without_partition(text).filter(|rest| {
                let name = rest.strip_prefix("iam::aws:policy/");
                name.is_some_and(|name| !name.is_empty())
            });
            return policy
                .map(|rest| Self::ManagedPolicy(rest.to_owned()))
                .ok_or_else(wrong);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let valid = (1..=NAME_CHARS).contains(&text.len()) && text.chars().all(plain);
        valid.then(|| Self::Name(text.to_owned())).ok_or_else(wrong)
    }

    fn marks(&self, arn: &PermissionSetArn, set: Option<&PermissionSet>) -> bool {
        match (self, set) {
            (Self::Set(marked), _) => marked == arn,
            (Self::Name(_) | Self::ManagedPolicy(_), None) => true,
            (_, Some(set)) => self.is_of(arn, &set.name, &set.content.managed),
        }
    }

    /// Whether this marks a permission set with this name and these AWS managed policies.
    pub fn is_of(&self, arn: &PermissionSetArn, name: &str, managed: &BTreeSet<String>) -> bool {
        match self {
            Self::Set(marked) => marked == arn,
            Self::Name(marked) => marked.eq_ignore_ascii_case(name),
            Self::ManagedPolicy(policy) => {
                let mut attached = managed.iter();
                attached.any(|arn| without_partition(arn) == Some(policy))
            }
        }
    }
}

impl fmt::Display for OversightMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Set(arn) => write!(f, "{arn}"),
            Self::ManagedPolicy(policy) => write!(f, "arn:aws:{policy}"),
        }
    }
}

/// Returns `iam::aws:policy/NAME` of `arn:aws:iam::aws:policy/NAME`.
fn without_partition(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?
        .split_once(':')
        .map(|(_, rest)| rest)
}

/// The limits of what one person may remove alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalLimits {
    pub oversight: Vec<OversightMark>,
    /// The maximum number of people whose access one person removes within [`EARLIER`].
    pub people: u32,
}

impl RemovalLimits {
    /// The default marks: permission sets named `SecurityAudit`, and those with the AWS managed policy of that name, which
    /// AWS describes as the policy for auditors. `ViewOnlyAccess` and `ReadOnlyAccess` are not marked, because they are
    /// commonly given for daily work, and the access of a leaver must be removable by one person.
    pub const OVERSIGHT: &str = "SecurityAudit,arn:aws:iam::aws:policy/SecurityAudit";
    /// The default number of people: larger than a team, smaller than a department.
    pub const PEOPLE: u32 = 20;

    /// Returns the items of `OVERSIGHT`.
    pub fn default_marks() -> Vec<String> {
        Self::OVERSIGHT.split(',').map(str::to_owned).collect()
    }

    /// Returns the marks that somebody chose, which must therefore mark something. The default ones need not: an organization
    /// may have no such permission set.
    pub fn chosen(&self) -> &[OversightMark] {
        if self.oversight == Self::default().oversight {
            &[]
        } else {
            &self.oversight
        }
    }

    /// Whether a permission set is marked as oversight. `set` is none if it was never read.
    pub(super) fn is_oversight(&self, arn: &PermissionSetArn, set: Option<&PermissionSet>) -> bool {
        self.oversight.iter().any(|mark| mark.marks(arn, set))
    }
}

impl Default for RemovalLimits {
    fn default() -> Self {
        let marks = Self::OVERSIGHT.split(',').map(OversightMark::parse);
        Self {
            oversight: marks.collect::<Result<_, _>>().unwrap_or_default(),
            people: Self::PEOPLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_marks_are_valid() {
        let default = RemovalLimits::default();
        assert_eq!(
            default.oversight,
            [
                OversightMark::Name("SecurityAudit".into()),
                OversightMark::ManagedPolicy("iam::aws:policy/SecurityAudit".into()),
            ]
        );
    }

    #[test]
    fn only_marks_that_somebody_chose_must_mark_something() {
        assert_eq!(RemovalLimits::default().chosen(), []);
        let chosen = RemovalLimits {
            oversight: vec![OversightMark::Name("Nope".into())],
            ..RemovalLimits::default()
        };
        assert_eq!(chosen.chosen(), chosen.oversight);
    }

    #[test]
    fn a_mark_is_shown_as_it_is_configured() {
        for text in [
            "Auditors",
            RemovalLimits::OVERSIGHT.rsplit(',').next().unwrap(),
        ] {
            assert_eq!(OversightMark::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_mark_is_a_name_an_arn_or_a_policy_and_nothing_else() {
        let set = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef";
        assert!(matches!(
            OversightMark::parse(set),
            Ok(OversightMark::Set(_))
        ));
        assert_eq!(
            OversightMark::parse(" arn:aws-cn:iam::aws:policy/job-function/ViewOnlyAccess "),
            Ok(OversightMark::ManagedPolicy(
                "iam::aws:policy/job-function/ViewOnlyAccess".into()
            ))
        );
        for wrong in [
            "",
            "two words",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::123456789012:policy/Mine",
            "arn:",
            "a-name-that-is-longer-than-32-characters",
        ] {
            assert!(OversightMark::parse(wrong).is_err(), "{wrong}");
        }
    }
}
