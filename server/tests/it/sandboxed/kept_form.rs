//! Form input that is sent after the session ended is kept, and restored in the same form after the next sign-in.

use http::StatusCode;
use sandbox::org::Organisation;

use super::{
    matrix::things,
    site::{PageResponse, Site},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_decision_comes_back_in_the_form_that_was_sent_and_for_its_writer_only,
    a_new_change_comes_back_with_what_was_chosen_and_typed,
}

/// Makes every session expire, as after a long time without requests.
async fn everybody_idles(site: &Site) {
    let mut tx = site.app_state.store.write().await.unwrap();
    let idle = sqlx::query("update session set last_used = 1 where ended_at is null");
    idle.execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn kept(site: &Site) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as("select fields from draft")
        .fetch_all(site.app_state.store.read())
        .await
        .unwrap();
    rows.into_iter().map(|(fields,)| fields).collect()
}

/// Returns the text of a multi-line field.
pub fn text_of(page: &PageResponse, id: &str) -> String {
    let (_, after) = page
        .body
        .split_once(&format!("<textarea id=\"{id}\""))
        .unwrap();
    let (_, after) = after.split_once('>').unwrap();
    after.split_once("</textarea>").unwrap().0.trim().to_owned()
}

pub fn value_of(page: &PageResponse, name: &str) -> String {
    let mut inputs = page.body.split("<input");
    let input = inputs.find(|one| one.contains(&format!("name=\"{name}\"")));
    let (_, value) = input.unwrap().split_once("value=\"").unwrap();
    value.split_once('"').unwrap().0.to_owned()
}

async fn a_decision_comes_back_in_the_form_that_was_sent_and_for_its_writer_only(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut marcus = site.signed_in("marcus.dube").await;
    let record = format!("/changes/{}", things(&site, &mut marcus).await.change);
    let mut ines = site.signed_in("ines.carvalho").await;
    let effect = value_of(&ines.get(&record).await, "effect");

    everybody_idles(&site).await;
    let action = format!("/do{record}/decide");
    let form = [
        ("decision", "decline"),
        ("reason", "Not <before> the audit & its report"),
        ("effect", &*effect),
    ];
    let turned_away = ines.post(&action, &form).await;
    assert_eq!(turned_away.status, StatusCode::SEE_OTHER);
    assert!(turned_away.location.starts_with("/sign-in?return_to="));
    let stored = kept(&site).await;
    assert!(
        stored.len() == 1 && !stored[0].contains(&effect),
        "{stored:?}"
    );

    // Another user who opens the URL sees an empty form.
    let mut kwame = site.browser();
    let theirs = kwame
        .sign_in_at(&turned_away.location, "kwame.boateng")
        .await;
    assert!(theirs.starts_with(&format!("{record}?draft=")), "{theirs}");
    let page = kwame.get(&theirs).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("the audit"), "{}", page.body);

    let back = ines
        .sign_in_at(&turned_away.location, "ines.carvalho")
        .await;
    assert_eq!(back, theirs);
    let page = ines.get(&back).await;
    let reason = "Not &lt;before&gt; the audit &amp; its report";
    assert_eq!(text_of(&page, "reason-decline"), reason);
    assert_eq!(text_of(&page, "reason-approve"), "");
    assert!(
        !page.body.contains("data-error"),
        "the restored form has no errors"
    );
    assert!(page.body.contains("Review the change again"));

    // Withdrawing a change has no text to keep.
    everybody_idles(&site).await;
    let turned_away = marcus.post(&format!("/do{record}/withdraw"), &[]).await;
    assert!(turned_away.location.ends_with(&record.replace('/', "%2F")));
    assert_eq!(kept(&site).await.len(), 1);
    let waiting = marcus
        .sign_in_at(&turned_away.location, "marcus.dube")
        .await;
    assert!(
        marcus
            .get(&waiting)
            .await
            .body
            .contains("Waiting for approval")
    );
    site.close().await;
}

async fn a_new_change_comes_back_with_what_was_chosen_and_typed(engine: DatabaseEngine) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut marcus = site.signed_in("marcus.dube").await;
    let read_model = site.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let (account, _) = parts
        .accounts
        .values()
        .find(|(one, _)| one.name == "web-prod")
        .unwrap();
    let set = parts
        .sets
        .values()
        .find(|one| one.name == "ReadOnly")
        .unwrap();
    let set = set.arn.as_str().rsplit('/').next().unwrap().to_owned();
    let user = parts
        .users
        .values()
        .find(|one| one.user_name == "marcus.dube")
        .unwrap();
    let (who, account) = (format!("user:{}", user.id), account.id.to_string());
    let chosen = [
        ("kind", "grant"),
        ("who", &*who),
        ("set", &*set),
        ("account", &*account),
        ("term", "60"),
    ];

    everybody_idles(&site).await;
    let mut form = chosen.to_vec();
    form.extend([
        ("justification", "investigate\nincident 4711"),
        ("ticket", "OPS-4711"),
        ("effect", "of-another-day"),
        ("form_key", "used-before"),
    ]);
    let turned_away = marcus.post("/do/changes/submit", &form).await;
    let back = marcus
        .sign_in_at(&turned_away.location, "marcus.dube")
        .await;
    let page = marcus.get(&back).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert_eq!(
        text_of(&page, "justification"),
        "investigate\nincident 4711"
    );
    assert_eq!(value_of(&page, "ticket"), "OPS-4711");
    for (name, value) in chosen {
        assert!(
            page.body
                .contains(&format!("name=\"{name}\" value=\"{value}\"")),
            "{name} in {}",
            page.body
        );
    }
    // The form is new and bound to the effect that this page shows.
    assert_ne!(value_of(&page, "effect"), "of-another-day");
    assert_ne!(value_of(&page, "form_key"), "used-before");
    site.close().await;
}
