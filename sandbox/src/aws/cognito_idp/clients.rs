//! The app clients and the identity providers of the user pool.

use serde_json::{Value, json};

use super::check_pool;
use crate::aws::call::Call;
use crate::aws::page::{Page, Paging, SIXTY};
use crate::aws::params::epoch_seconds;
use crate::aws::refusal::Refusal;
use crate::org::pool::Pool;

pub(super) fn describe_client(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_pool(call)?;
    let pool = &call.sandbox.pool;
    let id = call.params.text("ClientId")?;
    if id != pool.client.client_id {
        return Err(Refusal::not_found(format!(
            "User pool client {id} does not exist."
        )));
    }
    let mut client = json!({
        "UserPoolId": pool.id,
        "ClientName": pool.client.name,
        "ClientId": pool.client.client_id,
        "ClientSecret": pool.client.client_secret,
        "CreationDate": epoch_seconds(pool.created_ms),
        "LastModifiedDate": epoch_seconds(pool.created_ms),
        "RefreshTokenValidity": 8,
        "AccessTokenValidity": 60,
        "IdTokenValidity": 60,
        "TokenValidityUnits": {
            "AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "hours",
        },
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "SupportedIdentityProviders": supported(pool),
        "CallbackURLs": pool.client.callback_urls,
        "LogoutURLs": pool.client.logout_urls,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "profile"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": true,
    });
    if let Some(names) = &pool.client.write_attributes {
        client["WriteAttributes"] = json!(names);
    }
    Ok(json!({ "UserPoolClient": client }))
}

/// Returns the names by which the client's users can sign in: Cognito's own users, and the identity providers.
fn supported(pool: &Pool) -> Vec<&str> {
    let others = pool.identity_providers.iter();
    let others = others.map(|provider| provider.name.as_str());
    ["COGNITO"].into_iter().chain(others).collect()
}

pub(super) fn list_clients(call: &mut Call<'_>) -> Result<Value, Refusal> {
    const CLIENTS: Paging = Paging {
        size: Some("MaxResults"),
        ..SIXTY
    };
    check_pool(call)?;
    let page = Page::read(call, &CLIENTS, &[])?;
    let pool = &call.sandbox.pool;
    let client = json!({
        "ClientId": pool.client.client_id, "UserPoolId": pool.id, "ClientName": pool.client.name,
    });
    let found = vec![(pool.client.client_id.clone(), client)];
    let (clients, token) = page.cut_sorted(found);
    Ok(json!({ "UserPoolClients": clients, "NextToken": token }))
}

pub(super) fn describe_provider(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_pool(call)?;
    let pool = &call.sandbox.pool;
    let name = call.params.text("ProviderName")?;
    if !pool.identity_providers.iter().any(|one| one.name == name) {
        return Err(Refusal::not_found(format!(
            "Identity provider {name} does not exist."
        )));
    }
    Ok(json!({ "IdentityProvider": {
        "UserPoolId": pool.id,
        "ProviderName": name,
        "ProviderType": "SAML",
        "CreationDate": epoch_seconds(pool.created_ms),
        "LastModifiedDate": epoch_seconds(pool.created_ms),
    }}))
}
