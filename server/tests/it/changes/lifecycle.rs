//! The other transitions of a change: blocked, withdrawn, expired, listed, followed.

use app::backend::{
    ChangesPort as _, DecisionObstacle, Denied, ItemProgress, LiveChange, LiveProgress,
    SessionsLeft, ViaRef, WithdrawalPort as _, sentence_words,
};
use app::lists::{ListChoice, changes::CHANGES};
use domain::{
    approval::Decision,
    change::{DECIDE_WITHIN, START_WITHIN, State},
    engine::{
        AccessResource, Cause, ChangePhase, ChangeRow, Commit, DomainEvent, Item, ItemResult,
        ItemRow, PendingRemoval, ResourceRow, RetryState, StartVerdict, Write,
    },
    ids::{Assignment, Pair, Principal},
    time::Duration,
};
use futures::StreamExt as _;
use server::{
    engine::{
        commit,
        expire::expire_due,
        start::{self, NoVerdict},
    },
    store::{StoreError, change::ChangeTarget, engine},
};

use super::support::{Org, PoolSays, account, assign, conflict, grant, remove, set, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_refusal_is_recorded_and_nobody_can_approve_it,
    what_the_rules_let_through_is_approved_at_once_and_wakes_the_engine,
    the_requester_takes_a_change_back_and_nobody_else_does,
    what_is_approved_can_be_taken_back_until_the_engine_begins_and_then_never_begins,
    what_moved_since_it_was_loaded_gets_no_verdict_and_does_not_start,
    what_is_being_carried_out_can_no_longer_be_taken_back,
    what_was_approved_and_could_not_begin_expires,
    what_nobody_decides_expires_once,
    a_removal_needs_no_approval_and_is_never_held_up,
    after_a_removal_the_paths_that_remain_are_listed_and_sessions_run_out,
    a_list_is_narrowed_by_state_by_whose_it_is_by_account_and_by_words,
    a_live_page_hears_of_a_decision,
    access_whose_removal_is_late_is_never_within_the_rules,
}

async fn a_refusal_is_recorded_and_nobody_can_approve_it(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "admin", "cards-prod", "60"))
        .await;
    assert_eq!(org.state(&id).await, State::Refused);
    assert_eq!(org.entries(&id).await, ["change.refused"]);
    conflict(org.approve("bob", &id).await);
    let view = org.as_("ann").await.change(&id).await.unwrap();
    assert_eq!(view.timeline[0].what, "Requested, and blocked by policy");
    assert_eq!(
        view.timeline[0].note.as_deref(),
        Some("investigate incident 4711")
    );
    assert_eq!(view.timeline[0].who.as_deref(), Some("ANN"));
}

async fn what_the_rules_let_through_is_approved_at_once_and_wakes_the_engine(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    assert_eq!(org.state(&id).await, State::Approved);
    let woken = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        org.app_state.wake_engine.notified(),
    )
    .await;
    assert!(woken.is_ok());
    let view = org.as_("ann").await.change(&id).await.unwrap();
    assert_eq!(
        view.operations[0].progress,
        ItemProgress::NotStarted(State::Approved)
    );
    assert_eq!(
        sentence_words(&view.operations[0].what),
        "Grant viewer on web-dev to EVE for 1 hour"
    );
}

async fn the_requester_takes_a_change_back_and_nobody_else_does(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    assert!(matches!(
        org.as_("bob").await.withdraw(&id).await,
        Err(Denied::Forbidden(_))
    ));
    org.as_("ann").await.withdraw(&id).await.unwrap();
    org.as_("ann").await.withdraw(&id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Withdrawn);
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.withdrawn"]
    );
    conflict(org.approve("bob", &id).await);
}

async fn what_is_approved_can_be_taken_back_until_the_engine_begins_and_then_never_begins(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
    org.as_("ann").await.withdraw(&id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Withdrawn);
    assert_eq!(org.fresh(&id).await, StartVerdict::NoLongerWanted);
    // The engine received its verdict just before, and would start.
    let generation = org.generation().await;
    let begins = Commit {
        number: 1,
        generation,
        writes: Vec::new(),
        events: vec![DomainEvent::Applying {
            change: id.clone(),
            plans: None,
        }],
    };
    assert!(commit::store(&org.app_state, begins).await.is_err());
    assert_eq!(org.state(&id).await, State::Withdrawn);
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.withdrawn"]
    );
}

async fn what_moved_since_it_was_loaded_gets_no_verdict_and_does_not_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    for approver in ["bob", "cas"] {
        org.approve(approver, &id).await.unwrap();
    }
    let found = start::load(&org.app_state, &id).await.unwrap().unwrap();
    let loaded = found.known().unwrap();
    let verdict = || start::fresh_verdict(&org.app_state, &PoolSays::Welcome, &loaded);
    assert_eq!(verdict().await.unwrap(), StartVerdict::StillAllowed);
    // It was sent back and approved again: these approvals are not those that were loaded.
    org.by_hand(format!(
        "update change set version = version + 1 where id = '{id}'"
    ))
    .await;
    assert!(matches!(
        verdict().await,
        Err(NoVerdict::Store(StoreError::Conflict(_)))
    ));
    org.as_("ann").await.withdraw(&id).await.unwrap();
    assert_eq!(verdict().await.unwrap(), StartVerdict::NoLongerWanted);
}

async fn what_is_being_carried_out_can_no_longer_be_taken_back(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    org.set_state(&id, State::Applying).await;
    conflict(org.as_("ann").await.withdraw(&id).await);
    assert_eq!(org.state(&id).await, State::Applying);
}

async fn what_was_approved_and_could_not_begin_expires(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let gives = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "admin", "cards-prod", org.clock.now());
    org.publish(parts);
    let takes = org.ask("ann", &remove("eve", "admin", "cards-prod")).await;
    let far = Duration(DECIDE_WITHIN.0 + START_WITHIN.0);
    org.clock.advance(Duration(far.0 - 1_000));
    let due = expire_due(&org.app_state, org.clock.now()).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
    org.clock.advance(Duration::seconds(1));
    let due = expire_due(&org.app_state, org.clock.now()).await.unwrap();
    assert_eq!(due, std::slice::from_ref(&gives));
    assert_eq!(org.fresh(&gives).await, StartVerdict::NoLongerWanted);
    assert_eq!(org.state(&takes).await, State::Approved);
}

async fn what_nobody_decides_expires_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.clock.advance(Duration(DECIDE_WITHIN.0 - 1_000));
    assert!(
        expire_due(&org.app_state, org.clock.now())
            .await
            .unwrap()
            .is_empty()
    );
    org.clock.advance(Duration::seconds(1));
    // Between its end and the loop that expires it, it is already over.
    conflict(org.approve("bob", &id).await);
    assert_eq!(
        expire_due(&org.app_state, org.clock.now()).await.unwrap(),
        std::slice::from_ref(&id)
    );
    assert!(
        expire_due(&org.app_state, org.clock.now())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.expired"]
    );
    assert_eq!(
        org.as_("bob").await.change(&id).await.unwrap().decide,
        Err(DecisionObstacle::Over(State::Expired))
    );
}

async fn a_removal_needs_no_approval_and_is_never_held_up(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "admin", "cards-prod", org.clock.now());
    org.publish(parts);
    let id = org.ask("ann", &remove("eve", "admin", "cards-prod")).await;
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn after_a_removal_the_paths_that_remain_are_listed_and_sessions_run_out(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "cards-prod", org.clock.now());
    assign(
        &mut parts,
        "operators",
        "admin",
        "cards-prod",
        org.clock.now(),
    );
    org.publish(parts);
    let id = org.ask("ann", &remove("eve", "viewer", "cards-prod")).await;
    let key = org.stored(&id).await.change.proposal.operations[0].resource();
    let key = key.expect("an assignment is access");
    let verified_at = org.clock.now();
    let result = ItemResult::Removed {
        verified_at,
        last_use: verified_at + Duration::hours(1),
        how: Cause::OurWrite,
        others: std::collections::BTreeSet::new(),
    };
    let row = ChangeRow {
        change: id.clone(),
        items: vec![ItemRow {
            item: Item::Close {
                key,
                session: Duration::hours(1),
            },
            result: Some(result),
        }],
        phase: ChangePhase::Over,
        not_before: None,
        started: None,
    };
    let mut tx = org.app_state.store.write().await.unwrap();
    engine::write(&mut tx, &Write::Change(row), verified_at)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    org.set_state(&id, State::Verified).await;
    let operation = org
        .as_("ann")
        .await
        .change(&id)
        .await
        .unwrap()
        .operations
        .remove(0);
    let sessions_left = |progress: &ItemProgress| match progress {
        ItemProgress::Removed { sessions, .. } => Some(*sessions),
        _ => None,
    };
    assert_eq!(
        sessions_left(&operation.progress),
        Some(SessionsLeft::Possible)
    );
    let remaining: Vec<(&str, &str, &str, String)> = operation
        .remaining
        .paths
        .iter()
        .map(|path| {
            let (user, account, set) = (&path.user.name, &path.account.name, &path.set.name);
            (
                user.as_str(),
                account.as_str(),
                set.as_str(),
                path.via.to_string(),
            )
        })
        .collect();
    assert_eq!(
        remaining,
        [("EVE", "cards-prod", "admin", "through operators".to_owned())]
    );
    assert!(matches!(
        operation.remaining.paths[0].via,
        ViaRef::Group { .. }
    ));
    org.clock.advance(Duration::hours(1));
    let operation = org
        .as_("ann")
        .await
        .change(&id)
        .await
        .unwrap()
        .operations
        .remove(0);
    assert_eq!(sessions_left(&operation.progress), Some(SessionsLeft::None));
}

async fn a_list_is_narrowed_by_state_by_whose_it_is_by_account_and_by_words(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let pci = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.ask("ann", &grant("fay", "viewer", "web-dev", "60"))
        .await;
    let own = org
        .ask("eve", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let list = |name: &'static str, words: String, query: &'static str| {
        let org = &org;
        async move {
            let (choice, dropped) = ListChoice::parse(&CHANGES, query);
            assert_eq!(dropped, []);
            let choice = ListChoice { words, ..choice };
            let page = org.as_(name).await.changes(&choice).await.unwrap();
            page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(list("ann", String::new(), "").await.len(), 3);
    assert_eq!(list("ann", String::new(), "?requester=me").await.len(), 2);
    assert_eq!(list("ann", String::new(), "?state=waiting").await.len(), 2);
    let states = "?state=waiting&state=approved";
    assert_eq!(list("ann", String::new(), states).await.len(), 3);
    let newest = list("ann", String::new(), "").await;
    let mut oldest = list("ann", String::new(), "?sort=submitted").await;
    oldest.reverse();
    assert_eq!(newest, oldest);
    for sort in [
        "?sort=state",
        "?sort=-state",
        "?sort=decide_by",
        "?sort=-decide_by",
    ] {
        assert_eq!(list("ann", String::new(), sort).await.len(), 3, "{sort}");
    }
    assert_eq!(
        list("ann", String::new(), "?from=2000-01-01&until=2999-12-31")
            .await
            .len(),
        3
    );
    assert_eq!(
        list("ann", String::new(), "?until=2000-01-01").await.len(),
        0
    );
    assert_eq!(
        list("ann", String::new(), "?from=2999-12-31").await.len(),
        0
    );
    assert_eq!(
        list("ann", account("cards-prod").to_string(), "").await,
        [pci]
    );
    assert_eq!(
        list("ann", "eve dev".into(), "").await,
        std::slice::from_ref(&own)
    );
    assert_eq!(
        list("eve", String::new(), "").await,
        std::slice::from_ref(&own),
        "a requester sees their own"
    );
    let recent = async |name| {
        let about = ChangeTarget {
            kind: "account",
            value: account("web-dev").to_string(),
        };
        let rows = org.as_(name).await.recent_changes(about, 5).await;
        let rows = rows.unwrap().into_iter().map(|row| row.id);
        rows.collect::<Vec<_>>()
    };
    assert_eq!(recent("ann").await.len(), 2);
    assert_eq!(recent("eve").await, [own]);
}

async fn a_live_page_hears_of_a_decision(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    let ann = org.as_("ann").await;
    let view = ann.change(&id).await.unwrap();
    let mut events = Box::pin(ann.change_events(&id).await.unwrap());
    let first = events.next().await.unwrap();
    assert_eq!(
        first,
        LiveChange {
            key: view.live_key,
            progress: LiveProgress::State(State::Waiting),
        }
    );
    org.decide("bob", &id, Decision::Approve).await.unwrap();
    let second = events.next().await.unwrap();
    assert!(second.key.starts_with("approved."), "{second:?}");
    assert_eq!(
        second.progress,
        LiveProgress::Item(ItemProgress::NotStarted(State::Approved))
    );
}

async fn access_whose_removal_is_late_is_never_within_the_rules(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    assign(&mut parts, "eve", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let held = Assignment {
        pair: Pair {
            account: account("web-dev"),
            set: set("viewer"),
        },
        principal: Principal::User(user("eve")),
    };
    let against = || {
        let read_model = org.app_state.read_model();
        let findings = org
            .app_state
            .existing_access(&read_model)
            .findings_of(&held);
        let hits = findings
            .into_iter()
            .flat_map(|findings| findings.hits.to_vec());
        hits.map(|hit| hit.rule).collect::<Vec<_>>()
    };
    assert!(against().is_empty());
    let due = org.clock.now();
    let key = AccessResource::Assignment(held.clone());
    let row = |closing| ResourceRow {
        key: key.clone(),
        managed_since: Some(due),
        adopted: None,
        session: Duration::hours(1),
        confirmed: None,
        last_write: None,
        closing,
        removed_at: None,
        watch: None,
        doubt: None,
        tries: RetryState::default(),
    };
    let generation = org.generation().await;
    let late = Commit {
        number: 1,
        generation,
        writes: vec![Write::Resource(row(Some(PendingRemoval {
            since: due,
            alarms: 1,
        })))],
        events: vec![DomainEvent::Overdue {
            key: key.clone(),
            due,
            alarm: 1,
            tries: 3,
            last_error: None,
        }],
    };
    commit::store(&org.app_state, late).await.unwrap();
    org.shown().await;
    assert_eq!(against(), ["system.overdue"]);
    let gone = Commit {
        number: 2,
        generation,
        writes: vec![Write::Resource(row(None))],
        events: vec![DomainEvent::Removed {
            key: key.clone(),
            due,
            verified_at: due + Duration::minutes(2),
            last_use: due + Duration::hours(2),
            how: Cause::OurWrite,
        }],
    };
    commit::store(&org.app_state, gone).await.unwrap();
    org.shown().await;
    assert!(against().is_empty(), "read again after the removal");
}
