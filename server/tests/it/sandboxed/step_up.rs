//! A decision that needs a more recent sign-in: the detour keeps the words, and nothing is decided on the way.

use http::StatusCode;
use sandbox::org::Organisation;

use super::{
    kept_form::{text_of, value_of},
    matrix::things,
    site::Site,
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    the_words_of_a_decision_survive_the_detour_and_nothing_is_decided_on_the_way,
    everybody_of_a_federated_pool_is_linked_by_identities,
    an_attribute_that_people_can_write_prevents_the_start,
    a_contradiction_names_other_users_to_administrators_only,
}

async fn the_words_of_a_decision_survive_the_detour_and_nothing_is_decided_on_the_way(
    engine: DatabaseEngine,
) {
    // Every sign-in is too old after a second.
    let site = Site::with(engine, Organisation::sample(), |args| {
        args.sign_in.step_up_seconds = 1;
        args.sign_in.step_up_seconds_other = 1;
    })
    .await;
    let mut marcus = site.signed_in("marcus.dube").await;
    let change = things(&site, &mut marcus).await.change;
    let record = format!("/changes/{change}");
    let mut ines = site.signed_in("ines.carvalho").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let page = ines.get(&record).await;
    assert!(
        page.body
            .contains("This decision needs a sign-in that is at most 1 second old")
    );
    for button in ["Sign in again, then approve", "Sign in again, then decline"] {
        assert!(page.body.contains(button), "{button}: {}", page.body);
    }
    let form = [
        ("decision", "approve"),
        ("reason", "Checked against <the> ticket"),
        ("effect", &*value_of(&page, "effect")),
    ];
    let before = ines.session();
    let detour = ines.post(&format!("/do{record}/decide"), &form).await;
    assert_eq!(detour.status, StatusCode::SEE_OTHER);
    assert!(
        detour.location.starts_with("/sign-in?fresh=1&return_to="),
        "{}",
        detour.location
    );
    assert_eq!(decisions(&site).await, 0);

    // Another person who signs in on the way does not get the words.
    let mut other = site.browser();
    let theirs = other.sign_in_at(&detour.location, "kwame.boateng").await;
    assert!(!other.get(&theirs).await.body.contains("the ticket"));

    let back = ines.sign_in_at(&detour.location, "ines.carvalho").await;
    assert!(back.starts_with(&format!("{record}?draft=")), "{back}");
    assert_ne!(ines.session(), before);
    let page = ines.get(&back).await;
    assert_eq!(
        text_of(&page, "reason"),
        "Checked against &lt;the&gt; ticket"
    );
    assert!(page.body.contains("Review the change again"));
    assert_eq!(decisions(&site).await, 0);
    site.close().await;
}

async fn decisions(site: &Site) -> i64 {
    let (count,): (i64,) = sqlx::query_as("select count(*) from approval")
        .fetch_one(site.app_state.store.read())
        .await
        .unwrap();
    count
}

async fn everybody_of_a_federated_pool_is_linked_by_identities(engine: DatabaseEngine) {
    let company = Organisation::federated();
    let people: Vec<_> = company
        .pool
        .users
        .iter()
        .map(|user| user.email.clone())
        .collect();
    let site = Site::with(engine, company, |args| {
        args.sign_in.identity_providers = vec!["Okta=https://harbourline.okta.com".into()];
        args.sign_in.mfa_providers = vec!["Okta".into()];
    })
    .await;
    for email in people {
        let mut browser = site.signed_in(&email).await;
        // A linked person may request access.
        let expected = if email.starts_with("noor.") {
            StatusCode::FORBIDDEN
        } else {
            StatusCode::OK
        };
        assert_eq!(
            browser.get("/changes/new").await.status,
            expected,
            "{email}"
        );
    }
    // Named by the configuration before anybody was linked: the roles have moved.
    let mut ines = site.signed_in("ines.carvalho@harbourline.example").await;
    assert_eq!(ines.get("/inbox").await.status, StatusCode::OK);
    let mut maya = site.signed_in("maya.okafor@harbourline.example").await;
    assert_eq!(maya.get("/ledger").await.status, StatusCode::OK);
    assert!(maya.get("/").await.body.contains("Maya Okafor"));
    site.close().await;
}

async fn an_attribute_that_people_can_write_prevents_the_start(engine: DatabaseEngine) {
    for (writable, refused) in [
        (None, true),
        (Some(vec!["custom:identity_store_id".to_owned()]), true),
        (Some(vec!["email".to_owned()]), false),
    ] {
        let mut company = Organisation::sample();
        company.pool.client.write_attributes = writable;
        let started = Site::try_with(engine, company, |args| {
            args.sign_in.identity_attribute = Some("custom:identity_store_id".into());
        })
        .await;
        match started {
            Ok(site) => {
                assert!(!refused);
                site.close().await;
            }
            Err(error) => {
                let text = error.to_string();
                let cause = std::error::Error::source(&error).unwrap().to_string();
                assert!(refused && cause.contains("could set"), "{text}: {cause}");
            }
        }
    }
}

async fn a_contradiction_names_other_users_to_administrators_only(engine: DatabaseEngine) {
    let mut company = Organisation::sample();
    company.pool.client.write_attributes = Some(vec!["email".to_owned()]);
    let of = |company: &Organisation, name: &str| {
        let mut users = company.pool.users.iter();
        users.position(|user| user.email.starts_with(name)).unwrap()
    };
    let (hannah, kwame) = (of(&company, "hannah.cole"), of(&company, "kwame.boateng"));
    let other = company.pool.users[kwame].identity_store_user_id.clone();
    company.pool.users[hannah].identity_store_user_id = other;
    let site = Site::with(engine, company, |args| {
        args.sign_in.identity_attribute = Some("custom:identity_store_id".into());
    })
    .await;
    let mut hannah = site.signed_in("hannah.cole").await;
    let home = hannah.get("/").await.body;
    assert!(
        home.contains(
            "the subject of the user pool to one user, the attribute of the user pool to another user"
        ),
        "{home}"
    );
    assert!(!home.contains("Kwame") && !home.contains("kwame"), "{home}");
    let mut maya = site.signed_in("maya.okafor").await;
    let ledger = maya.get("/ledger?q=subject.not_linked").await.body;
    for said in [
        "subject leads to </span><span data-keep",
        ">Hannah Cole</a>",
        "attribute leads to </span><span data-keep",
        ">Kwame Boateng</a>",
    ] {
        assert!(ledger.contains(said), "{said}: {ledger}");
    }
    site.close().await;
}
