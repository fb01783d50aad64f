//! One call on its way through the sandbox: what every handler gets.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Builder;

use super::params::Params;
use super::refusal::Refusal;
use crate::world::World;

/// Carries out an operation. It must check everything before it changes anything.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Value, Refusal>;

/// A call with the world locked for it.
pub(crate) struct Call<'w> {
    pub world: &'w mut World,
    pub params: &'w Params,
    pub operation: &'static str,
    pub caller: &'w Caller,
    pub request_id: &'w str,
    /// Unix milliseconds. The same for the whole call, and again when a journal replays it.
    pub now_ms: i64,
    pub fate: &'w Fate,
    pub timing: Timing,
    pub entropy: ChaCha8Rng,
}

impl Call<'_> {
    /// A fresh random UUID, the same when a journal replays the call.
    pub fn uuid(&mut self) -> Arc<str> {
        let bytes = rand::Rng::r#gen(&mut self.entropy);
        Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
            .into()
    }
}

/// Who calls, from the access key in the signature. The signature itself is not checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub account: Arc<str>,
    pub access_key: Arc<str>,
}

impl Caller {
    /// An access key that is the number of an account acts from that account, as with moto; any
    /// other acts from the delegated administrator account, where Leastwise is meant to run.
    pub fn from_authorization(header: Option<&str>, world: &World) -> Self {
        let key = header
            .and_then(|header| header.split_once("Credential="))
            .map_or("unsigned", |(_, rest)| {
                rest.split(['/', ',']).next().unwrap_or("unsigned")
            });
        let account = world.organizations.accounts.get_key_value(key).map_or_else(
            || world.organizations.delegated_admin_account.clone(),
            |(id, _)| id.clone(),
        );
        Self {
            account,
            access_key: key.into(),
        }
    }

    /// ARN as sts:GetCallerIdentity and CloudTrail show it.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{}",
            self.account,
            Self::ROLE,
            self.access_key
        )
    }

    /// Name of the one role that everybody has taken.
    pub const ROLE: &'static str = "SandboxAdministrator";
    /// Unique id of that role.
    pub const ROLE_ID: &'static str = "AROASANDBOXADMINROLE1";
}

/// How long things take, in milliseconds of the calendar, as it was when the call came in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Timing {
    /// From the acceptance of a write to its end.
    pub latency_ms: i64,
    /// From a write to its event in LookupEvents.
    pub event_delay_ms: i64,
}

/// What the fault rules decided for a call, beyond answering it at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Fate {
    /// The asynchronous part ends in FAILED with this reason, changing nothing.
    #[serde(default)]
    pub fails_later: Option<String>,
    /// The asynchronous part never ends.
    #[serde(default)]
    pub never_ends: bool,
    /// A page ends early, with a token.
    #[serde(default)]
    pub short_page: bool,
}
