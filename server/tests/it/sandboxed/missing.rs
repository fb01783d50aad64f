//! AWS answers *not found* for more than one thing: the resource that was asked for, or something that the question
//! depends on, such as the group, the identity store or the user pool. Only the first is an answer.

use app::backend::ChangeForm;
use domain::{
    change::State,
    ids::{GroupId, UserId},
    time::Duration,
};
use server::aws::{Instance, error::ErrorClass};

use super::sandbox_server::Company;

crate::engines::on_both_engines! {
    &Company:
    only_a_missing_membership_is_no_membership,
    a_missing_pool_is_not_a_missing_user,
    in_another_region_nothing_reads_as_empty,
    a_removal_from_a_group_that_was_deleted_is_verified_by_the_next_crawl,
}

const NOTHING: &str = "00000000-0000-4000-8000-000000000000";

async fn only_a_missing_membership_is_no_membership(company: &Company) {
    let (aws, instance) = (&company.outside, &company.app_state.instance);
    let (group, user) = (company.group("contractors"), company.user("peter.lang"));
    assert_eq!(aws.is_member(instance, &group, &user).await, Ok(false));
    let member = company.user("anton.berg");
    assert_eq!(aws.is_member(instance, &group, &member).await, Ok(true));

    let other_store = Instance {
        identity_store: "d-0000000000".into(),
        ..instance.clone()
    };
    let nowhere = GroupId::parse(NOTHING).unwrap();
    let nobody = UserId::parse(NOTHING).unwrap();
    for (what, answer) in [
        ("store", aws.is_member(&other_store, &group, &member).await),
        ("group", aws.is_member(instance, &nowhere, &member).await),
        ("user", aws.is_member(instance, &group, &nobody).await),
    ] {
        assert!(answer.is_err(), "a missing {what} is no answer: {answer:?}");
    }
}

async fn in_another_region_nothing_reads_as_empty(company: &Company) {
    let away = company.clients_in("us-east-1").await;
    let instance = &company.app_state.instance;
    let (group, user) = (company.group("contractors"), company.user("anton.berg"));
    let pair = company.pair("ReadOnly", "web-prod");
    assert!(away.instance().await.is_err());
    assert!(away.assignments(instance, &pair).await.is_err());
    assert!(away.members(instance, &group).await.is_err());
    assert!(away.is_member(instance, &group, &user).await.is_err());
    let pool = &company.app_state.settings.pool;
    let answer = away.pool_user(pool, "maya.okafor").await.unwrap_err();
    assert_ne!(answer.class, ErrorClass::NotFound);
}

async fn a_missing_pool_is_not_a_missing_user(company: &Company) {
    let pool = &company.app_state.settings.pool;
    let class = async |pool: &str, user: &str| {
        let answer = company.outside.pool_user(pool, user).await;
        answer.unwrap_err().class
    };
    assert_eq!(class(pool, "nobody").await, ErrorClass::NotFound);
    assert_ne!(
        class("eu-west-1_NoSuchPool", "maya.okafor").await,
        ErrorClass::NotFound
    );
}

async fn a_removal_from_a_group_that_was_deleted_is_verified_by_the_next_crawl(company: &Company) {
    let leave = ChangeForm {
        kind: "leave".into(),
        who: "anton.berg".into(),
        set: "contractors".into(),
        ..ChangeForm::default()
    };
    let id = company.ask("maya.okafor", &leave).await;
    assert_eq!(company.state(&id).await, State::Approved);
    company
        .outside
        .directory
        .delete_group()
        .identity_store_id(&company.app_state.instance.identity_store)
        .group_id(company.group("contractors").as_str())
        .send()
        .await
        .unwrap();
    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the engine has looked for the membership", || async {
            let calls = company.calls_since(before).await;
            calls
                .iter()
                .any(|call| call.operation == "GetGroupMembershipId")
        })
        .await;
    assert!(!company.state(&id).await.is_terminal());
    company.app_state.clock.advance(Duration::minutes(1));
    company.sync().await;
    assert_eq!(company.end_of(&id).await, State::Verified);
}
