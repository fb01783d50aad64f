//! The row of a change, or of a decision, that somebody altered: pages show what the ledger records and say so, nobody
//! approves an altered text, and `ledger verify` names the row and what differs.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, ChangesPort as _, InboxPosition, LedgerComparison},
    lists::ListChoice,
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{
    approval::Decision, change::State, engine::StartVerdict, ids::ChangeId,
    ledger::projection::Misstatement,
};
use server::store::change::find;

use super::{
    items::verify,
    support::{Org, conflict, grant, person_id},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_row_of_a_change_that_differs_is_named_with_what_differs,
    a_change_without_its_row_or_its_entry_is_named,
    the_state_of_the_ledger_is_shown_and_counts,
    an_old_row_that_is_put_back_after_a_decline_is_shown_as_declined,
    nobody_approves_an_altered_reason_and_the_one_of_the_ledger_is_shown,
    nobody_approves_a_reason_that_the_ledger_no_longer_holds,
    the_reason_of_a_decision_is_the_one_of_the_ledger,
    why_a_change_failed_is_what_the_ledger_records,
}

const TYPED: &str = "investigate incident 4711";
const FORGED: &str = "routine work, no effect";

async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

async fn change_page(org: &Org, name: &str, id: &ChangeId) -> String {
    let backend: Arc<dyn Backend> = Arc::new(org.as_(name).await);
    let visit = Visit {
        backend,
        params: BTreeMap::from([("id".to_owned(), id.to_string())]),
        query: BTreeMap::new(),
        url: "/".into(),
        form: FormState::default(),
    };
    let page = pages::change::page(visit).await;
    render(Surroundings::default(), page.unwrap().draw)
}

async fn set(org: &Org, id: &ChangeId, column: &str, value: &str) {
    org.by_hand(format!(
        "update change set {column} = {value} where id = '{id}'"
    ))
    .await;
}

async fn forge_reason(org: &Org, id: &ChangeId) {
    let forged = format!("replace(proposal, '{TYPED}', '{FORGED}')");
    set(org, id, "proposal", &forged).await;
}

async fn misstated(org: &Org, id: &ChangeId) -> Vec<Misstatement> {
    let mut conn = org.app_state.store.connection().await.unwrap();
    let found = find(&mut conn, id).await.unwrap().unwrap();
    found.known().unwrap().misstated
}

async fn a_row_of_a_change_that_differs_is_named_with_what_differs(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
    assert!(told.starts_with("The ledger is valid"), "{told}");
    let bob = format!("'{}'", person_id("bob"));
    for (column, forged, back, what) in [
        (
            "state",
            "'verified'",
            "'waiting'",
            "state (verified, not waiting)",
        ),
        (
            "state",
            "'approved'",
            "'waiting'",
            "state (approved, not waiting)",
        ),
        (
            "state",
            "'gone'",
            "'waiting'",
            "state (not a state, not waiting)",
        ),
        ("requester", &bob, "", "requester"),
        (
            "submitted_at",
            "submitted_at - 1",
            "submitted_at + 1",
            "time of the request",
        ),
        (
            "decide_by",
            "decide_by + 1",
            "decide_by - 1",
            "end of the time to decide",
        ),
        ("result", "'it broke'", "null", "reason why it failed"),
        (
            "effect",
            "replace(effect, '3600000', '60000')",
            "",
            "effect",
        ),
    ] {
        let before = org.stored(&id).await.change.requester;
        set(&org, &id, column, forged).await;
        let (code, told) = verify(&org).await;
        let line = format!(
            "change: the row of change {id} differs from its entries in the ledger: {what}."
        );
        assert_eq!(code, 1, "{told}");
        assert!(told.contains(&line), "{told}");
        assert!(!told.contains("is valid"), "{told}");
        assert!(told.contains("Something is wrong: 1 finding."), "{told}");
        let back = match (column, back) {
            ("requester", _) => format!("'{before}'"),
            ("effect", _) => "replace(effect, '60000', '3600000')".to_owned(),
            (_, back) => back.to_owned(),
        };
        set(&org, &id, column, &back).await;
        assert_eq!(verify(&org).await.0, 0, "{column}");
    }
    for (typed, forged, what) in [
        (TYPED, FORGED, "reason"),
        ("OPS-4711", "OPS-1", "ticket"),
        (
            "\"ticket\":",
            "\"review_on\":\"2027-01-01\",\"ticket\":",
            "review date",
        ),
    ] {
        let replaced = |from: &str, to: &str| format!("replace(proposal, '{from}', '{to}')");
        set(&org, &id, "proposal", &replaced(typed, forged)).await;
        let (_, told) = verify(&org).await;
        let line = format!("differs from its entries in the ledger: {what}.");
        assert!(told.contains(&line), "{told}");
        set(&org, &id, "proposal", &replaced(forged, typed)).await;
        assert_eq!(verify(&org).await.0, 0, "{what}");
    }
}

async fn a_change_without_its_row_or_its_entry_is_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let forged = ChangeId::parse("0190c0de-0000-7000-8000-00000000dead").unwrap();
    org.by_hand(format!(
        "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
         gaining, state, version, updated_at, form_key, mfa) select '{forged}', requester, proposal, \
         submitted_at, decide_by, verdict, effect, effect_hash, gaining, 'verified', 1, updated_at, 'k', mfa \
         from change where id = '{id}'"
    ))
    .await;
    org.without_triggers("change_item").await;
    for table in ["change_item", "change_target"] {
        org.by_hand(format!("delete from {table} where change_id = '{id}'"))
            .await;
    }
    org.by_hand(format!("delete from change where id = '{id}'"))
        .await;
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    let first = format!("change: change {forged} has no entry in the ledger");
    assert!(told.starts_with(&first), "the worst comes first: {told}");
    let line =
        format!("change: the row of change {id} is missing, but the ledger has its entries.");
    assert!(told.contains(&line), "{told}");
}

async fn the_state_of_the_ledger_is_shown_and_counts(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    for state in ["verified", "withdrawn", "applying", "approved"] {
        set(&org, &id, "state", &format!("'{state}'")).await;
        assert_eq!(org.state(&id).await, State::Waiting, "{state}");
        let html = change_page(&org, "ann", &id).await;
        assert!(
            html.contains("This change does not match the ledger"),
            "{html}"
        );
        assert!(html.contains("another state of this change than the ledger records"));
        assert!(
            !html.contains("Carried out and verified"),
            "{state}: {html}"
        );
        let list = org.as_("ann").await.changes(&ListChoice::default()).await;
        let row = list.unwrap().rows.remove(0);
        assert_eq!(
            (row.state, row.ledger),
            (State::Waiting, LedgerComparison::Differs)
        );
    }
    // The row says that it is approved, and the ledger knows no approval.
    assert_ne!(org.fresh(&id).await, StartVerdict::StillAllowed);
    // A decision is of the state of the ledger, and corrects the row.
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(misstated(&org, &id).await, []);
    assert_eq!(verify(&org).await.0, 0);
}

async fn an_old_row_that_is_put_back_after_a_decline_is_shown_as_declined(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.decide("bob", &id, Decision::Decline).await.unwrap();
    set(&org, &id, "state", "'waiting'").await;
    assert_eq!(org.state(&id).await, State::Declined);
    let inbox = org.as_("cas").await.inbox(InboxPosition::Page(1)).await;
    assert_eq!(inbox.unwrap().total, 0);
    conflict(org.approve("cas", &id).await);
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    assert!(told.contains("state (waiting, not declined)"), "{told}");
}

async fn nobody_approves_an_altered_reason_and_the_one_of_the_ledger_is_shown(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    forge_reason(&org, &id).await;
    let told = conflict(org.approve("bob", &id).await);
    assert!(
        told.contains("its reason differs from the one that the ledger records"),
        "{told}"
    );
    for name in ["ann", "bob"] {
        let html = change_page(&org, name, &id).await;
        assert!(
            html.contains("another reason for this change than the ledger records"),
            "{html}"
        );
        assert!(
            html.contains("Nobody can decide on it, so it will not start."),
            "{html}"
        );
        assert!(html.contains(TYPED) && !html.contains(FORGED), "{html}");
        assert!(!html.contains("/decide"), "{html}");
    }
    let inbox = org.as_("bob").await.inbox(InboxPosition::Page(1)).await;
    let view = inbox.unwrap().rows.remove(0);
    assert_eq!(view.justification, TYPED);
    assert_eq!(view.timeline[0].note.as_deref(), Some(TYPED));
    assert_eq!(view.mismatch.unwrap().row, [Misstatement::Justification]);
}

async fn nobody_approves_a_reason_that_the_ledger_no_longer_holds(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    forge_reason(&org, &id).await;
    org.by_hand(format!(
        "delete from ledger_private where value = '{TYPED}'"
    ))
    .await;
    let told = conflict(org.approve("bob", &id).await);
    assert!(told.contains("its reason is not proven"), "{told}");
    assert!(!change_page(&org, "bob", &id).await.contains(FORGED));
}

async fn the_reason_of_a_decision_is_the_one_of_the_ledger(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    org.without_triggers("approval").await;
    org.by_hand(format!(
        "update approval set reason = '{FORGED}', at = at + 1 where change_id = '{id}'"
    ))
    .await;
    let html = change_page(&org, "ann", &id).await;
    assert!(
        html.contains("another reason or time of the decision by BOB"),
        "{html}"
    );
    assert!(html.contains("What the ledger records counts."), "{html}");
    assert_eq!(
        html.matches("looks right to me").count(),
        2,
        "decision and history: {html}"
    );
    assert!(!html.contains(FORGED), "{html}");
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    let line = format!(
        "approval: the approval of change {id} by person {} in round 0 differs from its entry in the ledger.",
        person_id("bob")
    );
    assert!(told.contains(&line), "{told}");
    // It counts as what the ledger records.
    org.approve("cas", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn why_a_change_failed_is_what_the_ledger_records(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    org.set_state(&id, State::Failed).await;
    assert_eq!(misstated(&org, &id).await, []);
    set(&org, &id, "result", &format!("'{FORGED}'")).await;
    let html = change_page(&org, "ann", &id).await;
    assert!(
        html.contains("an item was not carried out") && !html.contains(FORGED),
        "{html}"
    );
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    assert!(told.contains("reason why it failed"), "{told}");
}
