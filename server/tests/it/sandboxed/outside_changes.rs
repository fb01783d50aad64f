//! Somebody with other rights in AWS changes the state between two crawls: none of these changes
//! may make a request look harmless because it has not been read yet.

use app::{
    backend::{ChangeForm, ChangesPort as _, NewChangePort as _},
    components::progress_words,
};
use domain::{
    change::State,
    ids::{Assignment, ChangeId, Principal},
    time::Duration,
    verdict::{Outcome, Remedies},
};
use serde_json::json;

use super::sandbox_server::{Company, grant, permitted};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_group_that_was_assigned_after_the_crawl_is_not_filled_as_if_it_led_nowhere,
    &Company:
    a_set_that_was_edited_after_its_approval_is_not_given_for_what_it_was,
    a_group_that_was_filled_after_the_crawl_goes_back_to_its_approvers,
    where_aws_does_not_say_where_a_group_is_assigned_the_change_waits_for_a_crawl,
    a_change_waits_while_aws_cannot_be_read_and_goes_on_after,
    a_set_that_is_edited_outside_is_on_record,
    a_window_does_not_take_what_stood_before_it,
}

fn join(user: &str, group: &str) -> ChangeForm {
    ChangeForm {
        kind: "join".into(),
        who: user.into(),
        set: group.into(),
        ..ChangeForm::default()
    }
}

async fn edit_outside(company: &Company, set: &str) {
    let everything =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    company
        .outside
        .sso
        .put_inline_policy_to_permission_set()
        .instance_arn(company.app_state.instance.arn.as_str())
        .permission_set_arn(company.set(set).as_str())
        .inline_policy(everything)
        .send()
        .await
        .unwrap();
}

pub(super) async fn writes_since(company: &Company, number: u64) -> Vec<String> {
    let calls = company.calls_since(number).await.into_iter();
    calls
        .map(|call| call.operation)
        .filter(|name| name == "CreateAccountAssignment" || name == "CreateGroupMembership")
        .collect()
}

/// Returns the status of the only operation on the change's page.
pub(super) async fn how_far(company: &Company, id: &ChangeId) -> String {
    let maya = company.as_("maya.okafor").await;
    progress_words(&maya.change(id).await.unwrap().operations[0].progress)
}

pub(super) async fn told_what(company: &Company) -> Vec<String> {
    let entries = company.entries("outside.seen").await;
    let what = entries
        .iter()
        .map(|leaf| leaf["data"]["what"].as_str().unwrap().to_owned());
    what.collect()
}

pub(super) async fn approved(company: &Company, change_form: &ChangeForm, by: &[&str]) -> ChangeId {
    let id = company.ask("maya.okafor", change_form).await;
    for name in by {
        assert_eq!(company.state(&id).await, State::Waiting);
        company.approve(name, &id).await.unwrap();
    }
    assert_eq!(company.state(&id).await, State::Approved);
    id
}

async fn a_set_that_was_edited_after_its_approval_is_not_given_for_what_it_was(company: &Company) {
    let wanted = grant(
        "incident-responders",
        "SupportMetrics",
        "tokens-prod",
        "standing",
    );
    let id = approved(company, &wanted, &["ines.carvalho", "amara.nwosu"]).await;
    edit_outside(company, "SupportMetrics").await;

    let before = company.calls_so_far().await;
    let _life = company.engine();
    assert_eq!(company.end_of(&id).await, State::Failed);
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    assert_eq!(told_what(company).await, ["set_edited"]);
    let read_model = company.app_state.read_model();
    let set = read_model
        .snapshot
        .set(&company.set("SupportMetrics"))
        .unwrap();
    assert!(
        set.content.inline.is_some(),
        "the read model equals the state of AWS"
    );
}

async fn a_group_that_was_filled_after_the_crawl_goes_back_to_its_approvers(company: &Company) {
    let wanted = grant(
        "incident-responders",
        "SupportMetrics",
        "tokens-prod",
        "standing",
    );
    let id = approved(company, &wanted, &["ines.carvalho", "amara.nwosu"]).await;
    let (group, gains) = (
        company.group("incident-responders"),
        company.user("amara.nwosu"),
    );
    company
        .outside
        .add_member(&company.app_state.instance, &group, &gains, &permitted())
        .await
        .unwrap();

    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the change waits again", || async {
            company.state(&id).await == State::Waiting
        })
        .await;
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    // A person who gains access by it now can no longer approve it.
    assert!(company.approve("amara.nwosu", &id).await.is_err());
    assert_eq!(told_what(company).await, ["joined"]);
}

async fn where_aws_does_not_say_where_a_group_is_assigned_the_change_waits_for_a_crawl(
    company: &Company,
) {
    let refused =
        json!([{ "operation": "ListAccountAssignmentsForPrincipal", "kind": "access_denied" }]);
    company.faults(refused).await;
    let prepared = company.of_group("incident-responders", "ReleaseToolkit", "cards-prod");
    company.assign_outside(&prepared).await;
    let id = approved(
        company,
        &join("peter.lang", "incident-responders"),
        &["ines.carvalho"],
    )
    .await;

    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the engine has queried AWS", || async {
            let calls = company.calls_since(before).await;
            calls
                .iter()
                .filter(|call| call.operation == "ListAccountAssignmentsForPrincipal")
                .count()
                > 1
        })
        .await;
    assert_eq!(company.state(&id).await, State::Approved);
    company
        .until("its page shows what it waits for", || async {
            how_far(company, &id)
                .await
                .starts_with("Waiting for the next complete read of AWS")
        })
        .await;
    company.app_state.clock.advance(Duration::minutes(1));
    company.sync().await;
    assert_eq!(company.end_of(&id).await, State::Failed);
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
}

async fn a_change_waits_while_aws_cannot_be_read_and_goes_on_after(company: &Company) {
    let wanted = grant(
        "contractors",
        "LedgerDataReader",
        "analytics-dev",
        "standing",
    );
    let unread = json!([{ "operation": "DescribePermissionSet", "kind": "access_denied" }]);
    company.faults(unread).await;
    let id = approved(company, &wanted, &[]).await;
    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the engine has queried AWS twice", || async {
            let calls = company.calls_since(before).await;
            calls
                .iter()
                .filter(|call| call.operation == "DescribePermissionSet")
                .count()
                > 1
        })
        .await;
    assert_eq!(company.state(&id).await, State::Approved);
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    company
        .until("its page shows what it waits for", || async {
            how_far(company, &id).await.starts_with("Waiting for AWS")
        })
        .await;
    company.faults(json!([])).await;
    assert_eq!(company.end_of(&id).await, State::Verified);
    assert!(how_far(company, &id).await.starts_with("Granted"));
    assert_eq!(company.app_state.waiting.of(&id), None);
}

async fn a_set_that_is_edited_outside_is_on_record(company: &Company) {
    edit_outside(company, "SupportMetrics").await;
    company.app_state.clock.advance(Duration::minutes(1));
    let report = company.sync().await;
    assert_eq!(report.drift, 1);
    let entry = company.entries("outside.seen").await.remove(0);
    assert_eq!(entry["data"]["what"], "set_edited");
    assert_eq!(
        entry["target"]["permission_set_arn"],
        company.set("SupportMetrics").as_str()
    );
    assert_ne!(entry["data"]["from"], entry["data"]["to"]);
}

async fn a_window_does_not_take_what_stood_before_it(company: &Company) {
    // Standing access in the sample, not created through Leastwise.
    let read_model = company.app_state.read_model();
    let (pair, user) = read_model
        .snapshot
        .parts()
        .pairs
        .iter()
        .find_map(|(pair, read)| {
            read.principals
                .keys()
                .find_map(|principal| match principal {
                    Principal::User(user) if read_model.snapshot.exists(principal) => {
                        Some((pair.clone(), user.clone()))
                    }
                    _ => None,
                })
        })
        .unwrap();
    let wanted = ChangeForm {
        who: format!("user:{user}"),
        set: pair.set.to_string(),
        account: pair.account.to_string(),
        ..grant("", "", "", "60")
    };
    let maya = company.as_("maya.okafor").await;
    let preview = maya.new_change(&wanted).await.unwrap().preview.unwrap();
    assert_ne!(preview.verdict.outcome, Outcome::Allowed);
    let mut hits = preview.verdict.hits.iter();
    let adopts = hits.find(|hit| hit.rule == "system.held-already");
    let remedy = adopts.and_then(|hit| hit.remedy.as_ref());
    assert_eq!(remedy.map(Remedies::approvals), Some(1));
    let there = Assignment {
        pair,
        principal: Principal::User(user),
    };
    assert!(company.holds(&there).await);
}

async fn a_group_that_was_assigned_after_the_crawl_is_not_filled_as_if_it_led_nowhere(
    engine: DatabaseEngine,
) {
    let mut company = Company::on(engine).await;
    company.in_management().await;
    let company = &company;
    let prepared = company.of_group("incident-responders", "ReleaseToolkit", "cards-prod");
    company.assign_outside(&prepared).await;
    let id = approved(
        company,
        &join("peter.lang", "incident-responders"),
        &["ines.carvalho"],
    )
    .await;

    let before = company.calls_so_far().await;
    let _life = company.engine();
    assert_eq!(company.end_of(&id).await, State::Failed);
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    let why = company.stored(&id).await.result.unwrap();
    assert!(
        why.contains("administrator") || why.contains("production"),
        "{why}"
    );
    assert_eq!(told_what(company).await, ["assigned"]);
}
