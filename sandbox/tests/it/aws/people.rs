//! cognito-idp: the user pool.

use serde_json::json;

use super::support::{Aws, texts};

#[tokio::test]
async fn a_user_shows_the_second_factor_but_never_a_passkey() {
    let aws = Aws::new();
    let maya = aws
        .idp("AdminGetUser", json!({ "Username": "maya.okafor" }))
        .await;
    assert_eq!(
        maya.body["UserMFASettingList"],
        json!(["SOFTWARE_TOKEN_MFA"])
    );
    assert_eq!(maya.body["Enabled"], true);
    let tomas = aws
        .idp("AdminGetUser", json!({ "Username": "tomas.novak" }))
        .await;
    assert!(tomas.body.get("UserMFASettingList").is_none());
    let by_mail = json!({ "Username": "maya.okafor@harbourline.example" });
    assert_eq!(aws.idp("AdminGetUser", by_mail).await.status, 200);
    let nobody = aws
        .idp("AdminGetUser", json!({ "Username": "nobody" }))
        .await;
    assert_eq!(nobody.error(), "UserNotFoundException");
    assert!(nobody.body["message"].is_string());
}

#[tokio::test]
async fn groups_are_given_and_taken_and_giving_twice_is_once() {
    let aws = Aws::new();
    let marcus = json!({ "Username": "marcus.dube", "GroupName": "leastwise-auditors" });
    for _ in 0..2 {
        assert_eq!(
            aws.idp("AdminAddUserToGroup", marcus.clone()).await.status,
            200
        );
    }
    let groups = aws
        .idp(
            "AdminListGroupsForUser",
            json!({ "Username": "marcus.dube" }),
        )
        .await;
    assert_eq!(
        texts(&groups.body["Groups"], "GroupName"),
        ["leastwise-auditors"]
    );
    let members = aws
        .idp(
            "ListUsersInGroup",
            json!({ "GroupName": "leastwise-auditors" }),
        )
        .await;
    assert_eq!(
        texts(&members.body["Users"], "Username"),
        ["farid.haddad", "marcus.dube"]
    );
    aws.idp("AdminRemoveUserFromGroup", marcus).await;
    let groups = aws
        .idp(
            "AdminListGroupsForUser",
            json!({ "Username": "marcus.dube" }),
        )
        .await;
    assert_eq!(groups.body["Groups"], json!([]));
    let nowhere = json!({ "Username": "marcus.dube", "GroupName": "nowhere" });
    assert_eq!(
        aws.idp("AdminAddUserToGroup", nowhere).await.error(),
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn disabling_and_signing_out_reach_the_pool_that_signs_people_in() {
    let aws = Aws::new();
    let lena = json!({ "Username": "lena.fischer" });
    aws.idp("AdminDisableUser", lena.clone()).await;
    aws.idp("AdminUserGlobalSignOut", lena.clone()).await;
    {
        let sandbox = aws.sandbox.lock().expect("not poisoned");
        let held = sandbox.pool.user("lena.fischer").expect("a person");
        assert!(!held.enabled);
        assert_eq!(held.signed_out_at_ms, Some(super::support::NOON_MS));
    }
    aws.idp("AdminEnableUser", lena.clone()).await;
    assert_eq!(aws.idp("AdminGetUser", lena).await.body["Enabled"], true);
}

#[tokio::test]
async fn users_can_be_listed_by_one_attribute() {
    let aws = Aws::new();
    let find = async |filter: &str| {
        let answer = aws.idp("ListUsers", json!({ "Filter": filter })).await;
        let names = texts(&answer.body["Users"], "Username");
        (answer.error().to_owned(), names)
    };
    assert_eq!(
        find("email = \"kwame.boateng@harbourline.example\"")
            .await
            .1,
        ["kwame.boateng"]
    );
    assert_eq!(
        find("username ^= \"ma\"").await.1,
        ["marcus.dube", "maya.okafor"]
    );
    assert_eq!(
        find("shoe_size = \"42\"").await.0,
        "InvalidParameterException"
    );
    let page = aws.idp("ListUsers", json!({ "Limit": 5 })).await;
    assert!(page.body["PaginationToken"].is_string());
}

#[tokio::test]
async fn the_pool_describes_itself_and_its_client() {
    let aws = Aws::new();
    let pool = aws.idp("DescribeUserPool", json!({})).await;
    assert_eq!(pool.body["UserPool"]["MfaConfiguration"], "OPTIONAL");
    let mfa = aws.idp("GetUserPoolMfaConfig", json!({})).await;
    assert_eq!(mfa.body["MfaConfiguration"], "OPTIONAL");
    let client = json!({ "ClientId": aws.sample.pool.client.client_id });
    let client = aws.idp("DescribeUserPoolClient", client).await;
    assert_eq!(
        client.body["UserPoolClient"]["AllowedOAuthFlows"],
        json!(["code"])
    );
    assert_eq!(
        aws.idp("ListGroups", json!({})).await.body["Groups"]
            .as_array()
            .expect("a list")
            .len(),
        3
    );
}
