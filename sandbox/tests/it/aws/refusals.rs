//! What AWS refuses by rules that no model states, and what it keeps.

use serde_json::{Value, json};

use super::support::{Aws, texts};

fn person(user_name: &str) -> Value {
    json!({ "UserName": user_name, "DisplayName": "Person",
        "Name": { "GivenName": "Some", "FamilyName": "Person" } })
}

#[tokio::test]
async fn a_managed_policy_that_does_not_exist_cannot_be_attached() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    let arn = "arn:aws:iam::aws:policy/NoSuchPolicy";
    let attach = json!({ "PermissionSetArn": set, "ManagedPolicyArn": arn });
    assert_eq!(
        aws.sso("AttachManagedPolicyToPermissionSet", attach)
            .await
            .error(),
        "ResourceNotFoundException"
    );
    let boundary =
        json!({ "PermissionSetArn": set, "PermissionsBoundary": { "ManagedPolicyArn": arn } });
    assert_eq!(
        aws.sso("PutPermissionsBoundaryToPermissionSet", boundary)
            .await
            .error(),
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn an_inline_policy_must_be_a_policy() {
    let aws = Aws::new();
    let set = aws.set("ReadOnly");
    for policy in [
        r#"{"a":1}"#,
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}"#,
    ] {
        let put = json!({ "PermissionSetArn": set, "InlinePolicy": policy });
        let answer = aws.sso("PutInlinePolicyToPermissionSet", put).await;
        assert_eq!(answer.error(), "ValidationException", "{policy}");
    }
}

#[tokio::test]
async fn names_are_taken_whatever_their_case_and_some_are_reserved() {
    let aws = Aws::new();
    let group = |name: &str| json!({ "DisplayName": name });
    for (name, code) in [
        ("Platform-Admins", "ConflictException"),
        ("AWSAdministrators", "ValidationException"),
        ("administrator", "ValidationException"),
    ] {
        let answer = aws.store("CreateGroup", group(name)).await;
        assert_eq!(answer.error(), code, "{name}");
    }
    for (name, code) in [
        ("Maya.Okafor", "ConflictException"),
        ("Administrator", "ValidationException"),
        ("maya okafor", "ValidationException"),
    ] {
        let answer = aws.store("CreateUser", person(name)).await;
        assert_eq!(answer.error(), code, "{name}");
    }
    let rename = json!({ "GroupId": aws.group("auditors"),
        "Operations": [{ "AttributePath": "displayName", "AttributeValue": "CONTRACTORS" }] });
    assert_eq!(
        aws.store("UpdateGroup", rename).await.error(),
        "ConflictException"
    );
    let found = json!({ "AlternateIdentifier": { "UniqueAttribute": {
        "AttributePath": "displayName", "AttributeValue": "AUDITORS" } } });
    assert_eq!(
        aws.store("GetGroupId", found).await.body["GroupId"],
        aws.group("auditors")
    );
}

#[tokio::test]
async fn a_user_has_one_address_and_keeps_the_whole_profile() {
    let aws = Aws::new();
    let email = |value: &str| json!({ "Value": value, "Type": "home", "Primary": true });
    let mut two = person("two.mails");
    two["Emails"] = json!([email("a@example.com"), email("b@example.com")]);
    assert_eq!(
        aws.store("CreateUser", two).await.error(),
        "ValidationException"
    );
    let mut whole = person("whole.profile");
    let profile = json!({
        "NickName": "Whole",
        "ProfileUrl": "https://example.com/whole",
        "Emails": [email("whole@example.com")],
        "PhoneNumbers": [{ "Value": "+491234", "Type": "work", "Primary": true }],
        "Addresses": [{ "Locality": "Town", "Country": "DE" }],
        "PreferredLanguage": "en",
        "Locale": "en_GB",
        "Timezone": "Europe/Berlin",
        "Website": "https://example.com",
        "Birthdate": "1990-01-01",
        "Roles": [{ "Value": "engineer" }],
        "Photos": [{ "Value": "https://example.com/p.png" }],
    });
    for (attribute, value) in profile.as_object().expect("an object") {
        whole[attribute] = value.clone();
    }
    whole["Name"]["MiddleName"] = json!("M");
    let user = aws.store("CreateUser", whole).await.body["UserId"].clone();
    let described = aws
        .store("DescribeUser", json!({ "UserId": user }))
        .await
        .body;
    for (attribute, value) in profile.as_object().expect("an object") {
        assert_eq!(&described[attribute], value, "{attribute}");
    }
    assert_eq!(described["Name"]["MiddleName"], "M");
    let operations = json!([
        { "AttributePath": "nickName", "AttributeValue": "Less" },
        { "AttributePath": "timezone" },
        { "AttributePath": "emails", "AttributeValue": [{ "value": "other@example.com", "primary": true }] },
    ]);
    let update = json!({ "UserId": user, "Operations": operations });
    assert_eq!(aws.store("UpdateUser", update).await.status, 200);
    let described = aws
        .store("DescribeUser", json!({ "UserId": user }))
        .await
        .body;
    assert_eq!(described["NickName"], "Less");
    assert!(described.get("Timezone").is_none());
    assert_eq!(described["Emails"][0]["Value"], "other@example.com");
    let both = json!([{ "value": "a@example.com" }, { "value": "b@example.com" }]);
    let update = json!({ "UserId": user,
        "Operations": [{ "AttributePath": "emails", "AttributeValue": both }] });
    assert_eq!(
        aws.store("UpdateUser", update).await.error(),
        "ValidationException"
    );
}

#[tokio::test]
async fn a_revision_is_digits_and_changes_with_every_write() {
    let aws = Aws::new();
    let group = aws.group("auditors");
    let revision = async || {
        let described = aws
            .store("DescribeGroup", json!({ "GroupId": group }))
            .await;
        described.body["Revision"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    let before = revision().await;
    assert!(before.bytes().all(|byte| byte.is_ascii_digit()), "{before}");
    let update = json!({ "GroupId": group, "Revision": before,
        "Operations": [{ "AttributePath": "description", "AttributeValue": "d" }] });
    assert_eq!(aws.store("UpdateGroup", update.clone()).await.status, 200);
    assert_ne!(revision().await, before);
    assert_eq!(
        aws.store("UpdateGroup", update).await.error(),
        "ConflictException"
    );
}

#[tokio::test]
async fn tags_have_limits() {
    let aws = Aws::new();
    let set = aws.set("Billing");
    let tag = async |keys: Vec<String>| {
        let tags: Vec<Value> = keys
            .iter()
            .map(|key| json!({ "Key": key, "Value": "v" }))
            .collect();
        let body = json!({ "ResourceArn": set, "Tags": tags });
        let answer = aws.sso("TagResource", body).await;
        answer.error().to_owned()
    };
    let keys = |from: usize, to: usize| (from..to).map(|number| format!("k{number}")).collect();
    // The set has one tag already.
    assert_eq!(tag(keys(0, 49)).await, "none");
    assert_eq!(tag(keys(49, 50)).await, "ServiceQuotaExceededException");
    assert_eq!(
        tag(keys(48, 49)).await,
        "none",
        "one that exists is replaced"
    );
    assert_eq!(
        tag(vec!["aws:owner".to_owned()]).await,
        "ValidationException"
    );
    assert_eq!(
        tag(vec!["a".to_owned(), "a".to_owned()]).await,
        "ValidationException"
    );
}

#[tokio::test]
async fn pools_and_policies_are_listed() {
    let aws = Aws::new();
    let target = "AWSCognitoIdentityProviderService.ListUserPools";
    let pools = aws.call(target, json!({ "MaxResults": 10 })).await;
    assert_eq!(
        texts(&pools.body["UserPools"], "Id"),
        [aws.sample.pool.id.as_str()]
    );
    let policies = aws
        .org(
            "ListPolicies",
            json!({ "Filter": "SERVICE_CONTROL_POLICY" }),
        )
        .await;
    assert_eq!(texts(&policies.body["Policies"], "Name"), ["FullAWSAccess"]);
}

#[tokio::test]
async fn the_last_page_has_no_token_at_all() {
    let aws = Aws::new();
    let listed = aws.sso("ListPermissionSets", json!({})).await;
    assert!(listed.body.get("NextToken").is_none(), "{}", listed.body);
}
