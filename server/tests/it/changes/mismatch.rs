//! The page of a change that differs from the ledger says so, says what follows, and whom to call.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::Backend,
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::ids::ChangeId;
use server::store::{
    change::{self, FoundChange},
    identity,
};

use super::{
    removals::overseen,
    support::{Org, account, grant, person_id, remove},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    the_page_of_a_change_whose_approval_has_no_entry_says_so_and_whom_to_call,
    the_page_of_a_change_whose_approval_was_deleted_says_so,
    the_page_of_a_change_whose_effect_was_edited_offers_no_decision,
    the_page_of_an_approved_change_that_was_altered_does_not_say_that_it_is_about_to_start,
    an_altered_removal_is_carried_out_only_if_it_needs_no_approval,
    a_change_that_matches_the_ledger_shows_no_notice,
    lists_mark_a_change_that_does_not_match_the_ledger,
    a_decision_that_another_process_commits_after_a_look_is_no_difference,
    a_difference_is_not_kept_in_memory,
}

const TITLE: &str = "This change does not match the ledger";

async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

async fn visit(org: &Org, name: &str, id: &ChangeId) -> Visit {
    let backend: Arc<dyn Backend> = Arc::new(org.as_(name).await);
    Visit {
        backend,
        params: BTreeMap::from([("id".to_owned(), id.to_string())]),
        query: BTreeMap::from([("id".to_owned(), id.to_string())]),
        url: "/".into(),
        form: FormState::default(),
    }
}

async fn change_page(org: &Org, name: &str, id: &ChangeId) -> String {
    let page = pages::change::page(visit(org, name, id).await).await;
    render(Surroundings::default(), page.unwrap().draw)
}

async fn put_in_approval(org: &Org, id: &ChangeId) {
    let (effect, approver) = (org.stored(id).await.change.effect.0, person_id("cas"));
    org.by_hand(format!(
        "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
         values ('{id}', '{approver}', 'approve', 'looks right', '{effect}', {}, 0)",
        org.clock.now().0
    ))
    .await;
}

async fn the_page_of_a_change_whose_approval_has_no_entry_says_so_and_whom_to_call(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    put_in_approval(&org, &id).await;
    for name in ["ann", "bob"] {
        let html = change_page(&org, name, &id).await;
        for said in [
            TITLE,
            "The approval by CAS has no entry in the ledger.",
            "It will not start with such an approval, which does not count.",
            "Call an administrator of Leastwise",
            "leastwise ledger verify",
        ] {
            assert!(html.contains(said), "{name} does not see {said}: {html}");
        }
    }
    let inbox = pages::inbox::page(visit(&org, "bob", &id).await).await;
    let inbox = render(Surroundings::default(), inbox.unwrap().draw);
    assert!(inbox.contains(TITLE), "{inbox}");
}

async fn the_page_of_a_change_whose_approval_was_deleted_says_so(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    org.without_triggers("approval").await;
    org.by_hand(format!("delete from approval where change_id = '{id}'"))
        .await;
    let html = change_page(&org, "ann", &id).await;
    assert!(html.contains(TITLE), "{html}");
    assert!(
        html.contains("The ledger records an approval by BOB that is missing in the database."),
        "{html}"
    );
}

async fn the_page_of_a_change_whose_effect_was_edited_offers_no_decision(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let before = change_page(&org, "bob", &id).await;
    assert!(before.contains("/decide"));
    org.by_hand(format!(
        "update change set effect = replace(effect, '3600000', '60000') where id = '{id}'"
    ))
    .await;
    let html = change_page(&org, "bob", &id).await;
    assert!(html.contains(TITLE), "{html}");
    assert!(
        html.contains("differs from what was shown to the approvers"),
        "{html}"
    );
    assert!(html.contains("It will not start, and nobody can decide on it."));
    assert!(!html.contains("/decide"), "{html}");
}

async fn the_page_of_an_approved_change_that_was_altered_does_not_say_that_it_is_about_to_start(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    let words = "Not started: the change does not match the ledger";
    assert!(!change_page(&org, "ann", &id).await.contains(words));
    org.by_hand(format!(
        "update change set effect = replace(effect, '3600000', '60000') where id = '{id}'"
    ))
    .await;
    let html = change_page(&org, "ann", &id).await;
    assert!(html.contains(TITLE), "{html}");
    assert!(html.contains(words), "{html}");
}

async fn an_altered_removal_is_carried_out_only_if_it_needs_no_approval(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(overseen(&org));
    let alone = org
        .ask("ann", &remove("operators", "reader", "web-dev"))
        .await;
    let guarded = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    for (id, from, to) in [
        (&alone, "web-dev", "cards-prod"),
        (&guarded, "cards-prod", "web-dev"),
    ] {
        let (from, to) = (account(from), account(to));
        org.by_hand(format!(
            "update change set effect = replace(effect, '{from}', '{to}') where id = '{id}'"
        ))
        .await;
    }
    let carried_out = "It only removes access and needs no approval, so it is carried out.";
    let html = change_page(&org, "ann", &alone).await;
    assert!(html.contains(carried_out), "{html}");
    let html = change_page(&org, "bob", &guarded).await;
    assert!(
        html.contains("It will not start, and nobody can decide on it."),
        "{html}"
    );
}

async fn a_change_that_matches_the_ledger_shows_no_notice(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    assert!(!change_page(&org, "ann", &id).await.contains(TITLE));
    org.approve("cas", &id).await.unwrap();
    assert!(!change_page(&org, "ann", &id).await.contains(TITLE));
}

async fn lists_mark_a_change_that_does_not_match_the_ledger(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let list = async || {
        let page = pages::changes::page(visit(&org, "ann", &id).await).await;
        render(Surroundings::default(), page.unwrap().draw)
    };
    assert!(!list().await.contains("Does not match the ledger"));
    put_in_approval(&org, &id).await;
    assert!(list().await.contains("Does not match the ledger"));
}

async fn a_decision_that_another_process_commits_after_a_look_is_no_difference(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let other = org.second_process().await;
    let mut conn = other.store.connection().await.unwrap();
    // The ledger is known up to here, and this connection does not look again by itself.
    identity::alarm(&mut conn).await.unwrap();
    org.approve("bob", &id).await.unwrap();
    let found = change::find(&mut conn, &id).await.unwrap().unwrap();
    let FoundChange::Known(found) = found else {
        panic!("{found:?}");
    };
    assert_eq!(found.altered_decisions, []);
    assert_eq!(found.change.approvals.len(), 1, "the approval counts");

    let all = change::Filter::default();
    let listed = change::list(&mut conn, &all, 10, 0, &[]).await.unwrap();
    assert!(!listed.rows[0].change.summary().differs());
}

async fn a_difference_is_not_kept_in_memory(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let now = async || {
        let mut conn = org.app_state.store.connection().await.unwrap();
        let waiting = org.app_state.waiting_changes.now(&mut conn).await.unwrap();
        waiting[0].altered
    };
    let as_it_was = org.stored(&id).await.change.submitted.0;
    org.by_hand(format!(
        "update change set submitted_at = submitted_at + 1 where id = '{id}'"
    ))
    .await;
    assert!(now().await.is_some());
    org.by_hand(format!(
        "update change set submitted_at = {as_it_was} where id = '{id}'"
    ))
    .await;
    assert_eq!(now().await, None);
}
