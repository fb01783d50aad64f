//! A change whose start is refused: the reason is told once, and is no failure of the other items.

use app::backend::{AgainstApproval, ChangesPort as _, ItemProgress, OperationStatus, StepState};
use domain::{
    change::State,
    engine::{ChangePhase, ChangeRow, Item, ItemResult, ItemRow, ProgressRow, Write},
};

use super::{
    classify::{IN_PRODUCTION, OUT_OF_DEVELOPMENT, carry_out, classify, form, plans},
    saga_items::write,
    support::{Org, account},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    no_item_of_a_refused_start_is_said_to_have_failed_for_another_account,
}

async fn no_item_of_a_refused_start_is_said_to_have_failed_for_another_account(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-prod", "cards-prod"], OUT_OF_DEVELOPMENT)).await;
    let first = classify(&org, &form(&["cards-prod"], IN_PRODUCTION)).await;
    carry_out(&org, &first).await;
    let against = org.as_("bob").await.change(&id).await.unwrap().against;
    let [AgainstApproval::Lasting(reason)] = against.as_slice() else {
        panic!("{against:?}");
    };
    let named = format!("({})", account("cards-prod"));
    assert!(reason.contains(&named), "{reason}");
    let reason = reason.clone();

    // As the engine stores it.
    let failed = ItemResult::Failed {
        at: org.clock.now(),
        reason,
    };
    let items: Vec<ItemRow> = plans(&org, &id)
        .await
        .into_iter()
        .map(|plan| ItemRow {
            item: Item::Saga { plan: plan.into() },
            result: Some(failed.clone()),
        })
        .collect();
    let mut writes: Vec<Write> = (0..items.len())
        .map(|index| {
            Write::Progress(ProgressRow {
                result: Some(failed.clone()),
                ..ProgressRow::new(id.clone(), index)
            })
        })
        .collect();
    writes.push(Write::Change(ChangeRow {
        change: id.clone(),
        items,
        phase: ChangePhase::Over,
        not_before: None,
        started: None,
    }));
    write(&org, &writes).await;
    org.set_state(&id, State::Failed).await;

    let view = org.as_("ann").await.change(&id).await.unwrap();
    assert_eq!(view.operations.len(), 2);
    for item in view.operations {
        assert_eq!(item.progress, ItemProgress::NotStarted(State::Failed));
        assert_eq!(item.status, OperationStatus::Failed);
        assert_eq!(item.steps[0].state, StepState::NotReached);
        assert_eq!(item.steps[0].reason, None);
    }
}
