//! Delegated administrators of several services, and changes of tags and OUs by the management account.

use serde_json::json;

use super::support::{Aws, texts};

#[tokio::test]
async fn delegated_administrators_of_all_services_are_listed_with_their_services() {
    let aws = Aws::new();
    let all = aws.org("ListDelegatedAdministrators", json!({})).await;
    let all = texts(&all.body["DelegatedAdministrators"], "Id");
    let mut expected =
        ["identity", "log-archive", "security-tooling"].map(|name| aws.account(name));
    expected.sort();
    assert_eq!(all, expected);
    let guard = json!({ "ServicePrincipal": "guardduty.amazonaws.com" });
    let one = aws.org("ListDelegatedAdministrators", guard).await;
    let one = texts(&one.body["DelegatedAdministrators"], "Id");
    assert_eq!(one, [aws.account("security-tooling")]);
    let services = json!({ "AccountId": aws.account("identity") });
    let services = aws.org("ListDelegatedServicesForAccount", services).await;
    let services = texts(&services.body["DelegatedServices"], "ServicePrincipal");
    assert!(
        services.contains(&"sso.amazonaws.com".to_owned()),
        "{services:?}"
    );
    assert_eq!(services.len(), 4);
    let none = json!({ "AccountId": aws.account("web-dev") });
    let none = aws.org("ListDelegatedServicesForAccount", none).await;
    assert_eq!(none.error(), "AccountNotRegisteredException");
}

#[tokio::test]
async fn only_the_management_account_tags_and_moves_accounts() {
    let aws = Aws::new();
    let account = aws.account("web-dev");
    let tag = json!({ "ResourceId": account, "Tags": [{ "Key": "PCI", "Value": "in" }] });
    let refused = aws.org("TagResource", tag.clone()).await;
    assert_eq!(refused.error(), "AccessDeniedException");
    let management = aws.as_management();
    management.org("TagResource", tag).await;
    let tags = aws
        .org("ListTagsForResource", json!({ "ResourceId": account }))
        .await;
    assert!(
        tags.body["Tags"]
            .to_string()
            .contains(r#"{"Key":"PCI","Value":"in"}"#)
    );
    let untag = json!({ "ResourceId": account, "TagKeys": ["PCI"] });
    management.org("UntagResource", untag).await;
    let tags = aws
        .org("ListTagsForResource", json!({ "ResourceId": account }))
        .await;
    assert!(!tags.body["Tags"].to_string().contains("PCI"));

    let parent = aws.org("ListParents", json!({ "ChildId": account })).await;
    let from = texts(&parent.body["Parents"], "Id").remove(0);
    let to = "ou-hb01-pciprod000";
    let moved = json!({ "AccountId": account, "SourceParentId": from, "DestinationParentId": to });
    management.org("MoveAccount", moved.clone()).await;
    let parent = aws.org("ListParents", json!({ "ChildId": account })).await;
    assert_eq!(texts(&parent.body["Parents"], "Id"), [to]);
    let again = management.org("MoveAccount", moved).await;
    assert_eq!(again.error(), "SourceParentNotFoundException");
}
