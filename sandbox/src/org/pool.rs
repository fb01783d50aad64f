//! The Cognito user pool of an organisation: who can sign in, with which second factor and groups.
//!
//! Plain data, shared by the local Cognito (sign-in) and the cognito-idp operations of the local AWS,
//! so that a group taken away through the API is gone from the next token.

use serde::{Deserialize, Serialize};

/// A user pool with its one app client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// `<region>_<9 characters>`, as Cognito writes it.
    pub id: String,
    pub region: String,
    pub name: String,
    pub mfa: MfaConfiguration,
    pub client: PoolClient,
    pub groups: Vec<PoolGroup>,
    pub users: Vec<PoolUser>,
    /// Creation, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

/// The confidential client Leastwise signs people in with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolClient {
    pub client_id: String,
    pub client_secret: String,
    pub name: String,
    /// Redirect URIs, matched exactly. The sandbox adds the web port it serves.
    pub callback_urls: Vec<String>,
    pub logout_urls: Vec<String>,
}

/// Whether the pool demands a second factor. Cognito writes `OFF`, `ON`, `OPTIONAL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MfaConfiguration {
    Off,
    On,
    Optional,
}

/// A group of the pool; its name arrives in the `cognito:groups` claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolGroup {
    pub name: String,
    pub description: String,
}

/// Someone who can sign in.
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
    /// The Identity Center user this subject is joined to, when the pool carries it as an attribute.
    #[serde(default)]
    pub identity_store_user_id: Option<String>,
    pub mfa: Mfa,
    /// Base32 secret of the authenticator, present exactly when `mfa` is [`Mfa::Totp`].
    #[serde(default)]
    pub totp_secret: Option<String>,
    pub enabled: bool,
    /// Signs in through an external identity provider; Cognito asks such a person for no factor of its own.
    #[serde(default)]
    pub federated: bool,
    /// Tokens and sessions issued before this instant (Unix milliseconds) are void: AdminUserGlobalSignOut.
    #[serde(default)]
    pub signed_out_at_ms: Option<i64>,
    #[serde(default)]
    pub created_ms: i64,
    #[serde(default)]
    pub updated_ms: i64,
}

/// The second factor a person enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    None,
    Totp,
    Sms,
    Passkey,
}

impl Pool {
    /// Cognito accepts the username, the e-mail (an alias) and the subject wherever it asks for a username.
    pub fn user(&self, username: &str) -> Option<&PoolUser> {
        self.users.iter().find(|user| user.answers_to(username))
    }

    /// As [`Pool::user`], to change it. Call [`crate::World::note_pool_change`] afterwards.
    pub fn user_mut(&mut self, username: &str) -> Option<&mut PoolUser> {
        self.users.iter_mut().find(|user| user.answers_to(username))
    }

    /// The person with this subject claim.
    pub fn user_by_sub(&self, sub: &str) -> Option<&PoolUser> {
        self.users.iter().find(|user| user.sub == sub)
    }
}

impl PoolUser {
    fn answers_to(&self, name: &str) -> bool {
        self.username == name || self.sub == name || self.email.eq_ignore_ascii_case(name)
    }
}
