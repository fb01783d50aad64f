//! Groups of exact sizes, added to a generated organisation to measure what depends on the size of a group.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{BEGUN_MS, uuid};
use crate::org::{Assignment, Group, Membership, Organisation, PrincipalType};

/// The most assignments of an added group: as many as the most common group of `large` has.
const MOST_ASSIGNED: usize = 7_000;

/// Adds a group of each size, managed in Identity Center, with assignments to pairs that exist.
pub(in crate::org) fn add_groups(organisation: &mut Organisation, sizes: &[usize], seed: u64) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed ^ 0x67_72_6f_75_70_73);
    let pairs: BTreeSet<(Arc<str>, Arc<str>)> = organisation
        .assignments
        .iter()
        .map(|held| (held.account.clone(), held.permission_set.clone()))
        .collect();
    let pairs: Vec<_> = pairs.into_iter().collect();
    for size in sizes {
        let id = uuid(&mut dice);
        organisation.groups.push(Group {
            id: id.clone(),
            display_name: format!("people-{size}").into(),
            description: None,
            external_ids: Vec::new(),
            created_ms: BEGUN_MS,
            updated_ms: BEGUN_MS,
            revision: 1,
        });
        for user in organisation.users.iter().take(*size) {
            organisation.memberships.push(Membership {
                id: uuid(&mut dice),
                group: id.clone(),
                user: user.id.clone(),
                created_ms: BEGUN_MS,
            });
        }
        let mut taken = BTreeSet::new();
        while taken.len() < (size * 4 / 5).min(MOST_ASSIGNED).min(pairs.len()) {
            taken.insert(dice.gen_range(0..pairs.len()));
        }
        for pair in taken {
            let (account, permission_set) = pairs[pair].clone();
            organisation.assignments.push(Assignment {
                account,
                permission_set,
                principal_type: PrincipalType::Group,
                principal_id: id.clone(),
            });
        }
    }
}
