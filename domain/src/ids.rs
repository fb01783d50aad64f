//! Typed identifiers, so that a group id cannot be passed where a person id is expected.
//!
//! An identifier carries no meaning beyond identity: names change, ids do not. Ids assigned by AWS keep AWS's
//! spelling. Ids created by Leastwise are UUIDv7 text that the caller generates (there is no randomness here).

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Text that is not a valid identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is not a valid {kind}: {expected}")]
pub struct InvalidId {
    /// The kind of identifier expected, as shown to people.
    pub kind: &'static str,
    /// The rejected text, truncated to 80 characters.
    pub value: String,
    /// A description of the valid form.
    pub expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses an identifier. Fails if the text does not have the form of its kind.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(InvalidId { kind: $kind, value: text.chars().take(80).collect(), expected: $expected })
                }
            }

            /// Returns the identifier as AWS, the database and URLs spell it.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> { Self::parse(&text) }
        }
        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> { Self::parse(text) }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String { id.0.as_ref().to_owned() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
    )*};
}

ids! {
    /// The 12-digit number of an AWS account.
    AccountId, "AWS account id", "12 digits", |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
    /// The id of an organizational unit (`ou-…`) or of a root (`r-…`).
    OuId, "organizational unit id", "`ou-…` or `r-…`", |t| (t.starts_with("ou-") || t.starts_with("r-")) && t.len() <= 68 && plain(t);
    /// The ARN of an Identity Center instance: `arn:aws:sso:::instance/ssoins-…`
    InstanceArn, "Identity Center instance ARN", "`arn:aws:sso:::instance/ssoins-…`", |t| t.starts_with("arn:") && t.contains(":sso:::instance/") && t.len() <= 1224;
    /// The ARN of a permission set: `arn:aws:sso:::permissionSet/ssoins-…/ps-…`
    PermissionSetArn, "permission set ARN", "`arn:aws:sso:::permissionSet/ssoins-…/ps-…`", |t| t.starts_with("arn:") && t.contains(":sso:::") && t.contains("/ps-") && t.len() <= 1224 && plain_arn(t);
    /// The id of a user in the identity store (`PrincipalId` of type USER).
    UserId, "Identity Center user id", "a UUID, or ten hex digits, a dash and a UUID", principal;
    /// The id of a group in the identity store (`PrincipalId` of type GROUP).
    GroupId, "Identity Center group id", "a UUID, or ten hex digits, a dash and a UUID", principal;
    /// The id of one human, with all their sign-ins. Created by Leastwise.
    PersonId, "person id", "a UUID", uuid;
    /// The id of a change, as in `/changes/{id}`. Created by Leastwise.
    ChangeId, "change id", "a UUID", uuid;
    /// The id of an access window. Created by Leastwise.
    GrantId, "grant id", "a UUID", uuid;
    /// The id of one intended write to AWS, assigned before AWS returns a request id. Created by Leastwise.
    OperationId, "operation id", "a UUID", uuid;
    /// The id of a job. Created by Leastwise.
    JobId, "job id", "a UUID", uuid;
    /// The request id that AWS returns for an asynchronous write.
    AwsRequestId, "AWS request id", "up to 64 letters, digits and dashes", |t| !t.is_empty() && t.len() <= 64 && plain(t);
}

fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn plain_arn(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'/'))
}

fn uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

fn principal(text: &str) -> bool {
    match text.len() {
        36 => uuid(text),
        47 => {
            text.as_bytes()[10] == b'-'
                && text[..10].bytes().all(|b| b.is_ascii_hexdigit())
                && uuid(&text[11..])
        }
        _ => false,
    }
}

impl PermissionSetArn {
    /// Returns the last part of the ARN, which identifies the permission set in URLs and forms.
    pub fn key(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// The principal of an assignment: a user or a group of the identity store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "UPPERCASE")]
pub enum Principal {
    /// A group, through which its members have access to the account.
    Group(GroupId),
    /// A user who is assigned directly.
    User(UserId),
}

impl Principal {
    /// Returns AWS's `PrincipalType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "GROUP",
            Self::User(_) => "USER",
        }
    }

    /// Returns AWS's `PrincipalId`.
    pub fn id(&self) -> &str {
        match self {
            Self::Group(id) => id.as_str(),
            Self::User(id) => id.as_str(),
        }
    }

    /// Parses AWS's `PrincipalType` and `PrincipalId`.
    pub fn parse(kind: &str, id: &str) -> Result<Self, InvalidId> {
        match kind {
            "GROUP" => GroupId::parse(id).map(Self::Group),
            "USER" => UserId::parse(id).map(Self::User),
            _ => Err(InvalidId {
                kind: "principal type",
                value: kind.chars().take(80).collect(),
                expected: "USER or GROUP",
            }),
        }
    }
}

/// An account and a permission set: the key by which AWS lists assignments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    pub account: AccountId,
    pub set: PermissionSetArn,
}

/// One account assignment: the unit that AWS creates and deletes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Assignment {
    #[serde(flatten)]
    pub pair: Pair,
    pub principal: Principal,
}

/// The identity of an effect: SHA-256 (hex) of what an approver agrees to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectHash(pub String);

impl fmt::Debug for EffectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_twelve_digits_and_nothing_else() {
        assert!(AccountId::parse("123456789012").is_ok());
        for wrong in [
            "",
            "12345678901",
            "1234567890123",
            "12345678901a",
            "１２３４５６７８９０１２",
        ] {
            assert!(AccountId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_principal_may_carry_the_older_ten_digit_prefix() {
        assert!(UserId::parse("906757bd20-0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").is_ok());
        assert!(UserId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").is_ok());
        assert!(UserId::parse("bob").is_err());
    }

    #[test]
    fn a_deserialised_id_is_checked_too() {
        assert!(serde_json::from_str::<AccountId>("\"1\"").is_err());
    }

    #[test]
    fn an_invalid_id_says_what_a_valid_one_looks_like() {
        let error = AccountId::parse("prod").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`prod` is not a valid AWS account id: 12 digits"
        );
    }
}
