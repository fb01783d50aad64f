//! Compares the lists of event types with what each part of the projection does with every type. A type that a list
//! misses would never be read, and a row would count that an entry contradicts.

use std::{collections::BTreeSet, fmt::Debug};

use serde_json::{Value, json};

use super::*;
use crate::{
    ids::{AccountId, ChangeId, PermissionSetArn},
    ledger::{Actor, ActorKind, EntryTarget, Hash},
};

const USER: &str = "00000000-0000-4000-8000-000000000002";
const PERSON: &str = "00000003-0000-4000-8000-000000000001";
const CHANGE: &str = "00000004-0000-4000-8000-000000000001";
const PLACE: EntryPlace = EntryPlace {
    seq: 0,
    leaf: Hash::ZERO,
};

/// The lists of all parts of the projection.
pub(super) const LISTS: [&[&str]; 10] = [
    &OF_A_CHANGE,
    &OF_ROLES,
    &grants::OF_WINDOWS,
    &grants::OF_WRITES,
    &sessions::OF_SESSIONS,
    &identities::OF_ONE_IDENTITY,
    &identities::OF_THE_ALARM,
    &sign_ins::OF_SIGN_INS,
    &declarations::OF_DECLARATIONS,
    &classes::OF_CLASSES,
];

pub(super) fn targets() -> [EntryTarget; 3] {
    let principal = |target: EntryTarget| EntryTarget {
        principal_type: Some("USER".into()),
        principal_id: Some(USER.into()),
        ..target
    };
    let account = Some(AccountId::parse("111122223333").unwrap());
    let set = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef";
    [
        principal(EntryTarget {
            id: Some(PERSON.into()),
            ..EntryTarget::new("person")
        }),
        EntryTarget {
            account_id: account.clone(),
            ..EntryTarget::new("account")
        },
        principal(EntryTarget {
            account_id: account,
            permission_set_arn: Some(PermissionSetArn::parse(set).unwrap()),
            ..EntryTarget::new("assignment")
        }),
    ]
}

/// An entry that says everything that a part of the projection may read.
pub(super) fn entry(kind: EventKind, target: &EntryTarget, at: i64) -> Entry {
    let actor = Actor {
        person_id: Some(PersonId::parse(PERSON).unwrap()),
        session: Some(Hash::of(b"session")),
        iss: Some("issuer".into()),
        sub: Some("sub".into()),
        ..Actor::new(ActorKind::Human)
    };
    let mut entry = Entry::new(kind.entry_type(), Timestamp(at), Outcome::Success, actor);
    entry.target = Some(target.clone());
    entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
    entry.after = Some(Hash::of(at.to_string().as_bytes()));
    let Value::Object(data) = json!({
        "mapping": "digest",
        "classes": { "111122223333": ["production", "in", "", ""] },
        "role": "approver",
        "effect": "e",
        "user": USER,
        "users": [USER],
        "external_ids": [],
        "keys": [Hash::of(b"keys").hex()],
        "difference": "user_deleted",
        "differing": 1,
        "linked": 2,
        "bound": Hash::of(b"bound").hex(),
        "digest": "d",
        "grant": "00000005-0000-4000-8000-000000000001",
        "starts": Timestamp(0).rfc3339(),
        "standing": true,
    }) else {
        unreachable!("an object")
    };
    entry.data = data;
    entry
}

/// Returns the types of entries that change what is shown of a part of the projection: from nothing, or after up to two
/// other entries. `apply` is not told which types are listed.
fn changing<P: Clone + Default, V: Debug>(
    apply: fn(&mut P, &Entry),
    view: fn(&P) -> V,
) -> BTreeSet<&'static str> {
    let shown = |part: &P| format!("{:?}", view(part));
    let mut found = BTreeSet::new();
    for target in &targets() {
        let mut states = vec![P::default()];
        for at in 0..3 {
            let mut next = Vec::new();
            for state in &states {
                for kind in EventKind::ALL {
                    let mut after = state.clone();
                    apply(&mut after, &entry(*kind, target, at));
                    if shown(&after) != shown(state) {
                        found.insert(kind.as_str());
                        next.push(after);
                    }
                }
            }
            states = next;
        }
    }
    found
}

fn listed(lists: &[&[&'static str]]) -> BTreeSet<&'static str> {
    lists.iter().copied().flatten().copied().collect()
}

#[test]
fn the_types_that_change_a_part_of_the_projection_are_those_of_its_lists() {
    let changes = changing(
        |part: &mut Changes, entry| part.apply(PLACE, entry),
        Changes::clone,
    );
    assert_eq!(changes, listed(&[&OF_A_CHANGE]));
    let roles = changing(Projection::apply_to_role, Projection::clone);
    assert_eq!(roles, listed(&[&OF_ROLES]));
    let grants = changing(Grants::apply, Grants::clone);
    let of_grants = listed(&[&grants::OF_WINDOWS, &grants::OF_WRITES]);
    assert_eq!(grants, of_grants);
    let sessions = changing(Sessions::apply, Sessions::clone);
    assert_eq!(sessions, listed(&[&sessions::OF_SESSIONS]));
    let identities = changing(Identities::apply, Identities::clone);
    let of_identities = listed(&[&identities::OF_ONE_IDENTITY, &identities::OF_THE_ALARM]);
    assert_eq!(identities, of_identities);
    let sign_ins = changing(SignIns::apply, SignIns::clone);
    assert_eq!(sign_ins, listed(&[&sign_ins::OF_SIGN_INS]));
    let declarations = changing(Declarations::apply, Declarations::clone);
    assert_eq!(declarations, listed(&[&declarations::OF_DECLARATIONS]));
    let classes = changing(Classes::apply, Classes::clone);
    assert_eq!(classes, listed(&[&classes::OF_CLASSES]));
    let parts = [
        changes,
        roles,
        grants,
        sessions,
        identities,
        sign_ins,
        declarations,
        classes,
    ];
    let all: BTreeSet<&str> = parts.into_iter().flatten().collect();
    assert_eq!(all, listed(&LISTS));
}

#[test]
fn the_types_that_begin_or_end_an_alarm_are_those_of_their_list() {
    let changes = changing(Identities::apply, |part| part.alarm().cloned());
    assert_eq!(changes, listed(&[&identities::OF_THE_ALARM]));
}
