//! The plans of sagas under way, over an upgrade: what an earlier version planned is continued as it was planned, and what
//! a newer one planned is kept for it. Neither is somebody's edit.

use domain::{
    change::{Operation, State, StoredItem},
    engine::{ChangeRow, Commit, Item, ItemRow, Rows, Write},
    ids::PersonId,
    subject::{Content, StoredPlan, Work, identity_link::ObservedIdentity},
};
use serde_json::Value;
use server::{engine::commit, store::engine};

use super::{
    items::store,
    saga_items::{applying, under_way, write},
    support::{Org, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_saga_that_an_earlier_version_planned_otherwise_is_continued_as_it_was_planned,
    a_saga_that_a_newer_version_planned_is_kept_and_nobody_is_accused,
}

fn link(name: &str) -> Operation {
    Operation::LinkIdentity {
        person: PersonId::parse("00000009-0000-4000-8000-000000000002").unwrap(),
        before: None,
        after: Some(user(name)),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    }
}

fn planned(operation: &Operation) -> StoredPlan {
    let Work::Saga(plan) = operation.subject().work() else {
        panic!("a saga");
    };
    plan.into()
}

/// Returns the plan as another version would have stored it.
fn otherwise(plan: &StoredPlan, edit: impl Fn(&mut Value)) -> StoredPlan {
    let mut document = serde_json::to_value(plan).unwrap();
    edit(&mut document);
    serde_json::from_value(document).unwrap()
}

/// Starts a change with this plan, and returns what the next process restores.
async fn started(org: &Org, plan: StoredPlan) -> (ChangeRow, Rows) {
    let items = StoredItem::of_all(&[link("eve")]);
    let id = store(org, &items, State::Approved).await;
    let row = ChangeRow {
        change: id,
        items: vec![ItemRow {
            item: Item::Saga { plan },
            result: None,
        }],
        ..under_way()
    };
    let commit = Commit {
        number: 1,
        generation: org.generation().await,
        writes: vec![Write::Change(row.clone())],
        events: vec![applying(&row)],
    };
    commit::store(&org.app_state, commit).await.unwrap();
    let rows = restored(org).await;
    (row, rows)
}

async fn restored(org: &Org) -> Rows {
    let mut tx = org.app_state.store.write().await.unwrap();
    let rows = engine::restore(&mut tx, org.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    rows
}

async fn a_saga_that_an_earlier_version_planned_otherwise_is_continued_as_it_was_planned(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    // Another content that the step leaves: the program of now would not plan it.
    let leaves = |name: &str| match &planned(&link(name)).steps[0].leaves {
        Content::Is(hash) => hash.0.clone(),
        Content::Gone => panic!("a link leaves an identity"),
    };
    let (before, now) = (leaves("fay"), leaves("eve"));
    let plan = otherwise(&planned(&link("eve")), |document| {
        let text = document["text"].as_str().unwrap().replace(&now, &before);
        document["text"] = text.into();
    });
    assert_ne!(*plan, *planned(&link("eve")));
    let (row, rows) = started(&org, plan).await;
    assert!(rows.altered.is_empty(), "nobody edited it");
    assert_eq!(rows.changes, std::slice::from_ref(&row));

    // The same, edited by hand afterwards.
    let edited = otherwise(&planned(&link("fay")), |_| {});
    let edited = ChangeRow {
        items: vec![ItemRow {
            item: Item::Saga { plan: edited },
            result: None,
        }],
        ..row.clone()
    };
    write(&org, &[Write::Change(edited)]).await;
    assert_eq!(restored(&org).await.altered, [(row.change, 0)].into());
}

async fn a_saga_that_a_newer_version_planned_is_kept_and_nobody_is_accused(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let plan = otherwise(&planned(&link("eve")), |document| {
        document["version"] = 2.into();
    });
    let (row, rows) = started(&org, plan).await;
    assert!(rows.altered.is_empty());
    assert_eq!(rows.changes, [row]);
    let Item::Saga { plan } = &rows.changes[0].items[0].item else {
        panic!("{rows:?}");
    };
    assert!(!plan.is_understood() && plan.steps.is_empty());
}
