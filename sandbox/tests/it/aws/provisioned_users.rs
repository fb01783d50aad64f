//! Users written as SCIM does, with external ids and a status.

use serde_json::{Value, json};

use super::support::Aws;

fn user(id: Option<&str>, enabled: bool) -> Value {
    json!({
        "id": id, "user_name": "new.user", "given_name": "New", "family_name": "User",
        "external_ids": [{ "issuer": "https://idp.example", "id": "e-1" }], "enabled": enabled,
    })
}

#[tokio::test]
async fn a_user_is_found_by_its_external_id_and_keeps_its_id_when_it_changes() {
    let aws = Aws::new();
    let (status, id) = aws.provision(user(None, true)).await;
    assert_eq!(status, 200);
    let by_external_id = json!({
        "AlternateIdentifier": { "ExternalId": { "Issuer": "https://idp.example", "Id": "e-1" } },
    });
    let found = aws.store("GetUserId", by_external_id.clone()).await;
    assert_eq!(found.body["UserId"], id.as_str());
    assert_eq!(
        aws.provision(user(Some(&id), false)).await,
        (200, id.clone())
    );
    let described = aws.store("DescribeUser", json!({ "UserId": id })).await;
    assert_eq!(described.body["UserStatus"], "DISABLED");
    aws.store("DeleteUser", json!({ "UserId": id })).await;
    let (_, again) = aws.provision(user(None, true)).await;
    assert_ne!(again, id, "a user that is created again has another id");
    let found = aws.store("GetUserId", by_external_id).await;
    assert_eq!(found.body["UserId"], again.as_str());
    let missing = aws.provision(user(Some(&id), true)).await;
    assert_eq!(missing.0, 404);
}
