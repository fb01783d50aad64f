//! What a suspended identity sees in the browser, and what others see of it.

use http::StatusCode;
use sandbox::org::Organisation;
use serde_json::{Value, json};
use server::service::jobs;

use super::{
    matrix::things,
    sandbox_server::http_client,
    site::{Browser, Site},
};
use crate::{database::DatabaseEngine, wait};

crate::engines::on_both_engines! {
    a_suspended_approver_sees_her_own_things_and_has_no_inbox,
    a_sign_in_checks_the_identity_before_the_next_crawl,
}

const APPROVER: &str = "ines.carvalho";

/// Deletes a user and creates another one with the same external id.
async fn recreate(site: &Site, name: &str) {
    let read_model = site.app_state.read_model();
    let users = read_model.snapshot.parts().users.values();
    let user = users.clone().find(|user| user.user_name == name).unwrap();
    site.app_state
        .aws
        .directory
        .delete_user()
        .identity_store_id(&site.app_state.instance.identity_store)
        .user_id(user.id.as_str())
        .send()
        .await
        .unwrap();
    let ids: Value = user
        .external_ids
        .iter()
        .map(|id| json!({ "issuer": id.issuer, "id": id.id }))
        .collect();
    let body = json!({
        "user_name": name, "given_name": "New", "family_name": name, "external_ids": ids, "enabled": true,
    });
    let answer = http_client()
        .post(format!("http://{}/_sandbox/users", site.aws.aws_addr))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
}

async fn status(browser: &mut Browser, path: &str) -> StatusCode {
    browser.get(path).await.status
}

async fn a_suspended_approver_sees_her_own_things_and_has_no_inbox(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut requester = site.signed_in("marcus.dube").await;
    let change = things(&site, &mut requester).await.change;
    let mut ines = site.signed_in(APPROVER).await;
    assert_eq!(status(&mut ines, "/inbox").await, StatusCode::OK);
    recreate(&site, APPROVER).await;
    jobs::request_crawl(&site.app_state).await.unwrap();
    wait::until("the crawl suspends her", async || {
        site.app_state.identity_summary().suspended == 1
    })
    .await;
    for path in [
        "/inbox",
        "/accounts",
        "/people",
        "/groups",
        "/permission-sets",
    ] {
        assert_eq!(
            status(&mut ines, path).await,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    assert_eq!(
        status(&mut ines, &format!("/changes/{change}")).await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        status(&mut ines, "/changes/new").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        status(&mut ines, "/changes").await,
        StatusCode::OK,
        "her own"
    );
    let home = ines.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(
        home.body.contains("Your identity is suspended"),
        "{}",
        home.body
    );
    let decision = [
        ("decision", "approve"),
        ("reason", "looks right to me"),
        ("effect", "of another day"),
    ];
    let sent = ines
        .post(&format!("/do/changes/{change}/decide"), &decision)
        .await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    for said in [
        "Your identity is suspended",
        "the operator of Leastwise confirms your identity on the host",
    ] {
        assert!(sent.body.contains(said), "{said}: {}", sent.body);
    }
    assert!(
        !sent.body.contains("ask a Leastwise administrator"),
        "{}",
        sent.body
    );

    let mut administrator = site.signed_in("maya.okafor").await;
    let home = administrator.get("/").await;
    assert!(
        home.body
            .contains("The identity of Ines Carvalho is suspended"),
        "{}",
        home.body
    );
    let metrics = http_client().get(format!("{}/metrics", site.base));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("leastwise_identities_suspended 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("leastwise_identity_alarm 0\n"),
        "{metrics}"
    );
    site.close().await;
}

async fn a_sign_in_checks_the_identity_before_the_next_crawl(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    recreate(&site, APPROVER).await;
    let mut ines = site.signed_in(APPROVER).await;
    assert_eq!(status(&mut ines, "/inbox").await, StatusCode::NOT_FOUND);
    // A change of the sign-in's session brings no role back.
    let mut again = site.signed_in(APPROVER).await;
    assert_eq!(status(&mut again, "/inbox").await, StatusCode::NOT_FOUND);
    site.close().await;
}
