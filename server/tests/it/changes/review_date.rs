//! The date by which somebody reviews standing access: when the form asks for it, and where it goes from there.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, ChangeForm, ChangesPort as _, Denied, FollowUpForm, NewChangePort as _},
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{
    change::State,
    engine::StartVerdict,
    ids::ChangeId,
    ledger::projection::ChangeMismatch,
    time::{Date, Duration},
    verdict::Outcome,
};

use super::support::{Org, grant, join, submission, wrong_field};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    the_form_asks_for_a_date_where_a_policy_wants_one_and_nowhere_else,
    a_date_that_does_not_apply_is_dropped,
    a_date_outside_six_months_or_that_is_none_is_said_at_its_field,
    a_membership_that_gives_settings_for_good_needs_a_date_too,
    a_date_is_shown_to_approvers_recorded_and_started_with,
    approvers_and_requesters_agree_to_one_date,
    a_date_that_was_altered_in_the_database_stops_the_change,
    a_change_without_a_date_is_stored_as_before,
    a_date_that_still_applies_is_requested_again_and_another_is_asked_for_anew,
}

/// The group of operators reads settings of production PCI for good, reviewed on this day.
fn standing(review_on: &str) -> ChangeForm {
    ChangeForm {
        review_on: review_on.into(),
        ..grant("operators", "auditor", "cards-prod", "standing")
    }
}

fn tomorrow(org: &Org) -> Date {
    Date::of(org.clock.now()).unwrap().tomorrow()
}

async fn visit(org: &Org, name: &str) -> Visit {
    let backend: Arc<dyn Backend> = Arc::new(org.as_(name).await);
    Visit {
        backend,
        params: BTreeMap::new(),
        query: BTreeMap::new(),
        url: "/".into(),
        form: FormState::default(),
    }
}

async fn form_page(org: &Org, form: &ChangeForm) -> String {
    let mut visit = visit(org, "ann").await;
    for (name, value) in form.fields() {
        visit.query.insert(name.into(), value.into());
    }
    let page = pages::new_change::page(visit).await.unwrap();
    render(Surroundings::default(), page.draw)
}

async fn the_form_asks_for_a_date_where_a_policy_wants_one_and_nowhere_else(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let new = ann.new_change(&standing("")).await.unwrap();
    let preview = new.preview.as_ref().unwrap();
    assert_eq!(preview.verdict.outcome, Outcome::Refused);
    let rules: Vec<&str> = preview
        .verdict
        .hits
        .iter()
        .map(|hit| hit.rule.as_str())
        .collect();
    assert_eq!(
        rules,
        ["production-pci-review-date", "production-pci-two-approvers"]
    );
    let dates = new.review.unwrap();
    assert_eq!(dates.first, tomorrow(&org));
    let because = Some("Standing access needs a review date (PCI 7.2.4)".to_owned());
    assert_eq!(dates.because, because);
    let asked_by = preview.ways_out.dated.as_deref();
    assert_eq!(asked_by, Some("production-pci-review-date"));
    let html = form_page(&org, &standing("")).await;
    assert!(html.contains("type=\"date\"") && html.contains("name=\"review_on\""));
    assert!(html.contains("State a review date"), "{html}");

    let reviewed = standing(&dates.first.to_string());
    let new = ann.new_change(&reviewed).await.unwrap();
    assert_eq!(
        new.review.unwrap().because,
        because,
        "asked for, and stated"
    );
    let preview = new.preview.unwrap();
    assert_eq!(preview.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(preview.review_on, Some(dates.first));
    let html = form_page(&org, &reviewed).await;
    let sent = format!("name=\"review_on\" type=\"date\" value=\"{}\"", dates.first);
    assert!(html.contains(&sent), "{html}");

    for form in [
        ChangeForm::default(),
        grant("operators", "viewer", "cards-prod", "standing"),
        grant("operators", "auditor", "web-dev", "standing"),
        grant("eve", "auditor", "cards-prod", "60"),
        // Direct standing access is blocked, whatever date it states.
        grant("eve", "auditor", "cards-prod", "standing"),
    ] {
        assert_eq!(ann.new_change(&form).await.unwrap().review, None);
    }
    let empty = form_page(&org, &ChangeForm::default()).await;
    assert!(!empty.contains("type=\"date\""));
}

async fn a_date_that_does_not_apply_is_dropped(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let temporary = ChangeForm {
        term: "60".into(),
        ..standing("nonsense")
    };
    let new = ann.new_change(&temporary).await.unwrap();
    assert!(new.errors.is_empty());
    assert_eq!(new.change_form.review_on, "");
    let id = ann.submit(submission(&temporary, &new)).await.unwrap();
    assert_eq!(org.stored(&id).await.change.proposal.review_on, None);
}

async fn a_date_outside_six_months_or_that_is_none_is_said_at_its_field(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let today = Date::of(org.clock.now()).unwrap();
    let good = ann
        .new_change(&standing(&today.months_later(6).to_string()))
        .await
        .unwrap();
    assert!(good.errors.is_empty());
    for wrong in [
        today.to_string(),
        today.months_later(6).tomorrow().to_string(),
        "2020-01-01".into(),
        "next year".into(),
        "2026-02-30".into(),
        "x".repeat(5_000),
    ] {
        let form = standing(&wrong);
        let new = ann.new_change(&form).await.unwrap();
        assert_eq!(new.errors.len(), 1, "{wrong}");
        assert_eq!(new.errors[0].field, "review_on");
        assert!(new.preview.is_none() && new.review.is_some());
        assert_eq!(new.change_form.review_on, wrong);
        assert!(new.errors[0].message.len() < 300);
        let sent = submission(&form, &good);
        assert_eq!(wrong_field(ann.submit(sent).await), "review_on");
    }
    assert_eq!(org.count().await, 0);
}

async fn a_membership_that_gives_settings_for_good_needs_a_date_too(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    super::support::assign(
        &mut parts,
        "empty",
        "auditor",
        "cards-prod",
        org.clock.now(),
    );
    org.publish(parts);
    let ann = org.as_("ann").await;
    let new = ann.new_change(&join("eve", "empty")).await.unwrap();
    let preview = new.preview.unwrap();
    assert_eq!(preview.verdict.outcome, Outcome::Refused);
    let dates = new.review.unwrap();
    let reviewed = ChangeForm {
        review_on: dates.last.to_string(),
        ..join("eve", "empty")
    };
    let new = ann.new_change(&reviewed).await.unwrap();
    let preview = new.preview.unwrap();
    assert_eq!(
        preview.verdict.outcome,
        Outcome::NeedsApproval,
        "{preview:?}"
    );
    let html = form_page(&org, &reviewed).await;
    assert!(html.contains("type=\"date\""));
}

async fn a_date_is_shown_to_approvers_recorded_and_started_with(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let date = tomorrow(&org);
    let id = org.ask("ann", &standing(&date.to_string())).await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.change.proposal.review_on, Some(date));
    assert_eq!(
        (stored.altered, stored.change.state),
        (None, State::Waiting)
    );
    let entry = org.entry(&id, "change.submitted").await;
    assert_eq!(entry["data"]["review_on"], date.to_string());

    let mut change = visit(&org, "cas").await;
    change.params.insert("id".into(), id.to_string());
    let mut inbox = visit(&org, "cas").await;
    inbox.query.insert("id".into(), id.to_string());
    for page in [
        pages::change::page(change).await.unwrap(),
        pages::inbox::page(inbox).await.unwrap(),
    ] {
        let html = render(Surroundings::default(), page.draw);
        assert!(html.contains("Review date") && html.contains(&date.to_string()));
    }

    for name in ["cas", "dan"] {
        org.approve(name, &id).await.unwrap();
    }
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn approvers_and_requesters_agree_to_one_date(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let ann = org.as_("ann").await;
    let (first, second) = (tomorrow(&org), tomorrow(&org).tomorrow());
    let form = standing(&first.to_string());
    let new = ann.new_change(&form).await.unwrap();
    let other = standing(&second.to_string());
    let swapped = submission(&other, &new);
    assert_eq!(wrong_field(ann.submit(swapped).await), "effect");
    let sent = submission(&form, &new);
    let id = ann.submit(sent.clone()).await.unwrap();
    assert_eq!(ann.submit(sent).await.unwrap(), id, "the same form");
    let swapped = submission(&other, &new);
    let answer = ann.submit(swapped).await;
    assert!(matches!(answer, Err(Denied::Conflict(_))), "{answer:?}");
    let again = ann.new_change(&other).await.unwrap().preview.unwrap();
    assert_ne!(again.effect, org.stored(&id).await.change.effect);
}

async fn altered(org: &Org, id: &ChangeId, from: &str, to: &str) {
    let statement = format!(
        "update change set proposal = replace(proposal, '{from}', '{to}') where id = '{id}'"
    );
    org.by_hand(statement).await;
}

async fn a_date_that_was_altered_in_the_database_stops_the_change(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let date = tomorrow(&org);
    let id = org.ask("ann", &standing(&date.to_string())).await;
    let later = date.months_later(12).to_string();
    altered(&org, &id, &date.to_string(), &later).await;
    let stored = org.stored(&id).await;
    assert_eq!(stored.altered, Some(ChangeMismatch::DifferentRequest));
    assert!(org.approve("cas", &id).await.is_err());
    altered(&org, &id, &later, &date.to_string()).await;
    assert_eq!(org.stored(&id).await.altered, None);
}

async fn a_change_without_a_date_is_stored_as_before(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let mut conn = org.app_state.store.connection().await.unwrap();
    let text: String = sqlx::query_scalar("select proposal from change")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert!(!text.contains("review_on"), "{text}");
    drop(conn);
    let entry = org.entry(&id, "change.submitted").await;
    assert_eq!(entry["data"].get("review_on"), None);
    assert_eq!(org.stored(&id).await.change.proposal.review_on, None);
    let view = org.as_("ann").await.change(&id).await.unwrap();
    assert_eq!(view.preview.review_on, None);
}

async fn a_date_that_still_applies_is_requested_again_and_another_is_asked_for_anew(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let form = standing(&tomorrow(&org).tomorrow().to_string());
    let id = org.ask("ann", &form).await;
    org.set_state(&id, State::Failed).await;
    let again = async || {
        let view = org.as_("ann").await.change(&id).await.unwrap();
        let [link] = &view.follow_ups.links[..] else {
            panic!("{:?}", view.follow_ups);
        };
        let FollowUpForm::Change(form) = link.form.clone() else {
            panic!("{link:?}");
        };
        form
    };
    assert_eq!(again().await, form);
    org.clock.advance(Duration::days(2));
    assert_eq!(again().await, standing(""), "the day is today");
    let new = org
        .as_("ann")
        .await
        .new_change(&again().await)
        .await
        .unwrap();
    assert!(
        new.errors.is_empty() && new.review.is_some(),
        "{:?}",
        new.errors
    );
}
