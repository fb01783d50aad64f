//! The Cognito user pool of an organisation: users, their second factors and their groups.
//!
//! Plain data, shared by the local Cognito (sign-in) and the cognito-idp operations of the local AWS, so that a group
//! removed through the API is missing from the next token.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A user pool with its one app client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// `<region>_<9 characters>`, as Cognito writes it.
    pub id: String,
    pub region: String,
    pub name: String,
    pub mfa: MfaConfiguration,
    pub client: PoolClient,
    /// The external identity providers of the pool.
    #[serde(default)]
    pub identity_providers: Vec<IdentityProvider>,
    /// The names of the custom attributes that the pool has.
    #[serde(default)]
    pub custom_attributes: Vec<String>,
    pub groups: Vec<PoolGroup>,
    pub users: Vec<PoolUser>,
    /// Unix milliseconds.
    pub created_ms: i64,
}

/// The confidential app client of Leastwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolClient {
    pub client_id: String,
    pub client_secret: String,
    pub name: String,
    /// Redirect URIs, matched exactly. [`crate::Sandbox`] adds its `callback_urls`.
    pub callback_urls: Vec<String>,
    pub logout_urls: Vec<String>,
    /// The attributes that people who sign in through the client can set. Cognito returns no list if none was given.
    #[serde(default)]
    pub write_attributes: Option<Vec<String>>,
}

/// An external identity provider whose users can sign in through the pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// The name in the pool, which `identities` claims and the usernames of its users contain.
    pub name: String,
    /// The issuer of the external ids that the provider writes into the directory over SCIM. Cognito does not know it.
    pub directory_issuer: String,
    /// Whether the provider requires a second factor. Cognito does not know it either.
    pub requires_mfa: bool,
}

/// The attribute that holds [`PoolUser::identity_store_user_id`].
pub const IDENTITY_ATTRIBUTE: &str = "custom:identity_store_id";

/// Whether the pool requires a second factor. Cognito writes `OFF`, `ON`, `OPTIONAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MfaConfiguration {
    Off,
    On,
    Optional,
}

/// A group of the pool. Its name appears in the `cognito:groups` claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolGroup {
    pub name: String,
    pub description: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolUser {
    /// The subject claim: a UUID, unique within the pool, never reused.
    pub sub: String,
    pub username: String,
    pub email: String,
    pub name: String,
    /// Names from [`Pool::groups`].
    #[serde(default)]
    pub groups: Vec<String>,
    /// The Identity Center user linked to this subject, if the pool stores it as an attribute.
    #[serde(default)]
    pub identity_store_user_id: Option<String>,
    pub mfa: Mfa,
    /// Base32 secret of the authenticator, present exactly when `mfa` is [`Mfa::Totp`].
    #[serde(default)]
    pub totp_secret: Option<String>,
    pub enabled: bool,
    /// Whether the user signs in through an external identity provider. Cognito then asks for no factor of its own.
    #[serde(default)]
    pub federated: bool,
    /// Further providers whose users `AdminLinkProviderForUser` has linked to this one.
    #[serde(default)]
    pub linked_providers: Vec<String>,
    /// The time of the last `AdminUserGlobalSignOut` in Unix milliseconds. Tokens issued until then are void.
    #[serde(default)]
    pub signed_out_at_ms: Option<i64>,
    #[serde(default)]
    pub created_ms: i64,
    #[serde(default)]
    pub updated_ms: i64,
}

/// The second factor that a user enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    None,
    Totp,
    Sms,
    Passkey,
}

impl Pool {
    /// Finds a user by username, email (an alias) or subject, as Cognito does wherever it accepts a username.
    pub fn user(&self, username: &str) -> Option<&PoolUser> {
        self.users.iter().find(|user| user.answers_to(username))
    }

    /// Like [`Pool::user`], but mutable. Call [`crate::SandboxState::note_pool_change`] after a change.
    pub fn user_mut(&mut self, username: &str) -> Option<&mut PoolUser> {
        self.users.iter_mut().find(|user| user.answers_to(username))
    }

    /// Finds a user by subject claim.
    pub fn user_by_sub(&self, sub: &str) -> Option<&PoolUser> {
        self.users.iter().find(|user| user.sub == sub)
    }
}

impl PoolUser {
    /// Returns the `identities` of a federated user. Cognito names such a user `<provider>_<id at the provider>`, and lists
    /// every linked provider, whichever was used for a sign-in.
    pub fn identities(&self) -> Option<Value> {
        let (provider, user_id) = self
            .username
            .split_once('_')
            .unwrap_or(("Federation", &self.username));
        let identity = |provider: &str, primary: &str| {
            json!({
                "userId": user_id,
                "providerName": provider,
                "providerType": "SAML",
                "issuer": null,
                "primary": primary,
                "dateCreated": self.created_ms.to_string(),
            })
        };
        let linked = self.linked_providers.iter();
        let linked = linked.map(|provider| identity(provider, "false"));
        let all = std::iter::once(identity(provider, "true")).chain(linked);
        self.federated.then(|| all.collect())
    }

    fn answers_to(&self, name: &str) -> bool {
        self.username == name || self.sub == name || self.email.eq_ignore_ascii_case(name)
    }
}
