//! Forms that cannot be read the same way everywhere.

use http::StatusCode;
use sandbox::org::Organisation;

use super::site::Site;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_form_that_cannot_be_read_is_refused_with_a_page_and_breaks_nothing,
}

async fn a_form_that_cannot_be_read_is_refused_with_a_page_and_breaks_nothing(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut maya = site.signed_in("maya.okafor").await;
    for fields in [
        &[("justification", "a\0b")][..],
        &[("justification", "one"), ("justification", "two")],
    ] {
        for path in ["/do/changes/submit", app::shell::APPEARANCE_ACTION] {
            let answer = maya.post(path, fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {fields:?}");
            assert!(answer.body.contains("Invalid request"), "{}", answer.body);
            assert!(answer.body.contains(&answer.request), "{}", answer.body);
        }
    }
    // PostgreSQL cannot store NUL, so a search for it would be an error of the database.
    for path in [
        "/ledger?q=%00",
        "/changes/%00",
        "/people/%ff",
        "/changes/new?who=%ff",
    ] {
        let answer = maya.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert_eq!(maya.get("/ledger?q=100%").await.status, StatusCode::OK);
    site.close().await;
}
