//! The time between the start and the moment when the stored state is loaded.

use http::StatusCode;
use sandbox::org::Organisation;

use super::{sandbox_server::http_client, site::Site};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    until_what_was_known_is_there_machines_are_answered_and_people_wait,
}

async fn until_what_was_known_is_there_machines_are_answered_and_people_wait(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut maya = site.signed_in("maya.okafor").await;
    site.app_state.mark_restoring();
    let waiting = tokio::spawn(async move { maya.get("/").await });

    let status = |path: &str| {
        let asked = http_client().get(format!("{}{path}", site.base)).send();
        async { asked.await.unwrap().status() }
    };
    assert_eq!(status("/healthz").await, StatusCode::OK);
    assert_eq!(status("/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        !waiting.is_finished(),
        "an empty organization must not be shown in place of the stored one"
    );

    site.app_state.mark_restored();
    let page = waiting.await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("production PCI"));
    assert_eq!(status("/readyz").await, StatusCode::OK);
    site.close().await;
}
