//! Who may decide, who may not, and what a decision is bound to.

use app::{
    backend::{
        ChangesPort as _, DecisionInput, DecisionObstacle, DecisionPort as _, Denied,
        InboxPosition, LedgerPort as _, SentencePart, StepUpView,
    },
    lists::ListChoice,
};
use domain::{
    approval::{ApproverRefusal, Decision, Mfa},
    authorize::Role,
    change::State,
    engine::StartVerdict,
    person::Subject,
    time::Duration,
};
use server::store::ledger;

use super::support::{Org, affected, conflict, grant, group, user, wrong_field};
use crate::{database::DatabaseEngine, entries::entries};

crate::engines::on_both_engines! {
    production_pci_takes_two_approvers,
    one_approver_approving_twice_fills_one_seat,
    one_no_is_enough_and_a_yes_after_it_is_told_who_was_faster,
    nobody_approves_their_own_request_through_a_second_sign_in,
    who_gains_through_a_group_does_not_approve,
    who_gains_does_not_approve_even_if_nobody_knew_them_when_it_was_submitted,
    two_approvers_in_one_moment_both_count_where_two_are_needed,
    two_approvers_in_one_moment_one_counts_where_one_is_needed,
    an_approval_of_something_else_than_the_effect_in_force_is_not_taken,
    a_changed_effect_voids_the_approvals_and_the_decision_at_hand,
    an_approver_must_still_be_one_when_it_starts,
    a_requester_who_is_no_longer_administrator_starts_no_grant,
    who_became_an_approver_later_does_not_decide_what_was_there_before,
    without_a_second_factor_or_the_role_nobody_decides,
    a_decision_needs_a_reason_that_holds_no_card_number,
    an_old_sign_in_decides_nothing_about_production_pci,
    a_name_that_somebody_reports_of_themselves_is_recorded_only_beside_the_directorys,
    a_person_whom_the_last_crawl_does_not_know_is_named_by_the_directory_and_never_by_the_sign_in,
}

async fn production_pci_takes_two_approvers(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Waiting);
    assert_eq!(
        org.as_("cas")
            .await
            .change(&id)
            .await
            .unwrap()
            .row
            .approvals,
        (1, 2)
    );
    org.approve("cas", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.approved", "change.approved"]
    );
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn one_approver_approving_twice_fills_one_seat(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    org.approve("bob", &id).await.unwrap();
    conflict(org.decide("bob", &id, Decision::Decline).await);
    assert_eq!(org.state(&id).await, State::Waiting);
    assert_eq!(org.entries(&id).await.len(), 2);
}

async fn one_no_is_enough_and_a_yes_after_it_is_told_who_was_faster(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.decide("bob", &id, Decision::Decline).await.unwrap();
    assert_eq!(org.state(&id).await, State::Declined);
    let told = conflict(org.approve("cas", &id).await);
    assert!(
        told.starts_with("BOB declined this change at 2026-11-23 "),
        "{told}"
    );
}

async fn nobody_approves_their_own_request_through_a_second_sign_in(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("bob", &grant("bob", "viewer", "web-dev", "60"))
        .await;
    let mut again = org.signed("bob").await;
    again.subject = Subject {
        iss: "https://issuer".into(),
        sub: "another-subject-of-bob".into(),
    };
    again.name = "Robert".into();
    let service = org.acting(again);
    let view = service.change(&id).await.unwrap();
    assert_eq!(
        view.decide,
        Err(DecisionObstacle::Viewer(ApproverRefusal::Requester))
    );
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "fine by me".into(),
        effect: view.preview.effect.0,
    };
    assert!(matches!(
        service.decide(&id, input).await,
        Err(Denied::Forbidden(_))
    ));
    assert_eq!(org.state(&id).await, State::Waiting);
    assert!(
        org.all_entries()
            .await
            .contains(&"access.denied".to_owned())
    );
    let inbox = service.inbox(InboxPosition::Page(1)).await.unwrap();
    assert!(inbox.rows.is_empty());
}

async fn who_gains_through_a_group_does_not_approve(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    assert!(matches!(
        org.approve("bob", &id).await,
        Err(Denied::Forbidden(_))
    ));
    let waiting = |service: server::service::Service| async move {
        service.inbox(InboxPosition::Page(1)).await.unwrap().total
    };
    assert_eq!(waiting(org.as_("bob").await).await, 0);
    assert_eq!(waiting(org.as_("cas").await).await, 1);
}

async fn who_gains_does_not_approve_even_if_nobody_knew_them_when_it_was_submitted(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    parts.persons.remove(&user("bob"));
    org.publish(parts);
    let id = org
        .ask("ann", &grant("bob", "viewer", "cards-prod", "60"))
        .await;
    assert!(matches!(
        org.approve("bob", &id).await,
        Err(Denied::Forbidden(_))
    ));
}

async fn two_approvers_in_one_moment_both_count_where_two_are_needed(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let (bob, cas) = tokio::join!(org.approve("bob", &id), org.approve("cas", &id));
    assert_eq!((bob, cas), (Ok(()), Ok(())));
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn two_approvers_in_one_moment_one_counts_where_one_is_needed(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    let effect = org.stored(&id).await.change.effect.0;
    let input = |decision| DecisionInput {
        decision,
        reason: "decided so".into(),
        effect: effect.clone(),
    };
    let (bob, cas) = (org.as_("bob").await, org.as_("cas").await);
    let (yes, no) = tokio::join!(
        bob.decide(&id, input(Decision::Approve)),
        cas.decide(&id, input(Decision::Decline))
    );
    let won = usize::from(yes.is_ok()) + usize::from(no.is_ok());
    assert_eq!(won, 1, "{yes:?} {no:?}");
    let state = org.state(&id).await;
    assert_eq!(
        state,
        if yes.is_ok() {
            State::Approved
        } else {
            State::Declined
        }
    );
    assert_eq!(org.stored(&id).await.change.approvals.len(), 1);
}

async fn an_approval_of_something_else_than_the_effect_in_force_is_not_taken(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "fine by me".into(),
        effect: "0".repeat(64),
    };
    conflict(org.as_("bob").await.decide(&id, input).await);
    assert!(org.stored(&id).await.change.approvals.is_empty());
}

async fn a_changed_effect_voids_the_approvals_and_the_decision_at_hand(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    org.approve("cas", &id).await.unwrap();
    let mut parts = org.parts();
    parts
        .members
        .get_mut(&group("operators"))
        .unwrap()
        .insert(user("fay"));
    org.publish(parts);
    let told = conflict(org.approve("dan", &id).await);
    assert!(told.contains("void"), "{told}");
    let view = org.as_("dan").await.change(&id).await.unwrap();
    assert_eq!(
        (view.row.state, view.row.approvals),
        (State::Waiting, (0, 2))
    );
    assert!(!view.approvals[0].counts);
    assert!(view.preview.gained.iter().any(|row| affected(row) == "FAY"));
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.approved", "change.sent_back"]
    );
    let page = org.as_("ann").await.entries(&ListChoice::default()).await;
    let rows = entries(page.unwrap());
    let sent_back = rows.iter().find(|row| row.kind == "change.sent_back");
    let sentence = sent_back.unwrap().sentence.iter();
    let sentence: String = sentence.map(SentencePart::words).collect();
    assert!(
        sentence.ends_with("went back to approval: its effect exceeds the one to decide on, so earlier approvals are void"),
        "{sentence}"
    );
    let listed = ledger::of_change(&org.app_state.store, &id).await.unwrap();
    assert!(
        listed[2].leaf.contains(r#""actor":{"kind":"system""#),
        "not the approver who tried to decide: {}",
        listed[2].leaf
    );
    // The same people may decide again.
    org.approve("cas", &id).await.unwrap();
    org.approve("dan", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn an_approver_must_still_be_one_when_it_starts(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
    org.end_role("bob", Role::Approver).await;
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
    let mut tx = org.app_state.store.write().await.unwrap();
    let next = server::engine::start::send_back(&org.app_state, &mut tx, &id, org.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        (next.change.state, org.state(&id).await),
        (State::Waiting, State::Waiting)
    );
}

async fn a_requester_who_is_no_longer_administrator_starts_no_grant(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "standing"))
        .await;
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
    org.end_role("ann", Role::Administrator).await;
    assert!(matches!(org.fresh(&id).await, StartVerdict::Refused(_)));
}

async fn who_became_an_approver_later_does_not_decide_what_was_there_before(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.clock.advance(Duration::minutes(5));
    org.give("fay", Role::Approver, org.clock.now()).await;
    assert!(matches!(
        org.approve("fay", &id).await,
        Err(Denied::Forbidden(_))
    ));
}

async fn without_a_second_factor_or_the_role_nobody_decides(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let mut weak = org.signed("bob").await;
    weak.actor.mfa = Mfa::NotProven;
    let effect = org.stored(&id).await.change.effect.0;
    for service in [org.acting(weak), org.as_("ann").await, org.as_("fay").await] {
        let input = DecisionInput {
            decision: Decision::Approve,
            reason: "fine by me".into(),
            effect: effect.clone(),
        };
        assert!(matches!(
            service.decide(&id, input).await,
            Err(Denied::Role(_) | Denied::Forbidden(_) | Denied::NoSecondFactor)
        ));
    }
    assert!(org.stored(&id).await.change.approvals.is_empty());
}

async fn a_decision_needs_a_reason_that_holds_no_card_number(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let effect = org.stored(&id).await.change.effect.0;
    let bob = org.as_("bob").await;
    for reason in ["", "ok", "card 4111 1111 1111 1111", &"x".repeat(4_001)] {
        let input = DecisionInput {
            decision: Decision::Approve,
            reason: reason.to_owned(),
            effect: effect.clone(),
        };
        assert_eq!(wrong_field(bob.decide(&id, input).await), "reason");
    }
}

async fn an_old_sign_in_decides_nothing_about_production_pci(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let guarded = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let other = org
        .ask("eve", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let signed = org.signed("bob").await;
    org.clock.advance(Duration::minutes(6));
    let service = org.acting(signed);
    let decided = async |id| {
        let view = service.change(id).await.unwrap();
        let input = DecisionInput {
            decision: Decision::Approve,
            reason: "looks right to me".into(),
            effect: view.preview.effect.0,
        };
        (view.step_up, service.decide(id, input).await)
    };
    let (asks, result) = decided(&guarded).await;
    assert!(
        matches!(&asks, Some(StepUpView::TooOld { limit, .. }) if *limit == Duration::minutes(5)),
        "{asks:?}"
    );
    assert_eq!(result, Err(Denied::SignInAgain));
    assert_eq!(org.entries(&guarded).await, ["change.submitted"]);
    // The page still shows the form, in which the reason is typed.
    assert_eq!(service.change(&guarded).await.unwrap().decide, Ok(()));
    assert_eq!(decided(&other).await, (None, Ok(())));
    // The same person after a new sign-in.
    org.approve("bob", &guarded).await.unwrap();
}

async fn a_name_that_somebody_reports_of_themselves_is_recorded_only_beside_the_directorys(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let mut signed = org.signed("bob").await;
    signed.self_reported = Some("Ann, Administrator".into());
    let service = org.acting(signed);
    let effect = service.change(&id).await.unwrap().preview.effect.0;
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "looks right to me".into(),
        effect,
    };
    service.decide(&id, input).await.unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select p.path, p.value from ledger_private p join ledger_entry e on e.seq = p.seq \
         where e.type = 'change.approved' order by p.path",
    )
    .fetch_all(org.app_state.store.read())
    .await
    .unwrap();
    let value = |path: &str| {
        let mut found = rows.iter().filter(|(at, _)| at == path);
        found.next().map(|(_, value)| value.as_str())
    };
    assert_eq!(value("/actor/name"), Some("BOB"));
    assert_eq!(
        value("/private/self_reported_name"),
        Some("Ann, Administrator")
    );
    let view = org.as_("cas").await.change(&id).await.unwrap();
    let who: Vec<_> = view
        .timeline
        .iter()
        .filter_map(|row| row.who.clone())
        .collect();
    assert!(
        !who.iter().any(|who| who.contains("Administrator")),
        "{who:?}"
    );
}

async fn a_person_whom_the_last_crawl_does_not_know_is_named_by_the_directory_and_never_by_the_sign_in(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.by_hand("update subject set name = 'Cas, Approver'".to_owned())
        .await;
    let requester = async || {
        org.as_("cas")
            .await
            .change(&id)
            .await
            .unwrap()
            .row
            .requester
    };
    let listed = requester().await;
    assert!(!listed.contains("Approver"));
    let mut parts = org.parts();
    parts.persons.remove(&user("ann"));
    org.publish(parts.clone());
    assert_eq!(requester().await, listed);
    // The directory no longer has the user.
    parts.users.remove(&user("ann"));
    org.publish(parts);
    assert_eq!(requester().await, "ann (no directory user)");
}
