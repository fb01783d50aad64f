//! Finds the Identity Center user of a sign-in.
//!
//! A usual SCIM set-up does not write the subject of Cognito into the directory, so there are three methods. Each looks
//! for a key that the person cannot set: the subject itself, the identity of a federated sign-in, or an attribute of
//! the user pool. E-mail addresses are never keys, because they can be reassigned. Never picks one of several results:
//! keys that are unclear, or that lead to different users, link nobody.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::{
    directory::{ExternalId, User},
    ids::UserId,
};

/// A method of finding the Identity Center user of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkMethod {
    /// The directory has issuer and subject of the user pool as an external id.
    Subject,
    /// The directory has the id at the external identity provider as an external id (`identities` claim).
    Identities,
    /// An attribute of the user pool holds the id of the Identity Center user.
    Attribute,
}

impl LinkMethod {
    pub const ALL: [Self; 3] = [Self::Subject, Self::Identities, Self::Attribute];

    /// Returns the name of the method in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Identities => "identities",
            Self::Attribute => "attribute",
        }
    }

    /// Returns the key of the method in words.
    fn words(self) -> &'static str {
        match self {
            Self::Subject => "the subject of the user pool",
            Self::Identities => "the identity at the identity provider",
            Self::Attribute => "the attribute of the user pool",
        }
    }
}

/// The reason why the keys of a sign-in cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusableKey {
    /// The `identities` claim has several primary identities.
    SeveralIdentities,
    /// The `identities` claim does not have the documented form.
    MalformedIdentities,
    /// The id at the identity provider is an e-mail address.
    EmailAsIdentity,
    /// The attribute of the user pool does not hold the id of an Identity Center user.
    MalformedAttribute,
    /// The user pool did not return the attribute, so it may name another user.
    UnreadAttribute,
}

impl UnusableKey {
    /// Returns the explanation for the ledger.
    pub fn reason(self) -> &'static str {
        match self {
            Self::SeveralIdentities => "the sign-in has several primary identities",
            Self::MalformedIdentities => "the identities claim of the sign-in cannot be read",
            Self::EmailAsIdentity => {
                "the identity provider sends an e-mail address as the user id, which can be reassigned"
            }
            Self::MalformedAttribute => {
                "the attribute of the user pool is not the id of an Identity Center user"
            }
            Self::UnreadAttribute => "the attribute of the user pool could not be read",
        }
    }
}

/// The keys by which the directory is searched for the user of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkKeys {
    pub subject: Subject,
    /// The identity at an external identity provider, with the issuer that the directory uses for that provider.
    #[serde(default)]
    pub identity: Option<ExternalId>,
    /// The value of the configured attribute.
    #[serde(default)]
    pub attribute: Option<UserId>,
    #[serde(default)]
    pub unusable: Option<UnusableKey>,
}

impl LinkKeys {
    /// Returns the keys of a subject of which nothing else is known.
    pub fn of_subject(subject: Subject) -> Self {
        Self {
            subject,
            identity: None,
            attribute: None,
            unusable: None,
        }
    }

    /// Returns the external ids by which a user can be found.
    fn external(&self) -> impl Iterator<Item = (LinkMethod, &str, &str)> {
        let Subject { iss, sub } = &self.subject;
        let identity = self.identity.as_ref().map(|identity| {
            let ExternalId { issuer, id } = identity;
            (LinkMethod::Identities, issuer.as_str(), id.as_str())
        });
        [(LinkMethod::Subject, iss.as_str(), sub.as_str())]
            .into_iter()
            .chain(identity)
    }

    /// Returns the external ids by which a user can be found, in full.
    pub fn external_ids(&self) -> impl Iterator<Item = ExternalId> {
        self.external().map(|(_, issuer, id)| ExternalId {
            issuer: issuer.to_owned(),
            id: id.to_owned(),
        })
    }

    /// Whether one of the keys finds this user.
    pub fn find(&self, user: &UserId, external_ids: &[ExternalId]) -> bool {
        self.attribute.as_ref() == Some(user)
            || self.external().any(|(_, issuer, id)| {
                let is_same = |ext: &ExternalId| ext.issuer == issuer && ext.id == id;
                external_ids.iter().any(is_same)
            })
    }

    /// Returns the methods that have a key.
    pub fn methods(&self) -> impl Iterator<Item = LinkMethod> {
        let attribute = self.attribute.as_ref().map(|_| LinkMethod::Attribute);
        self.external().map(|(method, ..)| method).chain(attribute)
    }

    /// Whether the key of a method finds this user.
    pub fn finds(&self, method: LinkMethod, user: &UserId, external_ids: &[ExternalId]) -> bool {
        match method {
            LinkMethod::Attribute => self.attribute.as_ref() == Some(user),
            LinkMethod::Subject | LinkMethod::Identities => self
                .external()
                .filter(|(other, ..)| *other == method)
                .any(|(_, issuer, id)| {
                    let is_same = |ext: &ExternalId| ext.issuer == issuer && ext.id == id;
                    external_ids.iter().any(is_same)
                }),
        }
    }

    /// Whether a key could not be read, so that it may name anybody.
    pub fn is_unread(&self) -> bool {
        self.unusable == Some(UnusableKey::UnreadAttribute)
    }

    /// Returns why a sign-in with these keys may not be this user; none if nothing speaks against it. The user need not
    /// have any of the keys.
    pub fn objection(&self, user: &UserId, external_ids: &[ExternalId]) -> Option<&'static str> {
        if let Some(why) = self.unusable {
            return Some(why.reason());
        }
        let mut against = self.contradicting(user, external_ids);
        against.next().map(|_| CONTRADICTORY)
    }

    /// Returns the methods by which the directory knows this user under another key, so that it is somebody else.
    pub fn contradicting<'a>(
        &'a self,
        user: &'a UserId,
        external_ids: &'a [ExternalId],
    ) -> impl Iterator<Item = LinkMethod> + 'a {
        let named = self.attribute.as_ref();
        let attribute = named
            .filter(move |named| *named != user)
            .map(|_| LinkMethod::Attribute);
        let external = self.external().filter(move |(_, issuer, id)| {
            let mut of_issuer = external_ids.iter().filter(|ext| ext.issuer == *issuer);
            let (known, same) = (
                of_issuer.clone().count(),
                of_issuer.any(|ext| ext.id == *id),
            );
            known > 0 && !same
        });
        external.map(|(method, ..)| method).chain(attribute)
    }
}

const CONTRADICTORY: &str = "the methods of linking lead to different directory users";

/// What one method of linking leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    pub method: LinkMethod,
    /// The user; none if the directory has no user with this key, although it knows a user that another method found under
    /// another key of this kind.
    pub user: Option<UserId>,
}

/// The result of looking up the Identity Center user of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityLink {
    /// Every method that found a user found this one.
    Linked(UserId, BTreeSet<LinkMethod>),
    /// No method found a user.
    Unknown,
    /// Several users have the same key: none is linked, and an administrator has to look into it.
    Ambiguous(Vec<UserId>),
    /// The methods lead to different users: none is linked.
    Contradictory(Vec<MethodResult>),
    /// A key cannot be used: nobody is linked, even if another method finds a user.
    Unusable(UnusableKey),
}

impl IdentityLink {
    /// Returns why the directory does not say who this is; `None` if it is linked or simply not in the directory.
    pub fn obstacle(&self) -> Option<LinkObstacle> {
        match self {
            Self::Linked(..) | Self::Unknown => None,
            Self::Ambiguous(_) => Some(LinkObstacle::Ambiguous),
            Self::Contradictory(results) => Some(LinkObstacle::Contradictory(numbered(results))),
            Self::Unusable(why) => Some(LinkObstacle::Unusable(*why)),
        }
    }

    /// Returns why a sign-in may no longer be the user that it is linked to. A user that was not found proves nothing,
    /// because the listing may be older than the link.
    pub fn objection(&self, linked: &UserId) -> Option<String> {
        match self {
            Self::Linked(user, _) if user != linked => {
                Some("the keys of the sign-in lead to another directory user".to_owned())
            }
            _ => self.obstacle().map(|why| why.to_string()),
        }
    }
}

/// Why the directory does not say who a sign-in is. Names no user, because the person may not know other users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkObstacle {
    /// Several users have the same key.
    Ambiguous,
    /// The methods lead to different users, numbered from 0, or to none.
    Contradictory(Vec<(LinkMethod, Option<usize>)>),
    /// A key cannot be used.
    Unusable(UnusableKey),
}

impl fmt::Display for LinkObstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => f.write_str("several directory users have this identity"),
            Self::Contradictory(places) => {
                let places: Vec<String> = places
                    .iter()
                    .map(|(method, user)| {
                        let which = match user {
                            None => "none",
                            Some(0) => "one user",
                            Some(1) => "another user",
                            Some(_) => "a third user",
                        };
                        format!("{} to {which}", method.words())
                    })
                    .collect();
                write!(f, "{CONTRADICTORY}: {}", places.join(", "))
            }
            Self::Unusable(why) => f.write_str(why.reason()),
        }
    }
}

/// Returns which method leads where, without the ids of the users.
fn numbered(results: &[MethodResult]) -> Vec<(LinkMethod, Option<usize>)> {
    let mut users: Vec<&UserId> = Vec::new();
    let mut number = |user| {
        let known = users.iter().position(|one| *one == user);
        known.unwrap_or_else(|| {
            users.push(user);
            users.len() - 1
        })
    };
    let places = results.iter();
    places
        .map(|result| (result.method, result.user.as_ref().map(&mut number)))
        .collect()
}

/// Finds the user of a sign-in. Issuers and ids are compared byte for byte.
pub fn link_identity<'a>(keys: &LinkKeys, users: impl Iterator<Item = &'a User>) -> IdentityLink {
    if let Some(why) = keys.unusable {
        return IdentityLink::Unusable(why);
    }
    let mut found: BTreeMap<LinkMethod, Vec<&User>> = BTreeMap::new();
    for user in users {
        for (method, issuer, id) in keys.external() {
            let has = |ext: &ExternalId| ext.issuer == issuer && ext.id == id;
            if user.external_ids.iter().any(has) {
                found.entry(method).or_default().push(user);
            }
        }
        if keys.attribute.as_ref() == Some(&user.id) {
            found.entry(LinkMethod::Attribute).or_default().push(user);
        }
    }
    let ids = |users: &[&User]| users.iter().map(|user| user.id.clone()).collect();
    if let Some(several) = found.values().find(|users| users.len() > 1) {
        return IdentityLink::Ambiguous(ids(several));
    }
    let all: Vec<&User> = found.values().flatten().copied().collect();
    let Some(first) = all.first() else {
        return IdentityLink::Unknown;
    };
    let against: BTreeSet<LinkMethod> = all
        .iter()
        .flat_map(|user| keys.contradicting(&user.id, &user.external_ids))
        .collect();
    if !against.is_empty() || all.iter().any(|user| user.id != first.id) {
        let methods: BTreeSet<LinkMethod> = found.keys().copied().chain(against).collect();
        let results = methods.into_iter().map(|method| MethodResult {
            method,
            user: found
                .get(&method)
                .and_then(|users| Some(users.first()?.id.clone())),
        });
        return IdentityLink::Contradictory(results.collect());
    }
    IdentityLink::Linked(first.id.clone(), found.into_keys().collect())
}

#[cfg(test)]
mod tests;
