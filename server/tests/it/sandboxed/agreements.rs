//! What tests of agreements about identities have in common: sign-ins, and changes that people agree to and that are carried out.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    backend::{ChangeForm, IdentitiesPort as _, IdentityStatus},
    lists::{ListChoice, identities::STATUS},
};
use async_trait::async_trait;
use domain::{
    authorize::Role,
    change::State,
    identity::{Agreement, ExternalIdDigest, KeysDigest},
    ids::{ChangeId, PersonId, UserId},
    person::{
        Subject,
        link::{LinkKeys, link_identity},
    },
};
use server::{
    aws::{error::CallError, pool::PoolUser},
    clock,
    engine::approver_status::UserPool,
    service::journal::UserOfIdentity,
    store::{
        agreed_link, identity,
        person::{self, ResolvedPerson, SignInClaims},
    },
};

use super::{
    identities::ADMINISTRATOR,
    sandbox_server::{Company, subject},
};

/// Approvers, besides the first.
pub const SECOND: &str = "kwame.boateng";
pub const THIRD: &str = "amara.nwosu";

/// A user pool in which every sign-in that is asked for is an approver.
pub struct EverybodyApproves;

#[async_trait]
impl UserPool for EverybodyApproves {
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError> {
        let sub = match username {
            "a.stranger" => "another-sign-in".to_owned(),
            name => subject(name).sub,
        };
        Ok(Some(PoolUser {
            sub: Some(sub),
            enabled: true,
            federated: false,
            factors: Vec::new(),
            groups: [Role::Approver.group().to_owned()].into(),
            attributes: BTreeMap::new(),
        }))
    }
}

/// Signs in as the web server does, and returns the person.
pub async fn signs_in(company: &Company, keys: &LinkKeys) -> ResolvedPerson {
    let app_state = &company.app_state;
    let read_model = app_state.read_model();
    let introduction = SignInClaims {
        keys,
        name: "anything",
        username: Some("a.stranger"),
        link: &link_identity(keys, read_model.snapshot.parts().users.values()),
        new_id: clock::person_id(),
        at: app_state.clock.now(),
    };
    let mut tx = app_state.store.write().await.unwrap();
    let known = person::resolve_at_sign_in(&mut tx, &introduction)
        .await
        .unwrap();
    let entries = app_state
        .journal
        .linking(&keys.subject, &known, app_state.clock.now());
    if !entries.is_empty() {
        app_state
            .journal
            .append_many(&mut tx, entries)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    known
}

/// Makes a sign-in one of another identity, as an earlier link did.
pub async fn is_one_of(company: &Company, subject: &Subject, person: &PersonId) {
    let (app_state, sub) = (&company.app_state, &subject.sub);
    let moved = format!("update subject set person_id = '{person}' where sub = '{sub}'");
    company.database.by_hand(&moved).await.unwrap();
    let mut tx = app_state.store.write().await.unwrap();
    let entry = app_state.journal.subject_assigned(subject, person);
    app_state.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// The agreement of a change that is not carried out by an engine.
fn agreement(company: &Company) -> Agreement {
    Agreement {
        change: clock::change_id(),
        at: company.app_state.clock.now(),
    }
}

/// Makes the sign-in of an identity one of the holder of its user, without an engine that would start other changes meanwhile.
pub async fn joins(company: &Company, person: &PersonId, keys: &LinkKeys, holder: &PersonId) {
    let (app_state, agreement) = (&company.app_state, agreement(company));
    let linked = UserOfIdentity {
        person: person.clone(),
        user: keys.attribute.clone().unwrap(),
        external_ids: BTreeSet::from([ExternalIdDigest::of_subject(&keys.subject)]),
    };
    let digests = BTreeSet::from([KeysDigest::of(keys)]);
    let journal = &app_state.journal;
    let entry = journal.identity_link_agreed(&linked, &digests, Some(holder), &agreement);
    let mut tx = app_state.store.write().await.unwrap();
    agreed_link::join(&mut tx, person, holder).await.unwrap();
    identity::keep(
        &mut tx,
        person,
        &linked.user,
        &linked.external_ids,
        agreement.at,
    )
    .await
    .unwrap();
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// Ends the link of an identity to this user, without an engine that would start other changes meanwhile.
pub async fn is_given_back(company: &Company, person: &PersonId, user: &UserId) {
    let (app_state, agreement) = (&company.app_state, agreement(company));
    let entry = app_state
        .journal
        .identity_link_ended(person, user, &agreement);
    let mut tx = app_state.store.write().await.unwrap();
    agreed_link::end(&mut tx, person).await.unwrap();
    app_state.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// The keys of another sign-in that leads to a user.
pub fn another_sign_in(sub: &str, user: &UserId) -> LinkKeys {
    LinkKeys {
        attribute: Some(user.clone()),
        ..LinkKeys::of_subject(Subject {
            iss: "https://issuer".into(),
            sub: sub.into(),
        })
    }
}

pub fn link(person: &PersonId, user: &UserId) -> ChangeForm {
    ChangeForm::link(person, Some(user))
}

pub async fn agreed(company: &Company, form: &ChangeForm, approvers: &[&str]) -> ChangeId {
    let id = company.propose(ADMINISTRATOR, form).await.unwrap();
    for name in approvers {
        company.decide(name, &id).await.unwrap();
    }
    assert_eq!(company.state(&id).await, State::Approved);
    id
}

/// Carries out a change, and returns how it ended.
pub async fn carried_out(company: &Company, id: &ChangeId) -> State {
    let _engine = company.engine();
    company.end_of(id).await
}

pub async fn settled(company: &Company, form: &ChangeForm, approvers: &[&str]) -> ChangeId {
    let id = agreed(company, form, approvers).await;
    let ended = carried_out(company, &id).await;
    let stored = company.stored(&id).await;
    assert_eq!(ended, State::Verified, "{:?}", stored.result);
    id
}

pub async fn of_subject(company: &Company, subject: &Subject) -> ResolvedPerson {
    let found = person::person_of(&company.app_state.store, subject).await;
    found.unwrap().unwrap()
}

/// Somebody who signs in and decides nothing.
pub async fn ordinary(company: &Company) -> PersonId {
    let keys = another_sign_in("ordinary", &company.user("marcus.dube"));
    let known = signs_in(company, &keys).await;
    assert!(known.user.is_some(), "linked by its key");
    known.person
}

pub async fn listed(company: &Company, only: &str) -> Vec<IdentityStatus> {
    let service = company.signed_in(ADMINISTRATOR, Role::Administrator).await;
    let choice = if only.is_empty() {
        ListChoice::default()
    } else {
        ListChoice::only(STATUS, only)
    };
    let rows = service.identities(&choice).await.unwrap().rows;
    rows.into_iter().map(|row| row.status).collect()
}
