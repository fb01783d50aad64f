//! Whether the plan of a running saga is the one that was requested.

use crate::{
    change::Operation,
    engine::{AccessResource, ChangePhase, ChangeRow, Item, ItemRow},
    ids::{ChangeId, GroupId, PersonId, UserId},
    subject::{SagaPlan, identity_link::ObservedIdentity},
    time::Duration,
};

fn user(n: u64) -> UserId {
    UserId::parse(&format!("00000000-0000-4000-8000-{n:012}")).unwrap()
}

fn link(n: u64) -> Operation {
    Operation::LinkIdentity {
        person: PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap(),
        before: None,
        after: Some(user(n)),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    }
}

fn plan(operation: &Operation) -> SagaPlan {
    super::saga(operation).unwrap()
}

fn removal() -> Item {
    Item::Close {
        key: AccessResource::Membership {
            group: GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            user: user(9),
        },
        session: Duration::hours(1),
    }
}

fn row(items: Vec<Item>) -> ChangeRow {
    ChangeRow {
        change: ChangeId::parse("00000009-0000-4000-8000-000000000001").unwrap(),
        items: items
            .into_iter()
            .map(|item| ItemRow { item, result: None })
            .collect(),
        phase: ChangePhase::Applying,
        not_before: None,
        started: None,
    }
}

fn saga(operation: &Operation) -> Item {
    Item::Saga {
        plan: plan(operation).into(),
    }
}

#[test]
fn a_plan_as_it_was_requested_is_kept() {
    let mut found = row(vec![saga(&link(1))]);
    let before = found.clone();
    assert!(found.as_requested(&[Some(link(1))]).is_empty());
    assert_eq!(found, before);
}

#[test]
fn a_plan_that_differs_is_replaced_by_the_requested_one_and_named() {
    let mut found = row(vec![saga(&link(1)), saga(&link(2))]);
    let altered = found.as_requested(&[Some(link(1)), Some(link(3))]);
    assert_eq!(altered, [1].into());
    assert_eq!(found.items[1].item, saga(&link(3)));
}

#[test]
fn what_nobody_requested_has_no_steps() {
    for requested in [vec![None], Vec::new()] {
        let mut found = row(vec![saga(&link(1))]);
        assert_eq!(found.as_requested(&requested), [0].into());
        let Item::Saga { plan } = &found.items[0].item else {
            panic!("{found:?}");
        };
        assert!(plan.steps.is_empty());
    }
}

#[test]
fn a_row_of_which_items_are_missing_proves_none_of_its_sagas() {
    let mut found = row(vec![saga(&link(1))]);
    let altered = found.as_requested(&[Some(link(1)), Some(link(2))]);
    assert_eq!(altered, [0].into());
}

#[test]
fn a_removal_is_as_it_is_whatever_is_proven() {
    let mut found = row(vec![removal()]);
    let before = found.clone();
    assert!(found.as_requested(&[]).is_empty());
    assert_eq!(found, before);
    assert_eq!(found.plans_digest(), None);
}
