//! How often pages ask the database: as often for many changes as for one, and not at all for what is held in memory, which
//! is never older than the request.

use std::sync::Arc;

use app::backend::{
    ChangesPort as _, DecisionInput, DecisionPort as _, InboxPosition, ViewerPort as _,
};
use app::lists::ListChoice;
use domain::{approval::Decision, ids::ChangeId, shared_map::SharedMap, time::Duration};
use server::service::{Service, app_state::AppState};

use super::support::{Org, grant};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_list_asks_as_often_for_many_changes_as_for_one,
    the_inbox_asks_as_often_for_many_changes_as_for_one,
    the_number_of_the_inbox_costs_nothing_until_another_process_changes_it,
    a_claim_that_another_process_stored_counts_at_once,
}

/// A service of a request whose ledger was looked at when it began, as the check of the session does.
async fn request(org: &Org, name: &str) -> Service {
    let service = org.as_(name).await;
    org.signed(name).await;
    service
}

async fn asked(org: &Org, name: &str, who: &str, account: &str) -> ChangeId {
    org.clock.advance(Duration::seconds(1));
    org.ask(name, &grant(who, "viewer", account, "60")).await
}

async fn a_list_asks_as_often_for_many_changes_as_for_one(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let count = async || {
        let service = request(&org, "ann").await;
        let before = org.app_state.store.statements();
        let page = service.changes(&ListChoice::default()).await.unwrap();
        let statements = org.app_state.store.statements() - before;
        (page.total, statements)
    };
    asked(&org, "ann", "eve", "cards-prod").await;
    assert_eq!(count().await, (1, 2));
    for name in ["ann", "bob", "cas", "eve"] {
        for account in ["cards-prod", "web-dev", "cards-prod"] {
            asked(&org, name, name, account).await;
        }
    }
    for _ in 0..3 {
        org.ask("eve", &grant("eve", "admin", "cards-prod", "60"))
            .await;
    }
    let (rows, statements) = count().await;
    assert!(rows > 5, "{rows}");
    assert_eq!(statements, 2);
    // A requester whom the read model does not name costs one statement, and so do many.
    let mut parts = org.parts();
    parts.persons = SharedMap::default();
    org.publish(parts);
    assert_eq!(count().await, (rows, 3));
}

async fn the_inbox_asks_as_often_for_many_changes_as_for_one(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let count = async || {
        // The changes that wait are read once by this process.
        org.as_("bob").await.viewer().await.unwrap();
        let service = request(&org, "bob").await;
        let before = org.app_state.store.statements();
        let page = service.inbox(InboxPosition::Page(1)).await.unwrap();
        let statements = org.app_state.store.statements() - before;
        (page.rows.len(), statements)
    };
    asked(&org, "ann", "eve", "cards-prod").await;
    // One for the people in the rows, two for what a decider compares the shown change with.
    assert_eq!(count().await, (1, 3));
    asked(&org, "ann", "fay", "cards-prod").await;
    asked(&org, "eve", "eve", "cards-prod").await;
    assert_eq!(count().await, (3, 3));
}

async fn inbox(app_state: &Arc<AppState>, org: &Org, name: &str) -> (usize, u64) {
    let service = Service::new(app_state.clone(), org.signed(name).await.caller());
    let before = app_state.store.statements();
    let inbox = service.viewer().await.unwrap().inbox;
    (inbox, app_state.store.statements() - before)
}

async fn the_number_of_the_inbox_costs_nothing_until_another_process_changes_it(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let other = org.second_process().await;
    let first = asked(&org, "ann", "eve", "cards-prod").await;
    assert_eq!(inbox(&other, &org, "bob").await.0, 1);
    let (number, statements) = inbox(&other, &org, "bob").await;
    // The one statement follows the ledger, because these requests do not begin with a session.
    assert_eq!((number, statements), (1, 1));
    asked(&org, "ann", "fay", "cards-prod").await;
    assert_eq!(inbox(&other, &org, "bob").await.0, 2);
    org.decide("cas", &first, Decision::Decline).await.unwrap();
    assert_eq!(inbox(&other, &org, "bob").await, (1, 2));
    assert_eq!(inbox(&other, &org, "bob").await, (1, 1));
    // Whoever decided sees it in the next request, in each process.
    decides(&other, &org, "bob", Decision::Approve).await;
    assert_eq!(inbox(&other, &org, "bob").await.0, 0);
    assert_eq!(inbox(&org.app_state, &org, "bob").await.0, 0);
}

async fn decides(app_state: &Arc<AppState>, org: &Org, name: &str, decision: Decision) {
    let service = Service::new(app_state.clone(), org.signed(name).await.caller());
    let page = service.inbox(InboxPosition::Page(1)).await.unwrap();
    let input = DecisionInput {
        decision,
        reason: "looks right to me".into(),
        effect: page.rows[0].preview.effect.0.clone(),
    };
    service.decide(&page.rows[0].row.id, input).await.unwrap();
}

async fn a_claim_that_another_process_stored_counts_at_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let other = org.second_process().await;
    asked(&org, "ann", "eve", "cards-prod").await;
    assert_eq!(inbox(&other, &org, "bob").await.0, 1);
    org.claims("bob", "eve").await;
    assert_eq!(
        inbox(&other, &org, "bob").await.0,
        0,
        "who may be the person who gains access does not decide"
    );
}
