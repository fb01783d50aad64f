//! Users, groups and memberships.

use serde_json::{Value, json};

use super::support::{Aws, texts};

#[tokio::test]
async fn users_show_status_external_ids_and_on_request_their_manager() {
    let aws = Aws::new();
    let answer = aws
        .store("DescribeUser", json!({ "UserId": aws.user("viktor.hall") }))
        .await;
    assert_eq!(answer.body["UserStatus"], "DISABLED");
    assert_eq!(
        answer.body["ExternalIds"][0]["Issuer"],
        "https://harbourline.okta.com"
    );
    assert!(answer.body.get("Extensions").is_none());
    let extension = "aws:identitystore:enterprise";
    let answer = aws
        .store(
            "DescribeUser",
            json!({ "UserId": aws.user("viktor.hall"), "Extensions": [extension] }),
        )
        .await;
    let manager = &answer.body["Extensions"][extension]["manager"];
    assert_eq!(manager["value"], aws.user("lena.fischer"));
}

#[tokio::test]
async fn people_are_found_by_name_mail_and_external_id_and_not_by_filter() {
    let aws = Aws::new();
    let maya = aws.user("maya.okafor");
    let sub = &aws.sample.pool.users[0].sub;
    let issuer = format!(
        "https://cognito-idp.eu-west-1.amazonaws.com/{}",
        aws.sample.pool.id
    );
    for alternate in [
        json!({ "UniqueAttribute": { "AttributePath": "userName", "AttributeValue": "Maya.Okafor" } }),
        json!({ "UniqueAttribute": { "AttributePath": "emails.value", "AttributeValue": "maya.okafor@harbourline.example" } }),
        json!({ "ExternalId": { "Issuer": issuer, "Id": sub } }),
    ] {
        let answer = aws
            .store("GetUserId", json!({ "AlternateIdentifier": alternate }))
            .await;
        assert_eq!(answer.body["UserId"], maya, "{alternate}");
    }
    let by_name = json!({ "UniqueAttribute": { "AttributePath": "displayName", "AttributeValue": "cards-engineers" } });
    let answer = aws
        .store("GetGroupId", json!({ "AlternateIdentifier": by_name }))
        .await;
    assert_eq!(answer.body["GroupId"], aws.group("cards-engineers"));
    let filter =
        json!({ "Filters": [{ "AttributePath": "UserName", "AttributeValue": "maya.okafor" }] });
    let answer = aws.store("ListUsers", filter).await;
    assert_eq!(answer.error(), "ValidationException");
    assert_eq!(answer.body["Message"], "Filter is deprecated");
}

#[tokio::test]
async fn a_membership_is_made_once_and_deleted_without_complaint() {
    let aws = Aws::new();
    let pair = json!({ "GroupId": aws.group("incident-responders"), "MemberId": { "UserId": aws.user("ruth.abelman") } });
    let made = aws.store("CreateGroupMembership", pair.clone()).await;
    assert_eq!(made.status, 200);
    let again = aws.store("CreateGroupMembership", pair.clone()).await;
    assert_eq!(again.error(), "ConflictException");
    assert_eq!(again.body["Reason"], "UNIQUENESS_CONSTRAINT_VIOLATION");
    let id = aws.store("GetGroupMembershipId", pair).await;
    assert_eq!(id.body["MembershipId"], made.body["MembershipId"]);
    let membership = json!({ "MembershipId": made.body["MembershipId"] });
    for _ in 0..2 {
        assert_eq!(
            aws.store("DeleteGroupMembership", membership.clone())
                .await
                .status,
            200
        );
    }
    let gone = aws.store("DescribeGroupMembership", membership).await;
    assert_eq!(gone.error(), "ResourceNotFoundException");
    assert_eq!(gone.body["ResourceType"], "GROUP_MEMBERSHIP");
}

#[tokio::test]
async fn memberships_agree_from_both_ends() {
    let aws = Aws::new();
    let maya = aws.user("maya.okafor");
    let mine = aws
        .store(
            "ListGroupMembershipsForMember",
            json!({ "MemberId": { "UserId": maya } }),
        )
        .await;
    let mut groups = texts(&mine.body["GroupMemberships"], "GroupId");
    groups.sort();
    let mut expected = [aws.group("platform-admins"), aws.group("release-managers")];
    expected.sort();
    assert_eq!(groups, expected);
    let theirs = aws
        .store(
            "ListGroupMemberships",
            json!({ "GroupId": aws.group("release-managers") }),
        )
        .await;
    let members: Vec<&Value> = theirs.body["GroupMemberships"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| &row["MemberId"]["UserId"])
        .collect();
    assert!(members.contains(&&json!(maya)));
    let checked = aws
        .store(
            "IsMemberInGroups",
            json!({ "MemberId": { "UserId": maya }, "GroupIds": [aws.group("platform-admins"), aws.group("auditors")] }),
        )
        .await;
    assert_eq!(checked.body["Results"][0]["MembershipExists"], true);
    assert_eq!(checked.body["Results"][1]["MembershipExists"], false);
}

#[tokio::test]
async fn an_unknown_group_is_not_an_empty_group() {
    let aws = Aws::new();
    let unknown = json!({ "GroupId": "00000000-0000-4000-8000-000000000000" });
    let answer = aws.store("ListGroupMemberships", unknown).await;
    assert_eq!(answer.error(), "ResourceNotFoundException");
    let empty = aws
        .store(
            "ListGroupMemberships",
            json!({ "GroupId": aws.group("incident-responders") }),
        )
        .await;
    assert_eq!(empty.body["GroupMemberships"], json!([]));
}

#[tokio::test]
async fn a_deleted_user_leaves_groups_and_leaves_assignments_behind() {
    let aws = Aws::new();
    let daniel = aws.user("daniel.weiss");
    aws.store("DeleteUser", json!({ "UserId": daniel })).await;
    let members = aws
        .store(
            "ListGroupMemberships",
            json!({ "GroupId": aws.group("ledger-engineers") }),
        )
        .await;
    assert!(!members.body.to_string().contains(&daniel));
    assert!(
        aws.assigned("ledger-prod", "PowerUser")
            .await
            .contains(&daniel)
    );
}

#[tokio::test]
async fn users_and_groups_can_be_made_changed_and_not_doubled() {
    let aws = Aws::new();
    let user = json!({
        "UserName": "new.joiner", "DisplayName": "New Joiner",
        "Name": { "GivenName": "New", "FamilyName": "Joiner" },
        "Emails": [{ "Value": "new.joiner@harbourline.example", "Primary": true }],
    });
    let made = aws.store("CreateUser", user.clone()).await;
    let id = made.body["UserId"].clone();
    assert_eq!(
        aws.store("CreateUser", user).await.error(),
        "ConflictException"
    );
    let change = |revision: &Value| {
        json!({ "UserId": id, "Revision": revision,
            "Operations": [{ "AttributePath": "title", "AttributeValue": "Engineer" }] })
    };
    let revision = made.body["Revision"].clone();
    let changed = aws.store("UpdateUser", change(&revision)).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.body["Revision"], revision);
    let stale = aws.store("UpdateUser", change(&revision)).await;
    assert_eq!(stale.body["Reason"], "CONCURRENT_MODIFICATION");
    let shown = aws.store("DescribeUser", json!({ "UserId": id })).await;
    assert_eq!(shown.body["Title"], "Engineer");

    let group = json!({ "DisplayName": "new-team" });
    let made = aws.store("CreateGroup", group.clone()).await;
    assert_eq!(
        aws.store("CreateGroup", group).await.error(),
        "ConflictException"
    );
    let rename = json!({ "GroupId": made.body["GroupId"],
        "Operations": [{ "AttributePath": "displayName", "AttributeValue": "old-team" }] });
    assert_eq!(aws.store("UpdateGroup", rename).await.status, 200);
    let only = json!({ "GroupId": made.body["GroupId"] });
    let shown = aws.store("DescribeGroup", only.clone()).await;
    assert_eq!(shown.body["DisplayName"], "old-team");
    aws.store("DeleteGroup", only.clone()).await;
    assert_eq!(
        aws.store("DescribeGroup", only).await.error(),
        "ResourceNotFoundException"
    );
}
