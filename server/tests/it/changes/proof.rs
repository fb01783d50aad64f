//! Nothing counts without proof: manually inserted rows, approvals of another round, former
//! approvers, and sign-ins with an unsettled claim.

use std::collections::BTreeSet;

use app::backend::{
    ChangesPort as _, DecisionInput, DecisionObstacle, DecisionPort as _, Denied, InboxPosition,
    NewChangePort as _, WithdrawalPort as _,
};
use domain::{
    approval::{ApproverRefusal, Decision},
    authorize::Role,
    change::State,
    engine::StartVerdict,
    ids::{ChangeId, PersonId},
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
    time::{Duration, Timestamp},
};
use server::{
    clock,
    engine::start::{NoVerdict, send_back},
    service::journal::EntryActor,
    store::person::{self, Claim, SignInClaims},
};

use super::support::{
    Org, PoolSays, START, conflict, grant, group, person_id, subject, submission, user,
};
use crate::{database::DatabaseEngine, starts::fresh_verdict};

crate::engines::on_both_engines! {
    an_approval_put_in_by_hand_counts_for_nobody,
    a_change_set_to_approved_by_hand_with_approvals_by_hand_starts_nothing,
    an_entry_put_in_by_hand_proves_nothing,
    a_sign_in_that_is_handed_to_another_person_by_hand_fills_no_second_seat,
    a_role_put_in_by_hand_is_none,
    a_role_that_ended_and_is_opened_again_by_hand_is_none,
    a_row_by_hand_neither_takes_a_role_nor_changes_its_date,
    approvals_that_were_voided_stay_void_when_the_effect_flips_back,
    an_approval_is_not_moved_to_a_later_round_by_hand,
    an_approver_whom_the_pool_no_longer_welcomes_does_not_count_at_the_start,
    a_second_sign_in_of_the_requester_decides_nothing_whoever_it_is_by_now,
    an_approval_of_who_came_to_claim_the_requester_later_does_not_count_at_the_start,
    a_requester_has_at_most_twenty_changes_waiting,
    the_inbox_comes_in_pages_and_opens_where_a_change_is,
}

/// A change in production PCI, which needs two approvals.
async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

async fn put_in_approval(org: &Org, id: &ChangeId, name: &str, round: u32) {
    let (effect, approver) = (org.stored(id).await.change.effect.0, person_id(name));
    org.by_hand(format!(
        "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
         values ('{id}', '{approver}', 'approve', 'looks right', '{effect}', {}, {round})",
        org.clock.now().0
    ))
    .await;
}

async fn put_in_role(org: &Org, name: &str) {
    org.by_hand(format!(
        "insert into role_grant (person_id, role, granted_at) \
         values ('{}', 'approver', {})",
        person_id(name),
        START.0
    ))
    .await;
}

async fn roles(org: &Org, name: &str) -> Vec<Role> {
    let held = person::roles_of(
        &mut org.app_state.store.connection().await.unwrap(),
        &person_id(name),
    )
    .await
    .unwrap();
    held.into_iter().map(|grant| grant.role).collect()
}

async fn sent_back(org: &Org, id: &ChangeId) {
    let mut tx = org.app_state.store.write().await.unwrap();
    send_back(&org.app_state, &mut tx, id, org.clock.now())
        .await
        .unwrap();
    let event = domain::engine::DomainEvent::SentBack { change: id.clone() };
    let entry = org.app_state.journal.domain_event(&event);
    org.app_state.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn an_approval_put_in_by_hand_counts_for_nobody(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    put_in_approval(&org, &id, "cas", 0).await;
    assert!(org.stored(&id).await.change.approvals.is_empty());
    let row = org.as_("ann").await.change(&id).await.unwrap().row;
    assert_eq!(row.approvals, (0, 2));
    org.approve("bob", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Waiting, "one of two");
    org.approve("dan", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
}

async fn a_change_set_to_approved_by_hand_with_approvals_by_hand_starts_nothing(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    put_in_approval(&org, &id, "bob", 0).await;
    put_in_approval(&org, &id, "cas", 0).await;
    org.by_hand(format!(
        "update change set state = 'approved' where id = '{id}'"
    ))
    .await;
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
}

async fn an_entry_put_in_by_hand_proves_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    // Bob's own entry, modified to name Cas, under a separate number.
    org.by_hand(format!(
        "insert into ledger_entry (seq, type, occurred_at, outcome, actor, target, change_id, leaf, leaf_hash) \
         select 900, type, occurred_at, outcome, '{cas}', target, change_id, replace(leaf, '{bob}', '{cas}'), leaf_hash \
         from ledger_entry where type = 'change.approved'",
        bob = person_id("bob"),
        cas = person_id("cas"),
    ))
    .await;
    put_in_approval(&org, &id, "cas", 0).await;
    assert_eq!(org.stored(&id).await.change.approvals.len(), 1);
}

async fn a_sign_in_that_is_handed_to_another_person_by_hand_fills_no_second_seat(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    // Bob's sign-in is now linked to Cas; for the server, Cas makes the request.
    let mut forged = org.signed("cas").await;
    forged.subject = subject("bob");
    let service = org.acting(forged);
    let effect = service.change(&id).await.unwrap().preview.effect.0;
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "fine by me".into(),
        effect,
    };
    let _ = service.decide(&id, input).await;
    assert_eq!(org.stored(&id).await.change.approvals.len(), 1);
    assert_ne!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn a_role_put_in_by_hand_is_none(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    put_in_role(&org, "fay").await;
    assert_eq!(roles(&org, "fay").await, []);
    let all = person::everyone_with_a_role(&mut org.app_state.store.connection().await.unwrap())
        .await
        .unwrap();
    assert!(all.iter().all(|(person, _)| person != &person_id("fay")));
    let id = waiting(&org).await;
    let preview = org.as_("ann").await.change(&id).await.unwrap().preview;
    assert_eq!(preview.approvers, ["BOB", "CAS", "DAN"]);
    // Once it is properly granted, the role is held.
    org.give("fay", Role::Approver, org.clock.now()).await;
    assert_eq!(roles(&org, "fay").await, [Role::Approver]);
}

async fn a_role_that_ended_and_is_opened_again_by_hand_is_none(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    org.end_role("bob", Role::Approver).await;
    org.by_hand("update role_grant set ended_at = null where ended_at is not null".into())
        .await;
    assert_eq!(roles(&org, "bob").await, []);
    assert_eq!(org.fresh(&id).await, StartVerdict::EffectGrew);
}

async fn a_row_by_hand_neither_takes_a_role_nor_changes_its_date(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.by_hand(format!(
        "update role_grant set granted_at = granted_at - 1 where person_id = '{}'",
        person_id("bob")
    ))
    .await;
    let mut conn = org.app_state.store.connection().await.unwrap();
    let held = person::granted_to(&mut conn, &person_id("bob")).await;
    let granted: Vec<Timestamp> = held.unwrap().iter().map(|grant| grant.granted_at).collect();
    assert_eq!(granted, [START]);
    org.by_hand("delete from role_grant".to_owned()).await;
    assert_eq!(roles(&org, "bob").await, [Role::Approver]);
}

async fn approvals_that_were_voided_stay_void_when_the_effect_flips_back(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("operators", "viewer", "cards-prod", "60"))
        .await;
    let first = org.stored(&id).await.change.effect;
    org.approve("cas", &id).await.unwrap();
    let mut parts = org.parts();
    let members = parts.members.get_mut(&group("operators")).unwrap();
    // Neither effect contains the other.
    members.remove(&user("eve"));
    members.insert(user("fay"));
    org.publish(parts);
    conflict(org.approve("dan", &id).await);
    org.publish(org.parts());
    conflict(org.approve("dan", &id).await);
    let stored = org.stored(&id).await;
    assert_eq!((stored.change.effect, stored.change.round), (first, 2));
    org.approve("dan", &id).await.unwrap();
    assert_eq!(
        org.state(&id).await,
        State::Waiting,
        "the approval of the earlier round does not count"
    );
    let view = org.as_("cas").await.change(&id).await.unwrap();
    assert_eq!(view.row.approvals, (1, 2));
    let counts: Vec<bool> = view.approvals.iter().map(|given| given.counts).collect();
    assert_eq!(counts, [false, true]);
    org.approve("cas", &id).await.unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn an_approval_is_not_moved_to_a_later_round_by_hand(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    sent_back(&org, &id).await;
    put_in_approval(&org, &id, "bob", 1).await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.change.round, 1);
    assert_eq!(stored.change.in_force().count(), 0);
}

async fn an_approver_whom_the_pool_no_longer_welcomes_does_not_count_at_the_start(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    for (says, expected) in [
        (PoolSays::Welcome, StartVerdict::StillAllowed),
        (PoolSays::NoGroup, StartVerdict::EffectGrew),
        (PoolSays::Disabled, StartVerdict::EffectGrew),
        (PoolSays::Gone, StartVerdict::EffectGrew),
        (PoolSays::SomebodyElse, StartVerdict::EffectGrew),
    ] {
        let fresh = fresh_verdict(&org.app_state, &says, &id).await.unwrap();
        assert_eq!(fresh, expected, "{says:?}");
    }
    let fresh = fresh_verdict(&org.app_state, &PoolSays::Nothing, &id).await;
    assert!(matches!(fresh, Err(NoVerdict::PeopleNotRead)), "{fresh:?}");
    let free = org
        .ask("ann", &grant("fay", "viewer", "web-dev", "60"))
        .await;
    let fresh = fresh_verdict(&org.app_state, &PoolSays::Nothing, &free).await;
    assert_eq!(
        fresh.unwrap(),
        StartVerdict::StillAllowed,
        "no approval was required"
    );
}

/// A separate sign-in that claims to be `of`: linked to no user, or to a user of its own.
async fn claimer(org: &Org, of: &str) -> (PersonId, Subject) {
    let subject = Subject {
        iss: "https://issuer".into(),
        sub: format!("second-of-{of}"),
    };
    let mut tx = org.app_state.store.write().await.unwrap();
    let introduction = SignInClaims {
        keys: &LinkKeys::of_subject(subject.clone()),
        name: "Somebody",
        username: Some("somebody"),
        link: &IdentityLink::Linked(user(of), BTreeSet::new()),
        new_id: clock::person_id(),
        at: org.clock.now(),
    };
    let known = person::resolve_at_sign_in(&mut tx, &introduction)
        .await
        .unwrap();
    let journal = &org.app_state.journal;
    let linking = journal.linking(&subject, &known, org.clock.now());
    journal.append_many(&mut tx, linking).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(known.user, None);
    assert_eq!(known.claimed.unwrap().held_by, person_id(of));
    (known.person, subject)
}

async fn a_second_sign_in_of_the_requester_decides_nothing_whoever_it_is_by_now(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let (person, subject) = claimer(&org, "eve").await;
    let id = org
        .ask("eve", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    // The worst case: an approver according to the ledger, linked to the user of somebody else.
    let mut signed = org.signed("bob").await;
    signed.actor.person = Some(person.clone());
    signed.person = person.clone();
    signed.user = None;
    signed.subject = subject;
    signed.name = "Somebody".into();
    let service = org.acting(signed);
    let view = service.change(&id).await.unwrap();
    let obstacle = view.decide.unwrap_err();
    assert!(
        matches!(
            obstacle,
            DecisionObstacle::Viewer(ApproverRefusal::UnsettledClaim)
        ),
        "{obstacle:?}"
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
}

async fn an_approval_of_who_came_to_claim_the_requester_later_does_not_count_at_the_start(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
    let claim = Claim {
        user: user("eve"),
        held_by: person_id("eve"),
    };
    let who = EntryActor {
        person: Some(person_id("bob")),
        subject: Some(subject("bob")),
        ..EntryActor::default()
    };
    let journal = &org.app_state.journal;
    let mut tx = org.app_state.store.write().await.unwrap();
    let entry = journal.subject_claimed(&who, &claim);
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        org.fresh(&id).await,
        StartVerdict::EffectGrew,
        "bob may be eve, who gains access"
    );
}

async fn a_requester_has_at_most_twenty_changes_waiting(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let change_form = grant("eve", "viewer", "cards-prod", "60");
    for _ in 0..20 {
        org.ask("ann", &change_form).await;
    }
    let ann = org.as_("ann").await;
    let new = ann.new_change(&change_form).await.unwrap();
    let told = conflict(ann.submit(submission(&change_form, &new)).await);
    assert!(told.contains("Withdraw one of them"), "{told}");
    // Changes that need no approval are not limited, and withdrawing one makes room.
    org.ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let inbox = org.as_("bob").await.inbox(InboxPosition::Page(1)).await;
    let oldest = inbox.unwrap().rows[0].row.id.clone();
    ann.withdraw(&oldest).await.unwrap();
    org.ask("ann", &change_form).await;
}

async fn the_inbox_comes_in_pages_and_opens_where_a_change_is(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut all = Vec::new();
    for who in ["ann", "eve"] {
        for _ in 0..12 {
            let change_form = grant("eve", "viewer", "cards-prod", "60");
            all.push(org.ask(who, &change_form).await);
            org.clock.advance(Duration::seconds(1));
        }
    }
    let bob = org.as_("bob").await;
    let page = |at: InboxPosition| {
        let bob = &bob;
        async move {
            let page = bob.inbox(at).await.unwrap();
            let ids: Vec<ChangeId> = page.rows.into_iter().map(|view| view.row.id).collect();
            (page.number, page.total, ids)
        }
    };
    let first = page(InboxPosition::Page(1)).await;
    assert_eq!(first, (1, 24, all[..20].to_vec()));
    assert_eq!(page(InboxPosition::Page(0)).await, first);
    let last = (2, 24, all[20..].to_vec());
    assert_eq!(page(InboxPosition::Page(2)).await, last);
    assert_eq!(page(InboxPosition::Page(usize::MAX)).await, last);
    assert_eq!(page(InboxPosition::Change(all[23].clone())).await, last);
}
