//! Identity Center instances: which of them an account sees, and what it may do with them.

use sandbox::aws::Limits;
use sandbox::org::{AccountInstance, InstanceStatus, Organisation};
use serde_json::json;

use super::support::Aws;

const OWN: &str = "arn:aws:sso:::instance/ssoins-1111111111111111";
const OTHERS: &str = "arn:aws:sso:::instance/ssoins-2222222222222222";

/// The sample, with an instance of one member account and one of another.
fn with_account_instances() -> Aws {
    let mut sample = Organisation::sample();
    let id = |name: &str| {
        let account = sample.accounts.iter().find(|one| &*one.name == name);
        account.expect("the account exists").id.clone()
    };
    let (own, other) = (id("web-dev"), id("cards-dev"));
    let instance = |arn: &str, owner, status| AccountInstance {
        arn: arn.into(),
        identity_store_id: "d-1111111111".into(),
        owner,
        status,
    };
    sample.account_instances = vec![
        instance(OWN, own.clone(), InstanceStatus::CreateInProgress),
        instance(OTHERS, other, InstanceStatus::Active),
    ];
    let mut aws = Aws::of(sample, Limits::Unlimited);
    aws.access_key = own.to_string();
    aws
}

#[tokio::test]
async fn a_member_account_sees_the_instance_of_the_organization_and_its_own() {
    let aws = with_account_instances();
    let first = aws.sso("ListInstances", json!({ "MaxResults": 1 })).await;
    assert_eq!(first.body["Instances"][0]["InstanceArn"], OWN);
    assert_eq!(first.body["Instances"][0]["Status"], "CREATE_IN_PROGRESS");
    let token = first.body["NextToken"].clone();
    let second = aws.sso(
        "ListInstances",
        json!({ "MaxResults": 1, "NextToken": token }),
    );
    let second = second.await;
    let instance = &second.body["Instances"][0];
    assert_eq!(instance["InstanceArn"], *aws.sample.instance_arn);
    assert_eq!(instance["OwnerAccountId"], *aws.sample.management_account);
    assert!(second.body["NextToken"].is_null());
}

#[tokio::test]
async fn an_account_instance_has_no_permission_sets() {
    let aws = with_account_instances();
    let own = json!({ "InstanceArn": OWN });
    let answer = aws.sso("ListPermissionSets", own.clone()).await;
    assert_eq!(answer.error(), "ValidationException");
    let answer = aws.sso("DescribeInstance", own).await;
    assert_eq!(answer.body["PermissionSetsEnabled"], false);
    let organization = aws.sso("ListPermissionSets", json!({})).await;
    assert_eq!(
        organization.error(),
        "AccessDeniedException",
        "a member may only list it"
    );
}
