//! The rows of a change's items: stored one by one, and read with their change.

use app::{
    backend::{LedgerPort as _, SentencePart},
    lists::ListChoice,
};
use domain::{
    change::{Operation, State, StoredItem},
    engine::{
        Cause, ChangePhase, ChangeRow, Commit, DomainEvent, Item, ItemResult, ItemRow, ProgressRow,
        StepPhase, StepResult, StepRow, Write,
    },
    ids::{ChangeId, PersonId},
    subject::{
        SagaPlan, StepName, SubjectKey, Work, content_hash, identity_link::ObservedIdentity,
    },
    time::Timestamp,
};
use server::{engine::commit, store::engine};

use super::{
    items::store,
    support::{Org, person_id, user},
};
use crate::{database::DatabaseEngine, entries::entries};

crate::engines::on_both_engines! {
    a_result_is_stored_with_its_item_and_read_with_its_change,
    a_step_that_is_done_is_in_the_ledger_in_the_same_transaction,
    a_saga_of_an_edited_row_is_restored_as_it_was_requested_and_named,
}

const AT: Timestamp = Timestamp(1_000);

fn change() -> ChangeId {
    ChangeId::parse("00000009-0000-4000-8000-000000000001").unwrap()
}

fn subject() -> SubjectKey {
    SubjectKey::IdentityLink {
        person: PersonId::parse("00000009-0000-4000-8000-000000000002").unwrap(),
    }
}

pub fn under_way() -> ChangeRow {
    let plan = SagaPlan {
        key: subject(),
        seen: content_hash(&None::<domain::ids::UserId>).into(),
        steps: Vec::new(),
    };
    ChangeRow {
        change: change(),
        items: vec![ItemRow {
            item: Item::Saga { plan: plan.into() },
            result: None,
        }],
        phase: ChangePhase::Applying,
        not_before: Some(AT),
        started: Some(AT),
    }
}

/// The event of a change that starts with this row.
pub fn applying(row: &ChangeRow) -> DomainEvent {
    DomainEvent::Applying {
        change: row.change.clone(),
        plans: row.plans_digest(),
    }
}

fn done() -> ProgressRow {
    ProgressRow {
        steps: vec![StepRow {
            phase: StepPhase::Done,
            attempt: 2,
            intended_at: Some(AT),
            ended_at: Some(AT),
            error: None,
        }],
        result: Some(ItemResult::Carried {
            verified_at: AT,
            how: Cause::OurWrite,
        }),
        ..ProgressRow::new(change(), 0)
    }
}

pub async fn write(org: &Org, writes: &[Write]) {
    let mut tx = org.app_state.store.write().await.unwrap();
    for write in writes {
        engine::write(&mut tx, write, AT).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn a_result_is_stored_with_its_item_and_read_with_its_change(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let intended = ProgressRow {
        result: None,
        ..done()
    };
    // The second write replaces the first one.
    let rows = [intended, done()].map(Write::Progress);
    write(&org, &[Write::Change(under_way())]).await;
    write(&org, &rows).await;
    let mut conn = org.app_state.store.connection().await.unwrap();
    let row = engine::change(&mut conn, &change()).await.unwrap().unwrap();
    assert_eq!(row.items[0].result, done().result);
    assert_eq!(row.not_before, Some(AT));
    drop(conn);

    let mut tx = org.app_state.store.write().await.unwrap();
    let rows = engine::restore(&mut tx, AT).await.unwrap();
    assert_eq!(rows.progress, [done()]);
    tx.commit().await.unwrap();

    let over = ChangeRow {
        phase: ChangePhase::Over,
        ..row
    };
    write(&org, &[Write::Change(over)]).await;
    let mut tx = org.app_state.store.write().await.unwrap();
    let rows = engine::restore(&mut tx, AT).await.unwrap();
    assert_eq!(
        rows.progress,
        [],
        "rows of a change that is over are not loaded"
    );
}

async fn a_step_that_is_done_is_in_the_ledger_in_the_same_transaction(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let generation = org.generation().await;
    let step = |step, result| DomainEvent::Step {
        change: change(),
        index: 0,
        key: subject(),
        step,
        of: 2,
        name: Some(StepName::Link),
        result,
    };
    let events = vec![
        step(
            0,
            StepResult::Done {
                verified_at: AT,
                how: Cause::OurWrite,
            },
        ),
        step(
            1,
            StepResult::Failed {
                at: AT,
                reason: "Somebody else changed it".into(),
            },
        ),
    ];
    let commit = Commit {
        number: 1,
        generation,
        writes: vec![Write::Progress(done())],
        events,
    };
    commit::store(&org.app_state, commit).await.unwrap();
    assert_eq!(org.entries(&change()).await, ["step.done", "step.failed"]);
    let ann = org.as_("ann").await;
    let rows = entries(ann.entries(&ListChoice::default()).await.unwrap());
    let sentence = |kind: &str| -> String {
        let row = rows.iter().find(|row| row.kind == kind).unwrap();
        row.sentence.iter().map(SentencePart::words).collect()
    };
    let what = "for person 00000009-0000-4000-8000-000000000002 (link the identity to the user)";
    assert_eq!(
        sentence("step.done"),
        format!("A read verified step 1 of 2 {what}")
    );
    assert_eq!(
        sentence("step.failed"),
        format!("Step 2 of 2 {what} was not carried out")
    );
}

async fn a_saga_of_an_edited_row_is_restored_as_it_was_requested_and_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let link = |name: &str| Operation::LinkIdentity {
        person: PersonId::parse("00000009-0000-4000-8000-000000000002").unwrap(),
        before: None,
        after: Some(user(name)),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    };
    let requested = StoredItem::of_all(&[link("eve")]);
    let id = store(&org, &requested, State::Approved).await;
    let row = |operation: &Operation| {
        let Work::Saga(plan) = operation.subject().work() else {
            panic!("a saga");
        };
        ChangeRow {
            change: id.clone(),
            items: vec![ItemRow {
                item: Item::Saga { plan: plan.into() },
                result: None,
            }],
            ..under_way()
        }
    };
    let commit = Commit {
        number: 1,
        generation: org.generation().await,
        writes: vec![Write::Change(row(&link("eve")))],
        events: vec![applying(&row(&link("eve")))],
    };
    commit::store(&org.app_state, commit).await.unwrap();
    let restored = async || {
        let mut tx = org.app_state.store.write().await.unwrap();
        let rows = engine::restore(&mut tx, AT).await.unwrap();
        tx.commit().await.unwrap();
        rows
    };
    let rows = restored().await;
    assert_eq!(rows.changes, [row(&link("eve"))]);
    assert!(rows.altered.is_empty());

    write(&org, &[Write::Change(row(&link("fay")))]).await;
    let rows = restored().await;
    assert_eq!(rows.changes, [row(&link("eve"))]);
    assert_eq!(rows.altered, [(id.clone(), 0)].into());

    // The items of a change whose request differs from the ledger are not known.
    org.by_hand(format!(
        "update change set requester = '{}' where id = '{id}'",
        person_id("bob")
    ))
    .await;
    let rows = restored().await;
    assert_eq!(rows.altered, [(id.clone(), 0)].into());
    let Item::Saga { plan } = &rows.changes[0].items[0].item else {
        panic!("{rows:?}");
    };
    assert!(plan.steps.is_empty());
}
