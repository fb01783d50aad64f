//! What is left to request of a change that is over: undo of what was carried out, and again what was not.

use app::backend::{
    ChangeKind, ChangesPort as _, ClassificationPort as _, Denied, FollowUpForm, FollowUpLink,
    ITEMS_PER_PAGE, Reach,
};
use domain::{
    change::{Operation, State, StoredItem},
    classification::{Environment, Pci},
    engine::{
        Cause, ChangePhase, ChangeRow, FollowUp, Item, ItemResult, ItemRow, SagaStop, StepAnswer,
        Write,
    },
    ids::{ChangeId, PersonId},
    subject::{Work, identity_link::ObservedIdentity},
};
use server::store::engine;

use super::{
    classify::{classify, form, plans, preview, step},
    items::store,
    support::{Org, account, grant, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    what_was_done_is_undone_and_what_failed_is_requested_again,
    a_header_says_how_many_items_it_leaves_out_and_each_of_them_has_a_link,
    failed_access_is_requested_again_by_its_requester_and_by_nobody_without_the_right,
    a_change_that_differs_from_the_ledger_offers_nothing,
}

const IN_PRODUCTION: (Environment, Pci) = (Environment::Production, Pci::In);

fn stopped() -> ItemResult {
    ItemResult::Stopped {
        at: super::support::START,
        stop: SagaStop::ChangedMeanwhile,
        done: 0,
    }
}

/// Stores the results of a change that is over, and its state.
async fn over(org: &Org, id: &ChangeId, results: Vec<ItemResult>, state: State) {
    let stored = org.stored(id).await;
    let operations = stored.change.proposal.operations.iter();
    let items = operations.zip(results).map(|(operation, result)| {
        let Work::Saga(plan) = operation.subject().work() else {
            panic!("a saga");
        };
        ItemRow {
            item: Item::Saga { plan: plan.into() },
            result: Some(result),
        }
    });
    let row = ChangeRow {
        change: id.clone(),
        items: items.collect(),
        phase: ChangePhase::Over,
        not_before: None,
        started: Some(org.clock.now()),
    };
    let mut tx = org.app_state.store.write().await.unwrap();
    engine::write(&mut tx, &Write::Change(row), org.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    org.set_state(id, state).await;
}

async fn links(org: &Org, name: &str, id: &ChangeId) -> Vec<FollowUpLink> {
    let view = org.as_(name).await.change(id).await.unwrap();
    assert_eq!(view.follow_ups.more, 0);
    view.follow_ups.links
}

fn told(link: &FollowUpLink) -> (FollowUp, usize) {
    (link.what, link.items)
}

async fn what_was_done_is_undone_and_what_failed_is_requested_again(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let names = ["web-dev", "cards-staging", "web-prod"];
    let id = classify(&org, &form(&names, IN_PRODUCTION)).await;
    assert_eq!(links(&org, "ann", &id).await, [], "it is not over");
    let plan = &plans(&org, &id).await[0];
    assert_eq!(step(&org, &id, 0, plan).await, StepAnswer::Done);
    let carried = ItemResult::Carried {
        verified_at: org.clock.now(),
        how: Cause::OurWrite,
    };
    let failed = ItemResult::Failed {
        at: org.clock.now(),
        reason: "the database was full".into(),
    };
    over(&org, &id, vec![carried, stopped(), failed], State::Failed).await;

    let found = links(&org, "ann", &id).await;
    let all: Vec<_> = found.iter().map(told).collect();
    assert_eq!(all, [(FollowUp::Undo, 1), (FollowUp::Rest, 2)]);
    let ann = org.as_("ann").await;
    let mut filled = Vec::new();
    for link in &found {
        let FollowUpForm::Classify(origin) = &link.form else {
            panic!("{link:?}");
        };
        filled.push(ann.follow_up_form(origin).await.unwrap());
    }
    let accounts = |names: &[&str]| {
        let all: Vec<String> = names.iter().map(|name| account(name).to_string()).collect();
        all.join("\n")
    };
    assert!(filled[0].ends());
    assert_eq!(filled[0].accounts, accounts(&["web-dev"]));
    let mut again = form(&names[1..], IN_PRODUCTION);
    again.action.clone_from(&filled[1].action);
    assert_eq!(filled[1], again);
    for form in &filled {
        let new = preview(&org, form).await;
        assert!(new.preview.is_some(), "{:?}", new.errors);
    }
    let rows = ann.change(&id).await.unwrap().operations;
    let all: Vec<_> = rows
        .iter()
        .map(|row| row.follow_up.as_ref().map(told))
        .collect();
    let (undo, rest) = (Some((FollowUp::Undo, 1)), Some((FollowUp::Rest, 1)));
    assert_eq!(all, [rest, rest, undo], "what failed comes first");
    assert_eq!(links(&org, "bob", &id).await, [], "he may not propose");
    let FollowUpForm::Classify(origin) = &found[0].form else {
        panic!("{found:?}");
    };
    let read = org.as_("bob").await.follow_up_form(origin).await;
    assert!(matches!(read, Err(Denied::Role(_))), "{read:?}");
}

fn person(number: usize) -> PersonId {
    PersonId::parse(&format!("0000000a-0000-4000-8000-{number:012}")).unwrap()
}

async fn a_header_says_how_many_items_it_leaves_out_and_each_of_them_has_a_link(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let links: Vec<Operation> = (0..60)
        .map(|number| Operation::LinkIdentity {
            person: person(number),
            before: None,
            after: Some(user("eve")),
            seen: ObservedIdentity::default(),
            withdraws: Vec::new(),
        })
        .collect();
    let id = store(&org, &StoredItem::of_all(&links), State::Approved).await;
    org.set_state(&id, State::Verified).await;
    let ann = org.as_("ann").await;
    let view = ann.change(&id).await.unwrap();
    assert!(view.mismatch.is_none(), "{:?}", view.mismatch);
    let found = &view.follow_ups;
    assert_eq!(found.links.len() + found.more, 60);
    assert!(found.more > 0 && !found.links.is_empty());
    let second = ann.change_items(&id, 2).await.unwrap().rows;
    assert_eq!((view.operations.len(), second.len()), (ITEMS_PER_PAGE, 10));
    for (number, row) in view.operations.iter().chain(&second).enumerate() {
        let Some(FollowUpForm::Change(form)) = row.follow_up.as_ref().map(|link| &link.form) else {
            panic!("{row:?}");
        };
        assert_eq!(form.who, format!("person:{}", person(number)));
        assert_eq!(form.kind, ChangeKind::Unlink.word());
    }
}

async fn failed_access_is_requested_again_by_its_requester_and_by_nobody_without_the_right(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let asked = grant("eve", "viewer", "web-dev", "60");
    let id = org.ask("eve", &asked).await;
    org.set_state(&id, State::Failed).await;
    for name in ["eve", "ann"] {
        let found = links(&org, name, &id).await;
        assert_eq!(
            found.iter().map(told).collect::<Vec<_>>(),
            [(FollowUp::Rest, 1)],
            "{name}"
        );
        assert_eq!(found[0].form, FollowUpForm::Change(asked.clone()), "{name}");
    }
    assert_eq!(links(&org, "bob", &id).await, []);
}

async fn a_change_that_differs_from_the_ledger_offers_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    over(&org, &id, vec![stopped()], State::Failed).await;
    let found = links(&org, "ann", &id).await;
    let FollowUpForm::Classify(origin) = &found[0].form else {
        panic!("{found:?}");
    };
    assert_eq!((origin.item, origin.reach), (0, Reach::Alike));
    let bob = super::support::person_id("bob");
    org.by_hand(format!(
        "update change set requester = '{bob}' where id = '{id}'"
    ))
    .await;
    assert_eq!(links(&org, "ann", &id).await, []);
    let read = org.as_("ann").await.follow_up_form(origin).await;
    assert_eq!(read, Err(Denied::NotFound));
}
