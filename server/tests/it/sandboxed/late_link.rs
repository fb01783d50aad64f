//! People whom the configuration names before the directory contains their sign-in.

use domain::{
    authorize::Role,
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
};
use sandbox::org::Organisation;
use server::{
    clock,
    service::journal::EntryActor,
    store::person::{self, RoleOutcome, SignInClaims},
};

use super::sandbox_server::Company;
use crate::database::{Database, DatabaseEngine};

crate::engines::on_both_engines! {
    a_crawl_that_finds_an_administrator_leaves_the_role_with_the_sign_in,
}

async fn a_crawl_that_finds_an_administrator_leaves_the_role_with_the_sign_in(
    engine: DatabaseEngine,
) {
    let sample = Organisation::sample();
    let sub = sample.pool.user("maya.okafor").unwrap().sub.clone();
    let subject = Subject {
        iss: format!(
            "https://cognito-idp.{}.amazonaws.com/{}",
            sample.pool.region, sample.pool.id
        ),
        sub,
    };
    let mut without = Organisation::sample();
    for user in &mut without.users {
        user.external_ids.retain(|ext| *ext.issuer != *subject.iss);
    }
    let company = Company::unread(Database::fresh(engine).await, without).await;
    grant(&company, &subject).await;
    company.sync().await;
    let unlinked = known(&company, &subject).await;
    assert_eq!(unlinked.user, None);

    let company = company.reopened(sample).await;
    company.sync().await;
    let linked = known(&company, &subject).await;
    assert_eq!(linked.user, Some(company.user("maya.okafor")));
    let roles = person::roles_of(
        &mut company.app_state.store.connection().await.unwrap(),
        &linked.person,
    )
    .await
    .unwrap();
    assert_eq!(roles.len(), 1);
    assert_eq!(roles[0].role, Role::Administrator);
    let left = person::roles_of(
        &mut company.app_state.store.connection().await.unwrap(),
        &unlinked.person,
    )
    .await
    .unwrap();
    assert!(left.is_empty(), "nothing stays behind");
    assert_eq!(company.entries("subject.linked").await.len(), 1);
    company.close().await;
}

async fn known(company: &Company, subject: &Subject) -> person::ResolvedPerson {
    let found = person::person_of(&company.app_state.store, subject).await;
    found.unwrap().unwrap()
}

/// Grants the role of an administrator, as the first start does.
async fn grant(company: &Company, subject: &Subject) {
    let (journal, now) = (&company.app_state.journal, company.app_state.clock.now());
    let mut tx = company.app_state.store.write().await.unwrap();
    let introduction = SignInClaims {
        keys: &LinkKeys::of_subject(subject.clone()),
        name: "",
        username: None,
        link: &IdentityLink::Unknown,
        new_id: clock::person_id(),
        at: now,
    };
    let known = person::resolve(&mut tx, &introduction).await.unwrap();
    let linking = journal.linking(subject, &known, now);
    journal.append_many(&mut tx, linking).await.unwrap();
    let ensured = person::ensure_role(&mut tx, &known.person, Role::Administrator, now)
        .await
        .unwrap();
    assert_eq!(ensured, RoleOutcome::New);
    let entry = journal.role_granted(
        &EntryActor::leastwise(),
        &known.person,
        Role::Administrator,
        now,
    );
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}
