//! Form input that is sent after the session ended is kept, and restored in the same form after the next sign-in.

use http::StatusCode;
use sandbox::org::Organisation;

use super::{
    matrix::things,
    site::{PageResponse, Site},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_decision_comes_back_for_its_writer_only,
    a_new_change_comes_back_with_what_was_chosen_and_typed,
    what_classifies_accounts_is_in_no_address_and_comes_back_after_a_sign_in,
    what_was_sent_without_a_session_is_kept_for_nobody_and_that_is_said,
    beyond_the_limit_of_refused_changes_the_text_comes_back_with_the_time_to_try_again,
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

async fn a_decision_comes_back_for_its_writer_only(engine: DatabaseEngine) {
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
    assert_eq!(text_of(&page, "reason"), reason);
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
        let drawn = [
            format!("name=\"{name}\" value=\"{value}\""),
            format!("<option value=\"{value}\" selected>"),
        ];
        let is_there = drawn.iter().any(|field| page.body.contains(field));
        assert!(is_there, "{name} in {}", page.body);
    }
    // The form is new and bound to the effect that this page shows.
    assert_ne!(value_of(&page, "effect"), "of-another-day");
    assert_ne!(value_of(&page, "form_key"), "used-before");
    site.close().await;
}

async fn what_classifies_accounts_is_in_no_address_and_comes_back_after_a_sign_in(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut maya = site.signed_in("maya.okafor").await;
    let account = {
        let read_model = site.app_state.read_model();
        let mut accounts = read_model.snapshot.parts().accounts.values();
        let found = accounts.find(|(one, _)| one.name == "web-dev");
        found.unwrap().0.id.to_string()
    };
    // As many as a change can hold: an address of this length would be refused.
    let unknown = (0..2_000).map(|number| format!("{}", 500_000_000_000_u64 + number));
    let many: Vec<String> = unknown.collect();
    let (purpose, many) = ("takes <card> payments", many.join("\n"));
    let form = |accounts: &str| {
        [
            ("action", "declare"),
            ("accounts", accounts),
            ("environment", "production"),
            ("pci", "in"),
            ("purpose", purpose),
            ("until", "2027-06-01"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let post = async |maya: &mut super::site::Browser, path: &str, values: &[(&str, String)]| {
        let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        maya.post(path, &values).await
    };
    let page = post(&mut maya, "/changes/classify", &form(&many)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains("2000 accounts are not in the organization")
    );
    assert_eq!(text_of(&page, "purpose"), "takes &lt;card&gt; payments");

    // The session ends before the preview.
    everybody_idles(&site).await;
    let turned_away = post(&mut maya, "/changes/classify", &form(&many)).await;
    assert_eq!(turned_away.status, StatusCode::SEE_OTHER);
    assert!(
        !turned_away.location.contains("card"),
        "{}",
        turned_away.location
    );
    let back = maya.sign_in_at(&turned_away.location, "maya.okafor").await;
    assert!(back.starts_with("/changes/classify?draft="), "{back}");
    let page = maya.get(&back).await;
    assert_eq!(text_of(&page, "purpose"), "takes &lt;card&gt; payments");
    assert!(text_of(&page, "accounts").ends_with("500000001999"));

    // The session ends before the submission.
    let page = post(&mut maya, "/changes/classify", &form(&account)).await;
    let effect = value_of(&page, "effect");
    everybody_idles(&site).await;
    let mut sent = form(&account).to_vec();
    sent.push(("justification", "agreed with the card team".to_owned()));
    sent.push(("effect", effect.clone()));
    sent.push(("form_key", value_of(&page, "form_key")));
    let turned_away = post(&mut maya, "/do/changes/classify", &sent).await;
    let back = maya.sign_in_at(&turned_away.location, "maya.okafor").await;
    let page = maya.get(&back).await;
    assert_eq!(text_of(&page, "justification"), "agreed with the card team");
    assert_eq!(text_of(&page, "purpose"), "takes &lt;card&gt; payments");
    assert_eq!(value_of(&page, "effect"), effect);
    let stored = kept(&site).await;
    assert!(
        stored.iter().all(|form| !form.contains(&effect)),
        "{stored:?}"
    );

    // An effect that is out of date shows everything again.
    for (name, value) in &mut sent {
        if *name == "effect" {
            "of another day".clone_into(value);
        }
    }
    let page = post(&mut maya, "/do/changes/classify", &sent).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(text_of(&page, "justification"), "agreed with the card team");
    assert_eq!(text_of(&page, "purpose"), "takes &lt;card&gt; payments");
    site.close().await;
}

/// Without the cookie, nobody knows who sent a form. Whoever signs in next may be somebody else.
async fn what_was_sent_without_a_session_is_kept_for_nobody_and_that_is_said(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let account = {
        let read_model = site.app_state.read_model();
        let mut accounts = read_model.snapshot.parts().accounts.values();
        let found = accounts.find(|(one, _)| one.name == "web-dev");
        found.unwrap().0.id.to_string()
    };
    let form = [
        ("action", "declare"),
        ("accounts", &*account),
        ("environment", "production"),
        ("pci", "in"),
        ("purpose", "takes <card> payments"),
        ("until", "2027-06-01"),
        ("justification", "agreed with the card team"),
    ];
    for path in ["/changes/classify", "/do/changes/classify"] {
        let mut maya = site.browser();
        let turned_away = maya.post(path, &form).await;
        assert_eq!(turned_away.status, StatusCode::SEE_OTHER);
        assert!(
            !turned_away.location.contains("card"),
            "{}",
            turned_away.location
        );
        let back = maya.sign_in_at(&turned_away.location, "maya.okafor").await;
        assert_eq!(
            back,
            format!("/changes/classify?accounts={account}&draft=none")
        );
        let page = maya.get(&back).await;
        assert!(
            page.body.contains("What you entered could not be kept"),
            "{}",
            page.body
        );
        assert_eq!(text_of(&page, "accounts"), account);
        assert_eq!(text_of(&page, "purpose"), "");
    }
    assert_eq!(kept(&site).await, [""; 0]);

    // A draft of somebody else, or of long ago, is lost as well.
    let mut maya = site.signed_in("maya.okafor").await;
    let page = maya.get("/changes/classify?draft=of-somebody-else").await;
    assert!(page.body.contains("What you entered could not be kept"));

    // What is never stored is missed.
    everybody_idles(&site).await;
    let mut card = form.to_vec();
    card[6] = ("justification", "4111 1111 1111 1111");
    let turned_away = maya.post("/do/changes/classify", &card).await;
    let back = maya.sign_in_at(&turned_away.location, "maya.okafor").await;
    let page = maya.get(&back).await;
    assert!(
        page.body.contains("A part of your input was restored"),
        "{back}"
    );
    assert_eq!(text_of(&page, "purpose"), "takes &lt;card&gt; payments");
    site.close().await;
}

/// A refusal for too many refused changes says when to try again, and keeps what was typed.
async fn beyond_the_limit_of_refused_changes_the_text_comes_back_with_the_time_to_try_again(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, Organisation::sample()).await;
    let mut hannah = site.signed_in("hannah.cole").await;
    let (who, account, set) = {
        let read_model = site.app_state.read_model();
        let parts = read_model.snapshot.parts();
        let account = parts
            .accounts
            .values()
            .find(|(one, _)| one.name == "cards-prod");
        let set = parts
            .sets
            .values()
            .find(|one| one.name == "AdministratorAccess");
        let mut users = parts.users.values();
        let user = users.find(|user| user.user_name == "hannah.cole");
        let key = set.unwrap().arn.to_string();
        (
            format!("user:{}", user.unwrap().id),
            account.unwrap().0.id.to_string(),
            key.rsplit('/').next().unwrap().to_owned(),
        )
    };
    let page = format!("/changes/new?kind=grant&account={account}&set={set}&term=60");
    let mut responses = Vec::new();
    for _ in 0..11 {
        let preview = hannah.get(&page).await;
        let (effect, key) = (value_of(&preview, "effect"), value_of(&preview, "form_key"));
        let form = [
            ("kind", "grant"),
            ("who", &*who),
            ("account", &*account),
            ("set", &*set),
            ("term", "60"),
            ("justification", "to look <into> the & incident"),
            ("ticket", "OPS-4711"),
            ("effect", &*effect),
            ("form_key", &*key),
        ];
        responses.push(hannah.post("/do/changes/submit", &form).await);
    }
    let last = responses.pop().unwrap();
    for stored in responses {
        assert_eq!(stored.status, StatusCode::SEE_OTHER, "{}", stored.body);
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = last.retry_after.parse().unwrap();
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    assert!(text_of(&last, "justification").contains("to look &lt;into&gt; the &amp; incident"));
    assert!(last.body.contains("Try again after"), "{}", last.body);
    site.close().await;
}
