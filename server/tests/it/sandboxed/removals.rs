//! Removals that are evaluated on what AWS holds at that moment, and the end of temporary oversight access.
//!
//! Only what a read shows holds a removal; what AWS does not answer delays nothing.

use std::time::Duration as StdDuration;

use app::backend::{
    ChangeForm, ChangesPort as _, Denied, NewChangePort as _, Submission, change_field,
};
use app::lists::ListChoice;
use domain::{change::State, ids::ChangeId, time::Duration};
use serde_json::json;
use server::store;

use super::sandbox_server::{Company, grant, permitted, remove};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_group_that_was_given_oversight_since_the_crawl_is_not_left_by_one_person,
    a_removal_is_neither_held_nor_delayed_by_what_aws_does_not_answer,
    &Company:
    a_set_that_became_oversight_since_the_crawl_is_not_removed_by_one_person,
    a_group_that_grew_since_the_crawl_is_not_removed_by_one_person,
    a_removal_that_was_allowed_goes_back_if_its_set_became_oversight_before_it_starts,
    the_end_of_temporary_oversight_access_is_in_time_and_raises_an_alarm,
}

const GROUP: &str = "contractors";
const SET: &str = "ReadOnly";
const ACCOUNT: &str = "web-dev";

async fn make_oversight(company: &Company, set: &str) {
    company
        .outside
        .sso
        .attach_managed_policy_to_permission_set()
        .instance_arn(company.app_state.instance.arn.as_str())
        .permission_set_arn(company.set(set).as_str())
        .managed_policy_arn("arn:aws:iam::aws:policy/SecurityAudit")
        .send()
        .await
        .unwrap();
}

/// Submits a form whose preview is older than what AWS holds: it is shown again first, and then stored.
async fn ask_after_another_look(company: &Company, form: &ChangeForm) -> ChangeId {
    let service = company.as_("maya.okafor").await;
    let new = service.new_change(form).await.unwrap();
    let submission = Submission {
        change_form: form.clone(),
        justification: "investigate incident 4711".into(),
        ticket: "OPS-4711".into(),
        effect: new.preview.unwrap().effect.0,
        form_key: new.form_key,
    };
    match service.submit(submission).await {
        Ok(id) => id,
        Err(Denied::Invalid(errors)) => {
            assert_eq!(errors[0].field, change_field::EFFECT, "{errors:?}");
            company.ask("maya.okafor", form).await
        }
        Err(other) => panic!("{other:?}"),
    }
}

async fn waits_with_an_alarm(company: &Company, id: &ChangeId) {
    assert_eq!(company.state(id).await, State::Waiting);
    assert_eq!(
        company.entries_of(id).await,
        ["change.submitted", "change.alarm"]
    );
}

async fn a_set_that_became_oversight_since_the_crawl_is_not_removed_by_one_person(
    company: &Company,
) {
    let form = remove(GROUP, SET, ACCOUNT);
    make_oversight(company, SET).await;
    let id = ask_after_another_look(company, &form).await;
    waits_with_an_alarm(company, &id).await;
}

async fn a_group_that_grew_since_the_crawl_is_not_removed_by_one_person(company: &Company) {
    let form = remove(GROUP, SET, ACCOUNT);
    let group = company.group(GROUP);
    let read_model = company.app_state.read_model();
    let people = read_model.snapshot.parts().users.keys();
    for user in people.take(30) {
        let instance = &company.app_state.instance;
        let permitted = permitted();
        let added = company
            .outside
            .add_member(instance, &group, user, &permitted);
        // Some are members already.
        let _ = added.await;
    }
    let id = ask_after_another_look(company, &form).await;
    waits_with_an_alarm(company, &id).await;
}

async fn a_group_that_was_given_oversight_since_the_crawl_is_not_left_by_one_person(
    engine: DatabaseEngine,
) {
    let mut company = Company::on(engine).await;
    company.in_management().await;
    let company = &company;
    let form = ChangeForm {
        kind: "leave".into(),
        who: "anton.berg".into(),
        set: GROUP.into(),
        ..ChangeForm::default()
    };
    company
        .assign_outside(&company.of_group(GROUP, "SecurityAudit", "log-archive"))
        .await;
    let id = ask_after_another_look(company, &form).await;
    waits_with_an_alarm(company, &id).await;
}

async fn a_removal_that_was_allowed_goes_back_if_its_set_became_oversight_before_it_starts(
    company: &Company,
) {
    let form = remove(GROUP, SET, ACCOUNT);
    let id = company.ask("maya.okafor", &form).await;
    assert_eq!(company.state(&id).await, State::Approved);
    make_oversight(company, SET).await;
    let _life = company.engine();
    company
        .until("the change waits for an approval", || async {
            company.state(&id).await == State::Waiting
        })
        .await;
    assert!(
        company
            .entries_of(&id)
            .await
            .contains(&"change.alarm".to_owned())
    );
    assert!(company.holds(&company.of_group(GROUP, SET, ACCOUNT)).await);
    company.approve("ines.carvalho", &id).await.unwrap();
    assert_eq!(company.end_of(&id).await, State::Verified);
    assert!(!company.holds(&company.of_group(GROUP, SET, ACCOUNT)).await);
}

async fn a_removal_is_neither_held_nor_delayed_by_what_aws_does_not_answer(engine: DatabaseEngine) {
    let mut company = Company::on(engine).await;
    company
        .reading_for_removals(StdDuration::from_millis(100))
        .await;
    let company = &company;
    let form = remove(GROUP, SET, ACCOUNT);
    let silent =
        |operation: &str| json!({ "operation": operation, "kind": "delay_ms", "ms": 30_000 });
    company
        .faults(json!([
            silent("DescribePermissionSet"),
            silent("ListGroupMemberships"),
            { "operation": "ListManagedPoliciesInPermissionSet", "kind": "access_denied" }
        ]))
        .await;
    let done = async {
        let id = company.ask("maya.okafor", &form).await;
        assert_eq!(company.state(&id).await, State::Approved);
        let _life = company.engine();
        company.end_of(&id).await
    };
    let done = tokio::time::timeout(StdDuration::from_secs(25), done).await;
    assert_eq!(done.ok(), Some(State::Verified));
}

async fn the_end_of_temporary_oversight_access_is_in_time_and_raises_an_alarm(company: &Company) {
    let what = company.of_group(GROUP, "SecurityAudit", ACCOUNT);
    let _life = company.engine();
    let wanted = grant(GROUP, "SecurityAudit", ACCOUNT, "60");
    let id = company.ask("maya.okafor", &wanted).await;
    if company.state(&id).await == State::Waiting {
        company.approve("ines.carvalho", &id).await.unwrap();
    }
    assert_eq!(company.end_of(&id).await, State::Verified);
    let other = company
        .ask(
            "maya.okafor",
            &grant(GROUP, "LedgerDataReader", "analytics-dev", "60"),
        )
        .await;
    assert_eq!(company.end_of(&other).await, State::Verified);
    let ends = {
        let mut conn = company.app_state.store.connection().await.unwrap();
        let windows = store::engine::windows(&mut conn).await.unwrap();
        windows.iter().filter_map(|row| row.window.ends).max()
    };
    let left = ends.unwrap().since(company.app_state.clock.now());
    company.app_state.clock.advance(left);
    company
        .until("both removals are recorded", || async {
            company.entries("grant.ended").await.len() == 2
        })
        .await;
    assert!(!company.holds(&what).await);
    let late = company.app_state.clock.now().since(ends.unwrap());
    assert!(late <= Duration::minutes(1), "{late:?} after the end");
    assert_eq!(company.entries("grant.alarm").await.len(), 1);
    let alarm = company.entries_of(&id).await;
    assert!(alarm.contains(&"grant.alarm".to_owned()), "{alarm:?}");
    let listed = ListChoice::only("alarm", "raised");
    let listed = company.as_("ines.carvalho").await.changes(&listed).await;
    let listed = listed.unwrap().rows.into_iter().map(|row| row.id);
    assert_eq!(listed.collect::<Vec<_>>(), std::slice::from_ref(&id));
    let view = company.as_("maya.okafor").await.change(&id).await.unwrap();
    assert!(
        view.timeline.iter().any(|row| row
            .what
            .starts_with("Alarm: temporary oversight access has ended")),
        "{:?}",
        view.timeline
    );
}
