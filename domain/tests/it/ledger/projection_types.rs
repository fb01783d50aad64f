//! The lists of event types that the projection exports, by which entries are selected. A type that a list misses would
//! never be read, and a row would count that an entry contradicts.

use std::collections::BTreeSet;

use domain::{
    ids::{AccountId, ChangeId, PermissionSetArn, PersonId},
    ledger::{
        Actor, ActorKind, Entry, EntryTarget, EventKind, Hash, Outcome,
        projection::{
            OF_A_CHANGE, OF_ROLES, Projection, declarations, grants, identities, sessions,
        },
    },
    time::Timestamp,
};
use serde_json::{Value, json};

/// One part of the projection, in a form that shows every difference.
type View = fn(&Projection) -> String;

const USER: &str = "00000000-0000-4000-8000-000000000002";
const PERSON: &str = "00000003-0000-4000-8000-000000000001";
const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

fn targets() -> [EntryTarget; 3] {
    let principal = |target: EntryTarget| EntryTarget {
        principal_type: Some("USER".into()),
        principal_id: Some(USER.into()),
        ..target
    };
    let account = Some(AccountId::parse("111122223333").unwrap());
    let set = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef";
    [
        EntryTarget {
            id: Some(PERSON.into()),
            ..EntryTarget::new("person")
        },
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
fn entry(kind: EventKind, target: &EntryTarget, at: i64) -> Entry {
    let actor = Actor {
        person_id: Some(PersonId::parse(PERSON).unwrap()),
        session: Some(Hash::of(b"session")),
        ..Actor::new(ActorKind::Human)
    };
    let mut entry = Entry::new(kind.entry_type(), Timestamp(at), Outcome::Success, actor);
    entry.target = Some(target.clone());
    entry.change_id = Some(ChangeId::parse(CHANGE).unwrap());
    entry.after = Some(Hash::of(at.to_string().as_bytes()));
    let Value::Object(data) = json!({
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

/// Returns the types of entries that change a part of the projection: from nothing, or after up to two other entries.
fn changing(view: View) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for target in &targets() {
        let after = |before: &Projection, kind: EventKind, at| {
            let mut projection = before.clone();
            projection.apply(&entry(kind, target, at));
            projection
        };
        let mut states = vec![Projection::default()];
        for at in 0..3 {
            let mut next = Vec::new();
            for state in &states {
                for kind in EventKind::ALL {
                    let changed = after(state, *kind, at);
                    if view(&changed) != view(state) {
                        found.insert(kind.as_str());
                        next.push(changed);
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
    let parts: [(View, BTreeSet<&str>); 6] = [
        (|p| format!("{:?}", p.changes()), listed(&[&OF_A_CHANGE])),
        (|p| format!("{:?}", p.roles()), listed(&[&OF_ROLES])),
        (
            |p| format!("{:?}", p.grants()),
            listed(&[&grants::OF_WINDOWS, &grants::OF_WRITES]),
        ),
        (
            |p| format!("{:?}", p.sessions()),
            listed(&[&sessions::OF_SESSIONS]),
        ),
        (
            |p| format!("{:?}", p.identities()),
            listed(&[&identities::OF_ONE_IDENTITY, &identities::OF_THE_ALARM]),
        ),
        (
            |p| format!("{:?}", p.declarations()),
            listed(&[&declarations::OF_DECLARATIONS]),
        ),
    ];
    for (view, types) in parts {
        assert_eq!(changing(view), types);
    }
}

#[test]
fn the_types_that_begin_or_end_a_suspension_are_those_of_their_list() {
    // A record without a suspension is no suspension.
    let changes = changing(|projection| {
        let records = projection.identities().records().values();
        let suspended = records.filter_map(|record| record.suspended.as_ref());
        format!("{:?}", suspended.collect::<Vec<_>>())
    });
    assert_eq!(changes, listed(&[&identities::OF_A_SUSPENSION]));
}

#[test]
fn the_types_by_which_people_agree_are_those_of_their_list() {
    let changes = changing(|projection| {
        let records = projection.identities().records().values();
        let agreed = records.map(|record| (&record.agreed, &record.ended, &record.refused));
        let nothing = (&None, &None, &BTreeSet::new());
        format!(
            "{:?}",
            agreed
                .filter(|agreed| *agreed != nothing)
                .collect::<Vec<_>>()
        )
    });
    // The host confirms an identity whose link people ended.
    let others = [identities::CONFIRMED];
    assert_eq!(changes, listed(&[&identities::OF_AN_AGREEMENT, &others]));
}
