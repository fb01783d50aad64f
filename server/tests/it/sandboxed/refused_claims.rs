//! Refusals of claims, and their withdrawal: proposed by the undo of the refusal or from the list of identities, agreed to by two
//! people, and carried out.

use std::collections::BTreeSet;

use app::{
    backend::{
        ChangeForm, ChangesPort as _, FollowUpForm, FollowUps, IdentityStatus, LedgerPort as _,
        NewChangePort as _, NoUserFound, SentencePart, change_field,
    },
    lists::ListChoice,
};
use domain::{
    authorize::Role,
    change::State,
    engine::FollowUp,
    ids::{ChangeId, PersonId, UserId},
    subject::NoUndo,
};
use server::store::identity;

use crate::entries::entries;

use super::{
    agreements::{
        SECOND, THIRD, agreed, another_sign_in, carried_out, is_one_of, link, listed, of_subject,
        ordinary, settled, signs_in,
    },
    identities::{ADMINISTRATOR, APPROVER},
    sandbox_server::Company,
};

crate::engines::on_both_engines! {
    &Company:
    a_withdrawn_refusal_lets_the_sign_in_claim_again_as_a_claim_that_people_agree_to,
    the_undo_of_a_refusal_withdraws_what_its_change_refused_and_nothing_else,
    a_withdrawal_names_users_whose_claim_is_refused,
    a_refusal_that_was_withdrawn_meanwhile_is_not_withdrawn_again,
}

async fn follow_ups(company: &Company, id: &ChangeId) -> FollowUps {
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    service.change(id).await.unwrap().follow_ups
}

/// Returns the form that undoes a change.
async fn undo_of(company: &Company, id: &ChangeId) -> ChangeForm {
    let found = follow_ups(company, id).await;
    let [link] = found.links.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((link.what, found.no_undo), (FollowUp::Undo, None));
    match &link.form {
        FollowUpForm::Change(form) => form.clone(),
        other @ FollowUpForm::Classify(_) => panic!("{other:?}"),
    }
}

async fn refused(company: &Company, person: &PersonId) -> BTreeSet<UserId> {
    let mut conn = company.app_state.store.connection().await.unwrap();
    identity::record(&mut conn, person).await.unwrap().refused
}

/// Returns the sentences of the entries of a type.
async fn sentences(company: &Company, kind: &str) -> Vec<String> {
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let rows = entries(service.entries(&ListChoice::default()).await.unwrap());
    let of_kind = rows.into_iter().filter(|row| row.kind == kind);
    let words = of_kind.map(|row| row.sentence.iter().map(SentencePart::words).collect());
    words.collect()
}

async fn a_withdrawn_refusal_lets_the_sign_in_claim_again_as_a_claim_that_people_agree_to(
    company: &Company,
) {
    company.sync().await;
    let user = company.user(APPROVER);
    let keys = another_sign_in("another-sign-in", &user);
    let claimant = signs_in(company, &keys).await;
    assert!(claimant.claimed.is_some());
    let form = ChangeForm::refuse_claim(&claimant.person);
    let refusal = settled(company, &form, &[SECOND, THIRD]).await;
    assert_eq!(signs_in(company, &keys).await.claimed, None);
    assert_eq!(
        listed(company, "unlinked").await,
        [IdentityStatus::Unlinked(NoUserFound::Refused)],
        "no crawl links it"
    );

    let undo = undo_of(company, &refusal).await;
    let id = company.propose(ADMINISTRATOR, &undo).await.unwrap();
    company.decide(SECOND, &id).await.unwrap();
    assert_eq!(
        company.state(&id).await,
        State::Waiting,
        "one is not enough"
    );
    company.decide(THIRD, &id).await.unwrap();
    let ended = carried_out(company, &id).await;
    assert_eq!(
        ended,
        State::Verified,
        "{:?}",
        company.stored(&id).await.result
    );
    assert_eq!(company.entries("identity.refusal_withdrawn").await.len(), 1);
    let name = &company
        .app_state
        .read_model()
        .snapshot
        .user(&user)
        .unwrap()
        .display_name
        .clone();
    let told = sentences(company, "identity.refusal_withdrawn").await;
    let [told] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        told.ends_with(&format!(
            "may claim to be the Identity Center user {name} again, as people agreed"
        )),
        "{told}"
    );
    assert!(refused(company, &claimant.person).await.is_empty());
    // Nothing undoes it now, and the page of the change says so.
    let left = follow_ups(company, &id).await;
    assert_eq!(
        (left.links, left.no_undo),
        (Vec::new(), Some(NoUndo::BeforeANewClaim))
    );

    let again = signs_in(company, &keys).await;
    assert_eq!((again.user, &again.person), (None, &claimant.person));
    assert!(again.claimed.is_some(), "it claims, and is not linked");
    settled(company, &link(&claimant.person, &user), &[SECOND, THIRD]).await;
    let joined = of_subject(company, &keys.subject).await;
    assert_eq!(joined.user, Some(user));
}

/// An identity with two sign-ins, each of which claims a user, and the changes that refused one claim after the other.
async fn refused_twice(company: &Company) -> ([UserId; 2], PersonId, [ChangeId; 2]) {
    company.sync().await;
    ordinary(company).await;
    let users = [APPROVER, "marcus.dube"].map(|name| company.user(name));
    let claimant = signs_in(company, &another_sign_in("one-sign-in", &users[0])).await;
    let form = ChangeForm::refuse_claim(&claimant.person);
    let first = settled(company, &form, &[SECOND, THIRD]).await;
    let keys = another_sign_in("two-sign-in", &users[1]);
    let other = signs_in(company, &keys).await;
    assert!(other.claimed.is_some());
    is_one_of(company, &keys.subject, &claimant.person).await;
    let second = settled(company, &form, &[SECOND, THIRD]).await;
    let both = refused(company, &claimant.person).await;
    assert_eq!(both, BTreeSet::from(users.clone()));
    (users, claimant.person, [first, second])
}

async fn the_undo_of_a_refusal_withdraws_what_its_change_refused_and_nothing_else(
    company: &Company,
) {
    let ([one, two], person, changes) = refused_twice(company).await;
    for (change, user, left) in [
        (&changes[1], &two, BTreeSet::from([one.clone()])),
        (&changes[0], &one, BTreeSet::new()),
    ] {
        let form = undo_of(company, change).await;
        assert_eq!(form, ChangeForm::withdraw_refusal(&person, [user]));
        settled(company, &form, &[SECOND, THIRD]).await;
        assert_eq!(refused(company, &person).await, left);
        let entry = &company.entries("identity.refusal_withdrawn").await[0];
        assert_eq!(entry["data"]["users"], serde_json::json!([user.as_str()]));
    }
    let again = signs_in(company, &another_sign_in("two-sign-in", &two)).await;
    assert!(again.claimed.is_some());
}

async fn a_withdrawal_names_users_whose_claim_is_refused(company: &Company) {
    let (users, person, _) = refused_twice(company).await;
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let new = service
        .new_change(&ChangeForm::withdraw_refusal(&person, []))
        .await
        .unwrap();
    assert!(new.preview.is_none());
    assert_eq!(new.choices.sets.len(), 2, "{:?}", new.choices.sets);
    let stranger = company.user(SECOND);
    for wrong in [vec![&stranger], vec![&users[0], &stranger]] {
        let form = ChangeForm::withdraw_refusal(&person, wrong);
        let new = service.new_change(&form).await.unwrap();
        assert!(new.preview.is_none());
        let fields: Vec<_> = new.errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, [change_field::SET]);
    }
    let form = ChangeForm::withdraw_refusal(&person, [&users[1], &users[0], &users[1]]);
    let new = service.new_change(&form).await.unwrap();
    assert!(
        new.choices
            .sets
            .iter()
            .any(|one| one.value == new.change_form.set),
        "{new:?}"
    );
    let preview = new.preview.unwrap();
    assert_eq!(
        preview.others[0].properties.len(),
        2,
        "{:?}",
        preview.others
    );
    settled(company, &new.change_form, &[SECOND, THIRD]).await;
    assert!(refused(company, &person).await.is_empty());
    let told = sentences(company, "identity.refusal_withdrawn").await;
    assert!(told[0].contains(" and "), "{told:?}");
}

async fn a_refusal_that_was_withdrawn_meanwhile_is_not_withdrawn_again(company: &Company) {
    let ([one, _], person, changes) = refused_twice(company).await;
    let form = undo_of(company, &changes[0]).await;
    let first = agreed(company, &form, &[SECOND, THIRD]).await;
    let second = agreed(company, &form, &[SECOND, THIRD]).await;
    let _engine = company.engine();
    let ended = [company.end_of(&first).await, company.end_of(&second).await];
    // If both start at once, the second one finds what it would have left; otherwise its start is refused.
    assert!(ended.contains(&State::Verified), "{ended:?}");
    assert_eq!(company.entries("identity.refusal_withdrawn").await.len(), 1);
    assert!(!refused(company, &person).await.contains(&one));
}
