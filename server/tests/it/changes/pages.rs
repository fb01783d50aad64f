//! The pages of changes, rendered from the real ports: what a person can read and send without scripts.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    backend::{Backend, ChangeForm, PortResult, ViewerPort as _, WithdrawalPort as _},
    pages,
    routes::{FormState, Page, Visit},
    shell::{Surroundings, render},
};
use domain::{
    approval::{Decision, Mfa},
    change::State,
};
use server::store::ledger;

use super::support::{Org, grant, user};
use crate::{callers::InBrowser, database::DatabaseEngine};

crate::engines::on_both_engines! {
    the_new_change_page_explains_a_refusal_and_offers_to_record_it_only,
    the_button_of_a_new_change_names_what_it_does,
    a_form_that_came_back_holds_what_was_typed_and_links_to_what_is_wrong,
    an_approver_sees_one_reason_with_two_buttons_and_the_requester_none,
    what_was_typed_into_a_decision_comes_back,
    a_decision_is_told_with_its_time_and_the_number_of_approvals,
    no_part_of_a_change_is_ahead_of_what_happened,
    a_change_that_needs_no_approval_counts_none_and_its_history_tells_the_second,
    the_inbox_shows_the_chosen_change_with_its_decision_and_the_list_all_of_them,
    an_approver_without_a_second_factor_sees_what_waits_and_why_they_cannot_decide_it,
    the_blocked_changes_of_one_person_are_one_row_that_leads_to_all_of_them,
    a_requester_is_offered_no_kind_of_change_about_groups,
    a_session_that_outlasts_the_access_is_said_beside_the_permission_set_with_the_cure,
    each_reason_has_a_title_and_its_cure_on_a_line_of_its_own,
    a_blocked_change_leads_its_requester_to_what_is_possible,
    a_decider_reads_that_no_policy_blocks_it_and_how_long_sessions_last_before_deciding,
    what_a_button_of_a_blocked_preview_names_is_chosen_in_place_of_the_field,
    approvals_that_were_given_are_not_shown_as_pending,
    the_ledger_says_what_happened_beside_the_type_of_each_entry,
    the_entry_of_a_request_shows_what_is_pending_by_item,
    a_removal_of_oversight_access_is_on_the_home_page_and_says_that_it_needs_somebody_else,
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

fn of_draft(mut visit: Visit, change_form: &ChangeForm) -> Visit {
    for (name, value) in [
        ("kind", &change_form.kind),
        ("who", &change_form.who),
        ("set", &change_form.set),
        ("account", &change_form.account),
        ("term", &change_form.term),
    ] {
        visit.query.insert(name.into(), value.clone());
    }
    visit
}

/// Renders the document and checks that every id is unique and every reference resolves.
fn drawn(page: PortResult<Page>) -> String {
    let page = page.unwrap();
    let html = render(Surroundings::default(), page.draw);
    let ids = all(&html, " id=\"");
    let mut once = ids.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an id is used twice: {ids:?}");
    for pointer in [" for=\"", " aria-describedby=\"", " href=\"#"] {
        for target in all(&html, pointer)
            .iter()
            .flat_map(|value| value.split(' '))
        {
            assert!(
                ids.iter().any(|id| id == target),
                "{pointer}{target} refers to no element"
            );
        }
    }
    html
}

fn all(html: &str, before: &str) -> Vec<String> {
    html.split(before)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// Returns the values of a hidden form field.
fn hidden(html: &str, name: &str) -> Vec<String> {
    let field = format!("name=\"{name}\" value=\"");
    all(html, &field)
}

async fn the_new_change_page_explains_a_refusal_and_offers_to_record_it_only(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let change_form = grant("eve", "admin", "cards-prod", "60");
    let html =
        drawn(pages::new_change::page(of_draft(visit(&org, "ann").await, &change_form)).await);
    assert!(html.contains("Blocked by policy"), "{html}");
    assert!(html.contains("PCI 7.2.2"));
    let every = "Policies block this request with every duration.";
    assert!(html.contains(every), "{html}");
    assert!(html.contains("Record this request anyway"));
    assert!(!html.contains(">Grant access</span></button>"));
}

async fn the_button_of_a_new_change_names_what_it_does(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for (change_form, button) in [
        (
            grant("eve", "viewer", "cards-prod", "60"),
            "Request approval",
        ),
        (grant("eve", "viewer", "web-dev", "60"), "Grant access"),
    ] {
        let html =
            drawn(pages::new_change::page(of_draft(visit(&org, "ann").await, &change_form)).await);
        assert!(
            html.contains(&format!("<span>{button}</span></button>")),
            "{button} in {html}"
        );
        assert_eq!(hidden(&html, "effect").len(), 1);
        assert_eq!(hidden(&html, "form_key")[0].len(), 43);
    }
}

async fn a_form_that_came_back_holds_what_was_typed_and_links_to_what_is_wrong(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut visit = of_draft(
        visit(&org, "ann").await,
        &grant("eve", "viewer", "web-dev", "60"),
    );
    let typed = [
        ("justification", "<b>short"),
        ("ticket", "no spaces"),
        ("effect", "old"),
        ("form_key", "old"),
    ];
    visit.form.values = typed
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let wrong = |field, message: &str| app::backend::FieldError {
        field,
        message: message.into(),
    };
    visit.form.errors = vec![
        wrong("justification", "Too short."),
        wrong("ticket", "Odd."),
        wrong("effect", "Look again."),
    ];
    let html = drawn(pages::new_change::page(visit).await);
    assert!(html.contains("&lt;b&gt;short") && !html.contains("<b>short"));
    assert!(html.contains("href=\"#justification\"") && html.contains("href=\"#preview\""));
    // The next submission is bound to what this page shows, not to what was shown before.
    assert_ne!(hidden(&html, "effect"), ["old"]);
    assert_ne!(hidden(&html, "form_key"), ["old"]);
}

async fn an_approver_sees_one_reason_with_two_buttons_and_the_requester_none(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let page = |mut visit: Visit| {
        visit.params.insert("id".into(), id.to_string());
        pages::change::page(visit)
    };
    let html = drawn(page(visit(&org, "bob").await).await);
    assert_eq!(hidden(&html, "decision"), ["approve", "decline"]);
    let effect = org.stored(&id).await.change.effect.0;
    assert_eq!(hidden(&html, "effect"), [effect]);
    assert_eq!(html.matches("id=\"reason\"").count(), 1);
    assert!(!html.contains("/withdraw"));
    let html = drawn(page(visit(&org, "ann").await).await);
    assert!(hidden(&html, "decision").is_empty());
    assert!(html.contains(&format!("/do/changes/{id}/withdraw")));
    assert!(html.contains("investigate incident 4711"));
    org.decide("bob", &id, Decision::Decline).await.unwrap();
    let mut late = visit(&org, "cas").await;
    late.form
        .values
        .insert("reason".into(), "my careful words".into());
    let html = drawn(page(late).await);
    assert!(
        html.contains("my careful words"),
        "a comment that came too late is kept"
    );
}

async fn what_was_typed_into_a_decision_comes_back(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    for sent in ["approve", "decline"] {
        let mut record = visit(&org, "bob").await;
        record.params.insert("id".into(), id.to_string());
        record.form.values = [("decision", sent), ("reason", "my careful words")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let html = drawn(pages::change::page(record).await);
        let (_, area) = html.split_once("id=\"reason\"").unwrap();
        let (text, _) = area.split_once("</textarea>").unwrap();
        assert!(text.contains("my careful words"), "{sent}");
        assert!(html.contains("Your reason was restored"), "{sent}");
    }
}

async fn page_of(org: &Org, name: &str, id: &domain::ids::ChangeId) -> String {
    let mut record = visit(org, name).await;
    record.params.insert("id".into(), id.to_string());
    drawn(pages::change::page(record).await)
}

/// Returns the steps of a change, each with how far it is.
fn steps(html: &str) -> Vec<(String, String)> {
    let (_, list) = html.split_once("data-stepper").unwrap();
    let (list, _) = list.split_once("</ol>").unwrap();
    let items = list.split("data-stage=\"").skip(1);
    items
        .map(|item| {
            let (stage, rest) = item.split_once('"').unwrap();
            let (_, label) = rest.split_once("data-step>").unwrap();
            let label = label.split('<').next().unwrap().trim();
            (stage.to_owned(), label.to_owned())
        })
        .collect()
}

async fn a_decision_is_told_with_its_time_and_the_number_of_approvals(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    let at = org.clock.now().minute();
    let at = at.split(' ').nth(1).unwrap();
    let html = page_of(&org, "bob", &id).await;
    assert!(
        html.contains(&format!("You approved at {at} UTC; 1 of 2")),
        "{html}"
    );
    assert!(!html.contains("/decide"));
    let html = page_of(&org, "cas", &id).await;
    assert!(!html.contains("You approved"), "{html}");
    assert!(html.contains("/decide"));
}

async fn no_part_of_a_change_is_ahead_of_what_happened(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let step = |stage: &str, label: &str| (stage.to_owned(), label.to_owned());
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let html = page_of(&org, "ann", &id).await;
    let waiting = [
        step("done", "Requested"),
        step("current", "Approval"),
        step("ahead", "Send to AWS"),
        step("ahead", "Verify in AWS"),
    ];
    assert_eq!(steps(&html), waiting);
    assert!(
        html.contains("0 of 2") && !html.contains("Verified"),
        "{html}"
    );
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    let approved = [
        step("done", "Requested"),
        step("done", "Approved"),
        step("current", "Sending to AWS"),
        step("ahead", "Verify in AWS"),
    ];
    assert_eq!(steps(&page_of(&org, "ann", &id).await), approved);
    org.set_state(&id, State::Applying).await;
    assert_eq!(steps(&page_of(&org, "ann", &id).await), approved);
    org.set_state(&id, State::Verified).await;
    let verified = [
        step("done", "Requested"),
        step("done", "Approved"),
        step("done", "Sent to AWS"),
        step("done", "Verified in AWS"),
    ];
    assert_eq!(steps(&page_of(&org, "ann", &id).await), verified);

    let free = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let html = page_of(&org, "ann", &free).await;
    assert_eq!(steps(&html)[1], step("done", "No approval needed"));
    assert!(!html.contains("Approved"), "{html}");
    let list = drawn(pages::changes::page(visit(&org, "ann").await).await);
    assert!(list.contains("<span>No approval needed</span>"), "{list}");

    let blocked = org
        .ask("ann", &grant("eve", "admin", "cards-prod", "60"))
        .await;
    let html = page_of(&org, "ann", &blocked).await;
    assert_eq!(steps(&html)[1], step("failed", "Blocked by policy"));
    assert!(html.contains("Blocked by policy; cannot be approved"));
}

async fn a_change_that_needs_no_approval_counts_none_and_its_history_tells_the_second(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let asked = org.clock.now().second();
    let id = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    let mut record = visit(&org, "ann").await;
    record.params.insert("id".into(), id.to_string());
    let html = drawn(pages::change::page(record).await);
    assert!(!html.contains("0 of 0"));
    assert!(!html.contains("Decision due"));
    assert!(html.contains(&format!("{asked} UTC")));
}

async fn the_inbox_shows_the_chosen_change_with_its_decision_and_the_list_all_of_them(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let first = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.clock.advance(domain::time::Duration::seconds(1));
    let second = org
        .ask("ann", &grant("fay", "viewer", "cards-prod", "60"))
        .await;
    let mut inbox = visit(&org, "bob").await;
    inbox.query.insert("id".into(), second.to_string());
    let html = drawn(pages::inbox::page(inbox).await);
    assert!(html.contains(&format!("/do/changes/{second}/decide")));
    assert!(html.contains(&format!("/inbox?id={first}")));
    let html = drawn(pages::changes::page(visit(&org, "bob").await).await);
    for id in [&first, &second] {
        assert!(html.contains(&format!("/changes/{id}")));
    }
    assert!(
        pages::inbox::page(visit(&org, "eve").await).await.is_err(),
        "the inbox is for approvers"
    );
}

async fn an_approver_without_a_second_factor_sees_what_waits_and_why_they_cannot_decide_it(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let mut weak = org.signed("bob").await;
    weak.actor.mfa = Mfa::NotProven;
    let weakly = |weak: InBrowser| Visit {
        backend: Arc::new(org.acting(weak)),
        params: BTreeMap::from([("id".into(), id.to_string())]),
        query: BTreeMap::new(),
        url: "/inbox".into(),
        form: FormState::default(),
    };
    let inbox = drawn(pages::inbox::page(weakly(weak.clone())).await);
    let record = drawn(pages::change::page(weakly(weak.clone())).await);
    assert!(inbox.contains(&format!("/inbox?id={id}")));
    for html in [inbox, record] {
        assert!(!html.contains("/decide"), "no form to send");
        // What is missing, how to get it, and a way out: the same sign-in would lead back here.
        for said in [
            "Your sign-in did not use a second factor",
            "set up an authenticator app",
            "identity provider",
            "Sign in with a second factor",
            "Use a different account",
            "/sign-in?fresh=1&amp;account=other&amp;return_to=",
        ] {
            assert_eq!(html.matches(said).count(), 1, "{said}: {html}");
        }
    }
    let viewer = org.acting(weak).viewer().await.unwrap();
    assert_eq!(viewer.inbox, 1);
    let inbox = drawn(pages::inbox::page(visit(&org, "bob").await).await);
    assert!(!inbox.contains("did not use a second factor"));
    assert!(inbox.contains(&format!("/do/changes/{id}/decide")));
}

async fn the_blocked_changes_of_one_person_are_one_row_that_leads_to_all_of_them(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    for _ in 0..3 {
        org.ask("eve", &grant("eve", "admin", "cards-prod", "60"))
            .await;
    }
    let query = format!(
        "state=refused&requester={}",
        super::support::person_id("eve")
    );
    let html = drawn(pages::changes::page(visit(&org, "bob").await).await);
    assert!(html.contains("3 blocked changes by EVE"), "{html}");
    let href = format!("href=\"/changes?{}\"", query.replace('&', "&amp;"));
    assert!(html.contains(&href), "{html}");
    assert!(html.contains(">1 row for 3 changes<"), "{html}");

    let mut of_eve = visit(&org, "bob").await;
    of_eve.url = format!("/changes?{query}");
    let html = drawn(pages::changes::page(of_eve).await);
    let removes = "Remove the filter Requested by: EVE";
    assert!(html.contains(removes), "{html}");
    assert!(html.contains(">3 of 3 changes<"), "{html}");
    assert_eq!(html.matches("Grant admin on cards-prod to EVE").count(), 3);
}

async fn a_requester_is_offered_no_kind_of_change_about_groups(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    for (name, offered) in [("eve", false), ("ann", true)] {
        let html = drawn(pages::new_change::page(visit(&org, name).await).await);
        assert!(html.contains("Remove access"));
        assert_eq!(html.contains("Add to group"), offered, "{name}");
    }
}

async fn a_removal_of_oversight_access_is_on_the_home_page_and_says_that_it_needs_somebody_else(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let mut parts = org.parts();
    let viewer = parts.sets.get_mut(&super::support::set("viewer")).unwrap();
    viewer.name = "SecurityAudit".into();
    let now = org.clock.now();
    super::support::assign(&mut parts, "eve", "viewer", "cards-prod", now);
    org.publish(parts);
    let title = "Alarms about oversight access";
    let home = drawn(pages::home::page(visit(&org, "bob").await).await);
    assert!(!home.contains(title), "no alarm yet");
    let form = super::support::remove("eve", "viewer", "cards-prod");
    let preview = of_draft(visit(&org, "ann").await, &form);
    let html = drawn(pages::new_change::page(preview).await);
    assert!(html.contains("Nobody removes oversight alone"), "{html}");
    assert!(html.contains("<span>Request approval</span>"), "{html}");
    org.ask("ann", &form).await;
    let home = drawn(pages::home::page(visit(&org, "bob").await).await);
    assert!(
        home.contains(title) && home.contains("Remove SecurityAudit on cards-prod from EVE"),
        "{home}"
    );
}

async fn a_session_that_outlasts_the_access_is_said_beside_the_permission_set_with_the_cure(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let drawn_for = async |form: &ChangeForm| {
        drawn(pages::new_change::page(of_draft(visit(&org, "ann").await, form)).await)
    };
    // The account is not selected yet, so no policy was asked.
    let mut form = grant("eve", "viewer", "cards-prod", "30");
    form.account = String::new();
    let html = drawn_for(&form).await;
    for said in [
        "viewer · sessions up to 1 hour",
        "A session can outlast this access by 1 hour",
        "viewer allows sessions of 1 hour, and this access lasts 30 minutes.",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
    assert!(!html.contains("set the session duration"), "AWS has none");
    let mut parts = org.parts();
    let viewer = parts.sets.get_mut(&super::support::set("viewer")).unwrap();
    viewer.content.session_seconds = 8 * 3_600;
    org.publish(parts);
    let html = drawn_for(&form).await;
    for said in [
        "A session can outlast this access by 8 hours",
        "set the session duration of viewer to 1 hour in IAM Identity Center",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
    org.publish(org.parts());
    let standing = "A session can stay usable for up to 1 hour after the access is removed.";
    for (account, term, last) in [
        (
            "cards-prod",
            "60",
            "Access ends after 1 hour. A session that starts in the last minute can last until 2 hours after the start.",
        ),
        ("web-dev", "standing", standing),
    ] {
        let html = drawn_for(&grant("eve", "viewer", account, term)).await;
        assert!(!html.contains("can outlast this access"), "{term}");
        assert!(html.contains(last), "{last} is not in {html}");
    }
    // Nobody can be given it, so that no session outlasts it.
    let html = drawn_for(&grant("eve", "viewer", "cards-prod", "standing")).await;
    assert!(
        html.contains("Blocked by policy") && !html.contains(standing),
        "{html}"
    );
}

async fn each_reason_has_a_title_and_its_cure_on_a_line_of_its_own(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = grant("eve", "viewer", "cards-prod", "720");
    let html = drawn(pages::new_change::page(of_draft(visit(&org, "ann").await, &form)).await);
    assert!(
        html.contains("Temporary access of more than 4 hours"),
        "{html}"
    );
    assert!(
        html.contains("<p>Temporary access to production PCI lasts at most 4 hours.</p>"),
        "{html}"
    );
    assert!(
        html.contains("Possible for at most 3 hours, with 2 approvals"),
        "{html}"
    );
    assert!(
        html.contains("name=\"instead\" value=\"term:180\""),
        "{html}"
    );
    // No duration is offered that would be blocked.
    assert!(html.contains("Blocked by policy: 4 h"), "{html}");
    // The button is the cure that an evaluation found, so that the policy repeats none.
    assert!(!html.contains("Request a shorter duration"), "{html}");

    // Nothing is looked for in place of a membership.
    let mut parts = org.parts();
    let now = org.clock.now();
    super::support::assign(&mut parts, "empty", "auditor", "cards-prod", now);
    org.publish(parts);
    let form = super::support::join("eve", "empty");
    let html = drawn(pages::new_change::page(of_draft(visit(&org, "ann").await, &form)).await);
    assert!(
        html.contains("<p>Standing access to settings in production PCI needs a date by which it is reviewed.</p>"),
        "{html}"
    );
    assert!(
        html.contains("</span>State a review date, at most six months ahead, or request temporary access, which ends within 4 hours.</span></p>"),
        "{html}"
    );
}

async fn a_blocked_change_leads_its_requester_to_what_is_possible(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "720"))
        .await;
    let html = page_of(&org, "ann", &id).await;
    assert!(
        html.contains("Possible for at most 3 hours, with 2 approvals"),
        "{html}"
    );
    // A link to the form, because the page of a change is none.
    let form = grant("eve", "viewer", "cards-prod", "180").href();
    let href = format!("href=\"{}\"", form.replace('&', "&amp;"));
    assert!(html.contains(&href), "{href} is not in {html}");
    assert!(!html.contains("name=\"instead\""), "{html}");
    // Somebody else would be led to a request of their own.
    let html = page_of(&org, "bob", &id).await;
    assert!(html.contains("Blocked by policy; cannot be approved"));
    assert!(!html.contains("Possible for at most"), "{html}");
}

async fn a_decider_reads_that_no_policy_blocks_it_and_how_long_sessions_last_before_deciding(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let mut inbox = visit(&org, "bob").await;
    inbox.query.insert("id".into(), id.to_string());
    let inbox = drawn(pages::inbox::page(inbox).await);
    for html in [inbox, page_of(&org, "bob", &id).await] {
        let at = |said: &str| html.find(said).unwrap_or_else(|| panic!("{said}: {html}"));
        let why = at("investigate incident 4711");
        let tail = at("An open session can stay usable up to 1 hour after that.");
        let checked = at(" policies in force blocks this.");
        let decision = at("data-decision-buttons");
        assert!(why < tail && tail < checked && checked < decision, "{html}");
        assert!(html.contains("MFA is checked at sign-in"), "{html}");
    }
    let count = org.app_state.read_model().rules.count();
    let html = page_of(&org, "bob", &id).await;
    assert!(
        html.contains(&format!(
            "None of the {count} policies in force blocks this."
        )),
        "{html}"
    );
}

async fn what_a_button_of_a_blocked_preview_names_is_chosen_in_place_of_the_field(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let form = grant("eve", "viewer", "cards-prod", "720");
    let mut sent = visit(&org, "ann").await;
    for (name, value) in form.fields() {
        sent.form.values.insert(name.into(), value.into());
    }
    let typed = ("justification".to_owned(), "Typed before.".to_owned());
    sent.form.values.extend([typed]);
    sent.form.values.insert("instead".into(), "term:180".into());
    let html = drawn(pages::new_change::page(sent).await);
    assert!(html.contains("Needs approval by 2 other people"), "{html}");
    assert!(html.contains("Typed before."), "{html}");
}

async fn approvals_that_were_given_are_not_shown_as_pending(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let notice = async |title: &str| {
        let mut record = visit(&org, "ann").await;
        record.params.insert("id".into(), id.to_string());
        let html = drawn(pages::change::page(record).await);
        let before = html.split(title).next().unwrap().to_owned();
        assert_ne!(before, html, "{title} is not in {html}");
        let status = before
            .rsplit("data-approval data-status=\"")
            .next()
            .unwrap();
        status.split('"').next().unwrap().to_owned()
    };
    assert_eq!(notice("Needs approval by 2 other people").await, "pending");
    org.approve("bob", &id).await.unwrap();
    org.approve("cas", &id).await.unwrap();
    let over = async || {
        let mut record = visit(&org, "ann").await;
        record.params.insert("id".into(), id.to_string());
        drawn(pages::change::page(record).await)
    };
    for state in [None, Some(State::Applying), Some(State::Verified)] {
        if let Some(state) = state {
            org.set_state(&id, state).await;
        }
        let html = over().await;
        assert!(!html.contains("Needs approval"), "{html}");
        // Beside the decisions.
        let decisions = html.split("<h2>Approval</h2>").nth(1).unwrap();
        assert!(
            decisions.contains("Needed approval by 2 other people"),
            "{html}"
        );
    }
}

async fn the_ledger_says_what_happened_beside_the_type_of_each_entry(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let visit = Visit {
        url: "/ledger?column=event&column=type".into(),
        ..visit(&org, "ann").await
    };
    let html = drawn(pages::ledger::page(visit).await);
    let name = format!("href=\"/people/{}\">EVE</a>", user("eve"));
    for said in [
        "> requested the assignment of <",
        &name,
        ">change.submitted<",
    ] {
        assert!(html.contains(said), "{said} is not in {html}");
    }
}

async fn the_entry_of_a_request_shows_what_is_pending_by_item(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let of_change = ledger::of_change(&org.app_state.store, &id).await.unwrap();
    let seq = of_change[0].seq;
    let entry = async || {
        let mut visit = visit(&org, "ann").await;
        visit.params.insert("seq".into(), seq.to_string());
        drawn(pages::entry::page(visit).await)
    };
    let open = entry().await;
    for said in [
        "What is pending",
        "Waiting for approval",
        "viewer on cards-prod",
    ] {
        assert!(open.contains(said), "{said} is not in {open}");
    }
    org.as_("ann").await.withdraw(&id).await.unwrap();
    let over = entry().await;
    assert!(!over.contains("What is pending"), "{over}");
    assert!(over.contains("states what became of it"), "{over}");
}
