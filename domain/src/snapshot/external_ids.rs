//! An index to find users by an external id without a scan of the whole directory.
//!
//! Holds a hash instead of each external id: 50,000 people have two or more, and two read models are in memory while one
//! replaces the other. Two ids can have one hash, so what it returns is never a proof: the caller compares the ids.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::{
    directory::{ExternalId, User},
    ids::UserId,
};

/// The users of all external ids, sorted by the hash of the id.
#[derive(Debug, Clone, Default)]
pub(super) struct UsersByExternalId(Box<[(u64, UserId)]>);

impl UsersByExternalId {
    pub(super) fn of<'a>(users: impl Iterator<Item = &'a User>) -> Self {
        let of_user = |user: &'a User| {
            let ids = user.external_ids.iter();
            ids.map(|id| (hash(id), user.id.clone()))
        };
        let mut entries: Vec<_> = users.flat_map(of_user).collect();
        entries.sort_unstable();
        Self(entries.into_boxed_slice())
    }

    /// Returns the users that may have an external id: all who have it, and those of another id with the same hash.
    pub(super) fn candidates<'a>(
        &'a self,
        external_id: &ExternalId,
    ) -> impl Iterator<Item = &'a UserId> + use<'a> {
        let wanted = hash(external_id);
        let from = self.0.partition_point(|(hash, _)| *hash < wanted);
        let found = self.0[from..].iter();
        found
            .take_while(move |(hash, _)| *hash == wanted)
            .map(|(_, user)| user)
    }
}

fn hash(external_id: &ExternalId) -> u64 {
    let mut hasher = DefaultHasher::new();
    external_id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use crate::{
        directory::{ExternalId, Origin, User, UserStatus},
        ids::UserId,
        person::{
            Subject,
            link::{LinkKeys, link_identity},
        },
        snapshot::{Parts, Snapshot},
    };

    fn id(n: usize) -> UserId {
        UserId::parse(&format!("{n:08x}-0000-4000-8000-000000000000")).unwrap()
    }

    fn user(n: usize, external_ids: &[(&str, &str)]) -> User {
        User {
            id: id(n),
            user_name: format!("user{n}"),
            display_name: format!("User {n}"),
            email: None,
            title: None,
            status: UserStatus::Enabled,
            origin: Origin::External,
            external_ids: external_ids
                .iter()
                .map(|(issuer, id)| ExternalId {
                    issuer: (*issuer).to_owned(),
                    id: (*id).to_owned(),
                })
                .collect(),
        }
    }

    fn keys(iss: &str, sub: &str) -> LinkKeys {
        LinkKeys::of_subject(Subject {
            iss: iss.into(),
            sub: sub.into(),
        })
    }

    #[test]
    fn the_index_finds_the_users_that_a_scan_of_all_users_finds() {
        let users = [
            user(1, &[("pool", "a"), ("idp", "x")]),
            user(2, &[("pool", "b"), ("pool", "a")]),
            user(3, &[("idp", "a")]),
            user(4, &[]),
        ];
        let snapshot = Snapshot::new(Parts {
            users: users
                .iter()
                .map(|user| (user.id.clone(), user.clone()))
                .collect(),
            ..Parts::default()
        });
        let named = LinkKeys {
            attribute: Some(id(4)),
            ..keys("pool", "b")
        };
        let federated = LinkKeys {
            identity: users[0].external_ids.get(1).cloned(),
            ..keys("nobody", "x")
        };
        let all = [
            (keys("pool", "a"), vec![id(1), id(2)]),
            (keys("idp", "a"), vec![id(3)]),
            (keys("pool", "x"), vec![]),
            (named, vec![id(2), id(4)]),
            (federated, vec![id(1)]),
        ];
        for (keys, expected) in all {
            let found = snapshot.found_by(&keys).map(|user| user.id.clone());
            assert_eq!(found.collect::<Vec<_>>(), expected, "{keys:?}");
            assert_eq!(
                link_identity(&keys, snapshot.found_by(&keys)),
                link_identity(&keys, users.iter())
            );
        }
    }
}
