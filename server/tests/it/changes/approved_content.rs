//! What approvals of existing access are bound to: the content of the permission set that the approvers saw, what it was
//! found to allow, and the date of the review.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{AccountsPort as _, ChangeForm};
use domain::{
    diff::Effect,
    engine::{AccessResource, Commit, DomainEvent, WindowRow, Write},
    grant::Window,
    ids::{Assignment, ChangeId, GrantId, Principal, UserId},
    org::SpecialAccounts,
    permission_set::{Content, analysis::Capability},
    policies::{Agreement, Holder},
    snapshot::{Parts, Shared, Snapshot},
    time::{Date, Duration},
    verdict::Outcome,
};
use server::{
    engine::commit,
    service::{
        access_reasons::AccessReasons,
        publication::{self, PATIENCE},
        read_model::ReadModel,
    },
    store,
};

use super::support::{
    Org, account, assign,
    company::{pair, stated},
    grant, group, join, set, user,
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_set_that_was_edited_after_its_approval_has_no_approvals,
    a_set_that_is_found_to_allow_more_has_no_approvals,
    a_set_that_is_found_to_allow_less_keeps_its_approvals,
    a_member_was_approved_for_the_content_of_that_day,
    another_change_approves_the_content_of_today,
    approvals_of_an_earlier_version_are_of_unknown_content,
    access_whose_review_date_has_passed_is_a_violation_until_it_is_requested_again,
}

const CHANGED: &str = "approved-content-changed";
const UNKNOWN: &str = "approved-content-unknown";
const TWO: &str = "production-pci-two-approvers";
const PASSED: &str = "review-date-passed";

/// The policies against somebody's access to `cards-prod`.
fn against(org: &Org) -> BTreeSet<String> {
    let read_model = org.app_state.read_model();
    let found = org
        .app_state
        .existing_access(&read_model)
        .of(&account("cards-prod"));
    assert!(!found.is_empty());
    let hits = found.iter().flat_map(|held| held.hits.iter());
    hits.map(|hit| hit.rule.clone()).collect()
}

/// The policies that the numbers of the account count.
fn counted(org: &Org) -> BTreeSet<String> {
    let read_model = org.app_state.read_model();
    let found = &read_model.pci_findings[&account("cards-prod")];
    let violated = found.violated.iter();
    violated.map(|one| one.hit().rule.clone()).collect()
}

#[track_caller]
fn is_against(org: &Org, rules: &[&str]) {
    let wanted: BTreeSet<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
    assert_eq!(against(org), wanted);
    assert_eq!(counted(org), wanted);
}

/// Has a crawl find this.
async fn read(org: &Org, parts: Parts) {
    let receipt = publication::replace(&org.app_state, parts, SpecialAccounts::default());
    receipt.shown(PATIENCE).await.unwrap();
}

/// The organization in which the operators have a permission set in `cards-prod`.
fn assigned(org: &Org, with: &str) -> Parts {
    let mut parts = org.parts();
    assign(&mut parts, "operators", with, "cards-prod", org.clock.now());
    parts
}

fn judged(parts: &mut Parts, name: &str, capabilities: &[Capability]) {
    parts.sets.get_mut(&set(name)).unwrap().analysis = stated(capabilities);
}

fn edited(parts: &mut Parts, name: &str) {
    let known = parts.sets.get_mut(&set(name)).unwrap();
    known.content = Content {
        inline: Some("{}".into()),
        ..known.content.clone()
    };
    known.hash = known.content.hash();
}

/// Requests, approves and starts a change with one access window on this resource.
async fn given(org: &Org, number: u64, form: &ChangeForm, key: AccessResource) -> ChangeId {
    let id = org.ask("ann", form).await;
    for name in ["cas", "dan"] {
        org.approve(name, &id).await.unwrap();
    }
    let now = org.clock.now();
    let minutes: Option<i64> = form.term.parse().ok();
    let window = Window {
        grant: GrantId::parse(&format!("00000005-0000-4000-8000-{number:012}")).unwrap(),
        change: id.clone(),
        starts: now,
        ends: minutes.map(|minutes| now + Duration::minutes(minutes)),
        ended: None,
    };
    let row = WindowRow {
        key,
        window,
        delivery: None,
        over: None,
    };
    let starts = Commit {
        number,
        generation: org.generation().await,
        writes: vec![Write::Window(row)],
        events: vec![DomainEvent::Applying {
            change: id.clone(),
            plans: None,
        }],
    };
    commit::store(&org.app_state, starts).await.unwrap();
    org.shown().await;
    id
}

fn of_operators(with: &str) -> AccessResource {
    AccessResource::Assignment(Assignment {
        pair: pair("cards-prod", with),
        principal: Principal::Group(group("operators")),
    })
}

async fn viewers(org: &Org, term: &str) -> ChangeId {
    let form = grant("operators", "viewer", "cards-prod", term);
    let id = given(org, 1, &form, of_operators("viewer")).await;
    read(org, assigned(org, "viewer")).await;
    is_against(org, &[]);
    id
}

async fn a_set_that_was_edited_after_its_approval_has_no_approvals(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    viewers(&org, "60").await;
    let mut parts = assigned(&org, "viewer");
    edited(&mut parts, "viewer");
    judged(&mut parts, "viewer", &[Capability::RunsCode]);
    read(&org, parts).await;
    is_against(&org, &[CHANGED, TWO, "production-pci-code-step-up"]);
    let view = org.as_("ann").await.account(&account("cards-prod")).await;
    let rows = view.unwrap().rows;
    let mut hits = rows.iter().flat_map(|row| &row.hits);
    let said = hits.find(|hit| hit.rule == CHANGED).unwrap();
    let cure = "The permission set was changed after it was approved";
    assert!(said.reason.starts_with(cure), "{said:?}");

    // Whatever the edit gives: these people did not agree to it.
    let mut parts = assigned(&org, "viewer");
    edited(&mut parts, "viewer");
    read(&org, parts).await;
    is_against(&org, &[CHANGED, TWO]);
    read(&org, assigned(&org, "viewer")).await;
    is_against(&org, &[]);
}

async fn a_set_that_is_found_to_allow_more_has_no_approvals(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    viewers(&org, "standing").await;
    // AWS published another version of a managed policy, and a newer catalogue has its text.
    let mut parts = assigned(&org, "viewer");
    let more = [Capability::Metadata, Capability::ReadsConfiguration];
    judged(&mut parts, "viewer", &more);
    read(&org, parts).await;
    is_against(&org, &[CHANGED, TWO]);
}

async fn a_set_that_is_found_to_allow_less_keeps_its_approvals(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    viewers(&org, "60").await;
    let mut parts = assigned(&org, "viewer");
    judged(&mut parts, "viewer", &[]);
    read(&org, parts).await;
    is_against(&org, &[]);
}

async fn a_member_was_approved_for_the_content_of_that_day(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    viewers(&org, "standing").await;
    let mut parts = assigned(&org, "viewer");
    edited(&mut parts, "viewer");
    read(&org, parts.clone()).await;
    assert_eq!(changed_for(&org), [user("bob"), user("eve")].into());
    let key = AccessResource::Membership {
        group: group("operators"),
        user: user("fay"),
    };
    given(&org, 2, &join("fay", "operators"), key).await;
    let members = parts.members.get_mut(&group("operators")).unwrap();
    members.insert(user("fay"));
    read(&org, parts.clone()).await;
    assert_eq!(changed_for(&org), [user("bob"), user("eve")].into());
    parts
        .sets
        .insert(set("viewer"), org.parts().sets[&set("viewer")].clone());
    read(&org, parts).await;
    assert_eq!(changed_for(&org), [user("fay")].into());
}

/// The people whose access was approved with another content.
fn changed_for(org: &Org) -> BTreeSet<UserId> {
    let read_model = org.app_state.read_model();
    let mut evaluator = org.app_state.existing_access(&read_model);
    let found = evaluator.of(&account("cards-prod"));
    let found = found
        .into_iter()
        .filter(|held| held.hits.iter().any(|hit| hit.rule == CHANGED));
    found
        .filter_map(|held| match held.holder {
            Holder::Person { reach } => Some(reach.user),
            _ => None,
        })
        .collect()
}

async fn another_change_approves_the_content_of_today(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    viewers(&org, "standing").await;
    let mut parts = assigned(&org, "viewer");
    edited(&mut parts, "viewer");
    read(&org, parts).await;
    is_against(&org, &[CHANGED, TWO]);
    let again = grant("operators", "viewer", "cards-prod", "standing");
    given(&org, 2, &again, of_operators("viewer")).await;
    is_against(&org, &[]);
}

async fn approvals_of_an_earlier_version_are_of_unknown_content(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = viewers(&org, "standing").await;
    let mut effect = org.stored(&id).await.effect;
    assert_eq!(effect.sets.len(), 1);
    effect.sets.clear();
    let text = serde_json::to_string(&effect).unwrap();
    let read_again: Effect = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("sets") && read_again == effect);
    // What such an effect leads to.
    let read_model = org.app_state.read_model();
    let record = read_model.reasons.records.assignments.values().next();
    let agreed = Agreement {
        sets: Shared::default(),
        ..record.unwrap().agreed.clone()
    };
    let mut conn = org.app_state.store.connection().await.unwrap();
    let rows = store::engine::windows(&mut conn).await.unwrap();
    drop(conn);
    let reasons = AccessReasons::of(rows, [(id, agreed)].into(), BTreeMap::new());
    let snapshot = Snapshot::new(assigned(&org, "viewer"));
    let (special, rules) = (SpecialAccounts::default(), &org.app_state.rules());
    org.app_state
        .publish(ReadModel::new(snapshot, special, reasons, rules));
    is_against(&org, &[UNKNOWN, TWO]);
    let unapproved = org.as_("ann").await.account(&account("cards-prod")).await;
    let rows = unapproved.unwrap().rows;
    let mut hits = rows.iter().flat_map(|row| &row.hits);
    assert!(hits.all(|hit| hit.outcome == Outcome::NeedsApproval));
}

async fn access_whose_review_date_has_passed_is_a_violation_until_it_is_requested_again(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let tomorrow = |org: &Org| Date::of(org.clock.now()).unwrap().tomorrow();
    let standing = |org: &Org| ChangeForm {
        review_on: tomorrow(org).to_string(),
        ..grant("operators", "auditor", "cards-prod", "standing")
    };
    given(&org, 1, &standing(&org), of_operators("auditor")).await;
    read(&org, assigned(&org, "auditor")).await;
    is_against(&org, &[]);
    org.clock.advance(Duration::days(1));
    let parts = org.app_state.read_model().snapshot.parts().clone();
    read(&org, parts.clone()).await;
    is_against(&org, &[]);
    org.clock.advance(Duration::days(1));
    // Nothing else differs from the read of yesterday.
    read(&org, parts).await;
    is_against(&org, &[PASSED]);

    given(&org, 2, &standing(&org), of_operators("auditor")).await;
    is_against(&org, &[]);
}
