//! Permission sets, their policies, and outdated roles.

use serde_json::{Value, json};

use super::support::{Aws, request_id};

async fn outdated(aws: &Aws, set: &str) -> Vec<String> {
    let answer = aws
        .sso(
            "ListAccountsForProvisionedPermissionSet",
            json!({
                "PermissionSetArn": aws.set(set),
                "ProvisioningStatus": "LATEST_PERMISSION_SET_NOT_PROVISIONED",
            }),
        )
        .await;
    let accounts = answer.body["AccountIds"]
        .as_array()
        .expect("a list")
        .clone();
    accounts
        .iter()
        .map(|id| id.as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn the_sample_has_an_edited_set_that_was_not_provisioned() {
    let aws = Aws::new();
    let mut expected = ["cards-prod", "ledger-prod", "web-prod"].map(|name| aws.account(name));
    expected.sort();
    assert_eq!(outdated(&aws, "DatabaseOperator").await, expected);
    assert!(outdated(&aws, "ReadOnly").await.is_empty());
}

#[tokio::test]
async fn an_edit_leaves_roles_behind_until_the_set_is_provisioned() {
    let aws = Aws::new();
    let set = aws.set("SupportMetrics");
    let statement = json!({ "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let edit = json!({ "PermissionSetArn": set, "InlinePolicy": policy });
    assert_eq!(
        aws.sso("PutInlinePolicyToPermissionSet", edit).await.status,
        200
    );
    assert_eq!(outdated(&aws, "SupportMetrics").await.len(), 3);
    let all = json!({ "PermissionSetArn": set, "TargetType": "ALL_PROVISIONED_ACCOUNTS" });
    let answer = aws.sso("ProvisionPermissionSet", all).await;
    let id = answer.body["PermissionSetProvisioningStatus"]["RequestId"].clone();
    let edit = json!({ "PermissionSetArn": set, "InlinePolicy": policy });
    let busy = aws.sso("PutInlinePolicyToPermissionSet", edit).await;
    assert_eq!(
        busy.error(),
        "ConflictException",
        "editing while provisioning"
    );
    aws.wait();
    let status = aws
        .sso(
            "DescribePermissionSetProvisioningStatus",
            json!({ "ProvisionPermissionSetRequestId": id }),
        )
        .await;
    assert_eq!(
        status.body["PermissionSetProvisioningStatus"]["Status"],
        "SUCCEEDED"
    );
    assert!(outdated(&aws, "SupportMetrics").await.is_empty());
}

#[tokio::test]
async fn a_new_assignment_brings_the_role_of_its_account_up_to_date() {
    let aws = Aws::new();
    let tuple = aws.tuple("cards-prod", "DatabaseOperator", "incident-responders");
    request_id(&aws.sso("CreateAccountAssignment", tuple).await);
    aws.wait();
    assert!(
        !outdated(&aws, "DatabaseOperator")
            .await
            .contains(&aws.account("cards-prod"))
    );
}

#[tokio::test]
async fn tags_change_no_role() {
    let aws = Aws::new();
    let set = aws.set("SupportMetrics");
    let tag = json!({ "ResourceArn": set, "Tags": [{ "Key": "team", "Value": "support" }] });
    assert_eq!(aws.sso("TagResource", tag).await.status, 200);
    assert!(outdated(&aws, "SupportMetrics").await.is_empty());
    let tags = aws
        .sso("ListTagsForResource", json!({ "ResourceArn": set }))
        .await;
    assert_eq!(tags.body["Tags"].as_array().expect("a list").len(), 2);
    let untag = json!({ "ResourceArn": set, "TagKeys": ["team", "managed-by"] });
    aws.sso("UntagResource", untag).await;
    let tags = aws
        .sso("ListTagsForResource", json!({ "ResourceArn": set }))
        .await;
    assert_eq!(tags.body["Tags"], json!([]));
}

#[tokio::test]
async fn a_set_lives_from_create_over_policies_to_delete() {
    let aws = Aws::new();
    let made = aws
        .sso("CreatePermissionSet", json!({ "Name": "Trial" }))
        .await;
    let set = made.body["PermissionSet"]["PermissionSetArn"]
        .as_str()
        .expect("an ARN")
        .to_owned();
    assert!(set.starts_with("arn:aws:sso:::permissionSet/ssoins-6804a1f0c27d93be/ps-"));
    assert_eq!(made.body["PermissionSet"]["SessionDuration"], "PT1H");
    let again = aws
        .sso("CreatePermissionSet", json!({ "Name": "Trial" }))
        .await;
    assert_eq!(again.error(), "ConflictException");

    let policy = json!({ "PermissionSetArn": set, "ManagedPolicyArn": "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess" });
    assert_eq!(
        aws.sso("AttachManagedPolicyToPermissionSet", policy.clone())
            .await
            .status,
        200
    );
    let twice = aws
        .sso("AttachManagedPolicyToPermissionSet", policy.clone())
        .await;
    assert_eq!(twice.error(), "ConflictException");
    let listed = aws
        .sso(
            "ListManagedPoliciesInPermissionSet",
            json!({ "PermissionSetArn": set }),
        )
        .await;
    assert_eq!(
        listed.body["AttachedManagedPolicies"][0]["Name"],
        "ViewOnlyAccess"
    );
    assert_eq!(
        aws.sso("DetachManagedPolicyFromPermissionSet", policy)
            .await
            .status,
        200
    );

    let reference =
        json!({ "PermissionSetArn": set, "CustomerManagedPolicyReference": { "Name": "Own" } });
    aws.sso(
        "AttachCustomerManagedPolicyReferenceToPermissionSet",
        reference.clone(),
    )
    .await;
    let listed = aws
        .sso(
            "ListCustomerManagedPolicyReferencesInPermissionSet",
            json!({ "PermissionSetArn": set }),
        )
        .await;
    assert_eq!(
        listed.body["CustomerManagedPolicyReferences"],
        json!([{ "Name": "Own", "Path": "/" }])
    );
    aws.sso(
        "DetachCustomerManagedPolicyReferenceFromPermissionSet",
        reference,
    )
    .await;

    let only = json!({ "PermissionSetArn": set });
    let none = aws
        .sso("GetPermissionsBoundaryForPermissionSet", only.clone())
        .await;
    assert_eq!(none.error(), "ResourceNotFoundException");
    let boundary = json!({ "PermissionSetArn": set, "PermissionsBoundary": { "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" } });
    aws.sso("PutPermissionsBoundaryToPermissionSet", boundary)
        .await;
    let held = aws
        .sso("GetPermissionsBoundaryForPermissionSet", only.clone())
        .await;
    assert_eq!(
        held.body["PermissionsBoundary"]["ManagedPolicyArn"],
        "arn:aws:iam::aws:policy/ReadOnlyAccess"
    );
    aws.sso("DeletePermissionsBoundaryFromPermissionSet", only.clone())
        .await;

    let inline = aws
        .sso("GetInlinePolicyForPermissionSet", only.clone())
        .await;
    assert_eq!(inline.body["InlinePolicy"], "");
    assert_eq!(
        aws.sso("DeletePermissionSet", only.clone()).await.status,
        200
    );
    assert_eq!(
        aws.sso("DescribePermissionSet", only).await.error(),
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn an_update_that_leaves_the_relay_state_out_clears_it() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    let with = json!({ "PermissionSetArn": set, "RelayState": "https://eu-west-1.console.aws.amazon.com/" });
    aws.sso("UpdatePermissionSet", with).await;
    let described = || async {
        let answer = aws
            .sso("DescribePermissionSet", json!({ "PermissionSetArn": set }))
            .await;
        answer.body["PermissionSet"].clone()
    };
    assert!(described().await["RelayState"].is_string());
    aws.sso(
        "UpdatePermissionSet",
        json!({ "PermissionSetArn": set, "SessionDuration": "PT2H" }),
    )
    .await;
    let after = described().await;
    assert_eq!(after["RelayState"], Value::Null);
    assert_eq!(after["SessionDuration"], "PT2H");
    assert_eq!(after["Description"], "See everything, change nothing");
}

#[tokio::test]
async fn a_set_in_use_cannot_be_deleted() {
    let aws = Aws::new();
    let answer = aws
        .sso(
            "DeletePermissionSet",
            json!({ "PermissionSetArn": aws.set("ReadOnly") }),
        )
        .await;
    assert_eq!(answer.error(), "ConflictException");
}

#[tokio::test]
async fn what_a_set_cannot_be_is_refused() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    let long = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{}", "x".repeat(10_240)) }] });
    for (operation, body, code) in [
        (
            "CreatePermissionSet",
            json!({ "Name": "with space" }),
            "ValidationException",
        ),
        (
            "CreatePermissionSet",
            json!({ "Name": "x".repeat(33) }),
            "ValidationException",
        ),
        (
            "CreatePermissionSet",
            json!({ "Name": "Long", "SessionDuration": "PT13H" }),
            "ValidationException",
        ),
        (
            "PutInlinePolicyToPermissionSet",
            json!({ "PermissionSetArn": set, "InlinePolicy": "not json" }),
            "ValidationException",
        ),
        (
            "PutInlinePolicyToPermissionSet",
            json!({ "PermissionSetArn": set, "InlinePolicy": long.to_string() }),
            "ServiceQuotaExceededException",
        ),
        (
            "AttachManagedPolicyToPermissionSet",
            json!({ "PermissionSetArn": set, "ManagedPolicyArn": "arn:aws:iam::123456789012:policy/Own" }),
            "ValidationException",
        ),
        (
            "DescribePermissionSet",
            json!({ "PermissionSetArn": format!("{}0", &set[..set.len() - 1]) }),
            "ResourceNotFoundException",
        ),
    ] {
        let answer = aws.sso(operation, body).await;
        assert_eq!(answer.error(), code, "{operation}");
    }
}

#[tokio::test]
async fn a_twenty_first_policy_exceeds_the_quota() {
    let aws = Aws::new();
    let made = aws
        .sso("CreatePermissionSet", json!({ "Name": "Many" }))
        .await;
    let set = made.body["PermissionSet"]["PermissionSetArn"].clone();
    let mut codes = Vec::new();
    let names = include_str!("../../../data/aws_managed_policies.txt").lines();
    for name in names.take(21) {
        let policy = format!("arn:aws:iam::aws:policy/{name}");
        let body = json!({ "PermissionSetArn": set, "ManagedPolicyArn": policy });
        codes.push(
            aws.sso("AttachManagedPolicyToPermissionSet", body)
                .await
                .error()
                .to_owned(),
        );
    }
    assert!(codes[..20].iter().all(|code| code == "none"));
    assert_eq!(codes[20], "ServiceQuotaExceededException");
}
