//! What AWS refuses before it looks anything up: the constraints of its service models.

use serde_json::{Value, json};

use super::support::Aws;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_malformed_identifier_is_a_validation_error_and_not_a_missing_resource() {
    let aws = Aws::new();
    let instance = json!("arn:aws:sso:::instance/ssoins-1");
    for (operation, body) in [
        ("ListPermissionSets", json!({ "InstanceArn": instance })),
        (
            "DescribePermissionSet",
            json!({ "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-6804a1f0c27d93be/ps-1" }),
        ),
        (
            "DescribeAccountAssignmentCreationStatus",
            json!({ "AccountAssignmentCreationRequestId": "1" }),
        ),
        (
            "DeletePermissionSet",
            json!({ "PermissionSetArn": "arn:aws:sso:::permissionSet/nowhere" }),
        ),
        (
            "ListTagsForResource",
            json!({ "ResourceArn": "arn:aws:sso:::permissionSet/nowhere" }),
        ),
    ] {
        let answer = aws.sso(operation, body).await;
        assert_eq!(answer.error(), "ValidationException", "{operation}");
    }
    for (operation, body) in [
        ("DescribeGroup", json!({ "GroupId": "platform-admins" })),
        ("DescribeUser", json!({ "UserId": "maya.okafor" })),
        ("DescribeGroupMembership", json!({ "MembershipId": "1" })),
        (
            "GetGroupMembershipId",
            json!({ "GroupId": "g", "MemberId": { "UserId": "u" } }),
        ),
        ("DeleteGroup", json!({ "GroupId": "g" })),
        ("DeleteUser", json!({ "UserId": "u" })),
        ("DeleteGroupMembership", json!({ "MembershipId": "m" })),
        (
            "CreateGroupMembership",
            json!({ "GroupId": aws.group("auditors"), "MemberId": { "UserId": "u" } }),
        ),
        (
            "IsMemberInGroups",
            json!({ "GroupIds": ["g"], "MemberId": { "UserId": aws.user("maya.okafor") } }),
        ),
    ] {
        let answer = aws.store(operation, body).await;
        assert_eq!(answer.error(), "ValidationException", "{operation}");
    }
    let store = json!({ "IdentityStoreId": "workforce" });
    let answer = aws.call("AWSIdentityStore.ListUsers", store).await;
    assert_eq!(answer.error(), "ValidationException");
    for (operation, body, reason) in [
        (
            "DescribeAccount",
            json!({ "AccountId": "1" }),
            "INVALID_PATTERN",
        ),
        (
            "ListParents",
            json!({ "ChildId": "cards-prod" }),
            "INVALID_PATTERN",
        ),
        (
            "ListTagsForResource",
            json!({ "ResourceId": "x" }),
            "INVALID_PATTERN",
        ),
        ("ListAccountsForParent", json!({}), "INPUT_REQUIRED"),
        (
            "ListChildren",
            json!({ "ParentId": "r-hb01", "ChildType": "POLICY" }),
            "INVALID_ENUM",
        ),
        (
            "ListAccounts",
            json!({ "MaxResults": 21 }),
            "MAX_VALUE_EXCEEDED",
        ),
        (
            "ListAccounts",
            json!({ "MaxResults": 0 }),
            "MIN_VALUE_EXCEEDED",
        ),
        (
            "ListDelegatedAdministrators",
            json!({ "ServicePrincipal": "a".repeat(129) }),
            "MAX_LENGTH_EXCEEDED",
        ),
    ] {
        let answer = aws.org(operation, body).await;
        assert_eq!(
            (answer.error(), &answer.body["Reason"]),
            ("InvalidInputException", &json!(reason)),
            "{operation}"
        );
    }
    let pool = json!({ "UserPoolId": "pool" });
    let target = "AWSCognitoIdentityProviderService.DescribeUserPool";
    let answer = aws.call(target, pool).await;
    assert_eq!(answer.error(), "InvalidParameterException");
}

#[tokio::test]
async fn the_message_names_each_member_and_its_constraint() {
    let aws = Aws::new();
    let message = aws
        .message(
            "SWBExternalService.ListAccountAssignments",
            json!({ "InstanceArn": *aws.sample.instance_arn, "AccountId": "12345678901x" }),
        )
        .await;
    assert_eq!(
        message,
        "2 validation errors detected: \
         Value '12345678901x' at 'accountId' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: \\d{12}; \
         Value null at 'permissionSetArn' failed to satisfy constraint: Member must not be null"
    );
    let message = aws
        .message(
            "AWSIdentityStore.GetGroupMembershipId",
            json!({
                "IdentityStoreId": *aws.sample.identity_store_id,
                "GroupId": NOBODY,
                "MemberId": { "UserId": "" },
            }),
        )
        .await;
    assert!(
        message.starts_with("2 validation errors detected: Value '' at 'memberId.userId' failed to satisfy constraint: Member must have length greater than or equal to 1;"),
        "{message}"
    );
}

#[tokio::test]
async fn the_message_does_not_repeat_a_personal_value() {
    let aws = Aws::new();
    let answer = aws
        .store("CreateUser", json!({ "UserName": "Secret Person" }))
        .await;
    assert_eq!(answer.error(), "ValidationException");
    assert!(!answer.body.to_string().contains("Secret"));
}

#[tokio::test]
async fn lists_lengths_and_numbers_have_the_limits_of_the_model() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    let tags = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| json!({ "Key": format!("k{number}"), "Value": "v" }))
            .collect()
    };
    for (operation, body) in [
        (
            "TagResource",
            json!({ "ResourceArn": set, "Tags": tags(76) }),
        ),
        (
            "UntagResource",
            json!({ "ResourceArn": set, "TagKeys": [] }),
        ),
        (
            "TagResource",
            json!({ "ResourceArn": set, "Tags": [{ "Key": "k".repeat(129), "Value": "v" }] }),
        ),
        (
            "TagResource",
            json!({ "ResourceArn": set, "Tags": [{ "Key": "a{b}", "Value": "v" }] }),
        ),
        (
            "UpdatePermissionSet",
            json!({ "PermissionSetArn": set, "Description": "d".repeat(701) }),
        ),
        (
            "UpdatePermissionSet",
            json!({ "PermissionSetArn": set, "SessionDuration": "P" }),
        ),
        ("CreatePermissionSet", json!({ "Name": "with space" })),
        ("ListPermissionSets", json!({ "MaxResults": 101 })),
        ("ListPermissionSets", json!({ "MaxResults": 0 })),
        ("ListPermissionSets", json!({ "NextToken": "no token" })),
        (
            "AttachCustomerManagedPolicyReferenceToPermissionSet",
            json!({ "PermissionSetArn": set,
                "CustomerManagedPolicyReference": { "Name": "p", "Path": "teams/" } }),
        ),
    ] {
        let answer = aws.sso(operation, body.clone()).await;
        assert_eq!(answer.error(), "ValidationException", "{operation} {body}");
    }
    let many = json!({ "GroupIds": vec![NOBODY; 101], "MemberId": { "UserId": NOBODY } });
    assert_eq!(
        aws.store("IsMemberInGroups", many).await.error(),
        "ValidationException"
    );
    let both = json!({ "AlternateIdentifier": {} });
    assert_eq!(
        aws.store("GetUserId", both).await.error(),
        "ValidationException"
    );
    for (body, code) in [
        (json!({ "MaxResults": 51 }), "InvalidMaxResultsException"),
        (
            json!({ "LookupAttributes": [{ "AttributeKey": "Shoe", "AttributeValue": "42" }] }),
            "InvalidLookupAttributesException",
        ),
        (
            json!({ "LookupAttributes": [{ "AttributeKey": "EventName" }] }),
            "InvalidLookupAttributesException",
        ),
        (
            json!({ "EventCategory": "data" }),
            "InvalidEventCategoryException",
        ),
    ] {
        assert_eq!(aws.trail(body).await.error(), code);
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_cannot_be_read() {
    let aws = Aws::new();
    for body in [
        json!({ "InstanceArn": 7 }),
        json!({ "MaxResults": "ten" }),
        json!({ "MaxResults": 1.5 }),
    ] {
        let answer = aws.sso("ListPermissionSets", body.clone()).await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "SerializationException"),
            "{body}"
        );
    }
    let groups = json!({ "GroupIds": "g", "MemberId": { "UserId": NOBODY } });
    assert_eq!(
        aws.store("IsMemberInGroups", groups).await.error(),
        "SerializationException"
    );
}

#[tokio::test]
async fn a_well_formed_identifier_of_nothing_is_still_a_missing_resource() {
    let aws = Aws::new();
    let answer = aws
        .store("DescribeGroup", json!({ "GroupId": NOBODY }))
        .await;
    assert_eq!(answer.error(), "ResourceNotFoundException");
    let answer = aws.store("DeleteGroup", json!({ "GroupId": NOBODY })).await;
    assert_eq!(answer.status, 200);
}
