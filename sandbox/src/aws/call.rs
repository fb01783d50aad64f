//! The context of one call, as passed to every handler.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Builder;

use super::params::Params;
use super::refusal::Refusal;
use crate::state::SandboxState;

/// A function that executes an operation. It must validate everything before it changes any state.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Value, Refusal>;

/// A call, with the sandbox state locked for its duration.
pub(crate) struct Call<'w> {
    pub sandbox: &'w mut SandboxState,
    pub params: &'w Params,
    pub operation: &'static str,
    pub caller: &'w Caller,
    pub request_id: &'w str,
    /// Unix milliseconds. Constant during the call and preserved when the journal replays it.
    pub now_ms: i64,
    pub fate: &'w CallOutcome,
    pub timing: Timing,
    pub entropy: ChaCha8Rng,
}

impl Call<'_> {
    /// Returns a random UUID. Replaying the call from the journal returns the same UUID.
    pub fn uuid(&mut self) -> Arc<str> {
        let bytes = rand::Rng::r#gen(&mut self.entropy);
        Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
            .into()
    }
}

/// The caller and the Region that it calls, as its signature states them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Caller {
    pub account: Arc<str>,
    pub access_key: Arc<str>,
    /// `None` if signatures are ignored: the Region that holds the resources.
    #[serde(default)]
    pub region: Option<Arc<str>>,
    /// The name of the application in the user agent, such as the process of Leastwise; empty if there is none.
    #[serde(default)]
    pub app: Arc<str>,
}

impl Caller {
    /// Returns the ARN that `sts:GetCallerIdentity` and CloudTrail report.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{}",
            self.account,
            Self::ROLE,
            self.access_key
        )
    }

    /// The name of the role that every caller has assumed.
    pub const ROLE: &'static str = "SandboxAdministrator";
    /// The unique ID of that role.
    pub const ROLE_ID: &'static str = "AROASANDBOXADMINROLE1";
}

/// Delays in milliseconds of calendar time, fixed when the call arrives.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Timing {
    /// The time from accepting an asynchronous write to completing it.
    pub latency_ms: i64,
    /// The time from a write until `LookupEvents` returns its event.
    pub event_delay_ms: i64,
}

/// The effects of fault rules that the handler applies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CallOutcome {
    /// The asynchronous part ends as `FAILED` with this reason and changes nothing.
    #[serde(default)]
    pub fails_later: Option<String>,
    /// The asynchronous part never completes.
    #[serde(default)]
    pub never_ends: bool,
    /// The fault of the page that a list operation returns.
    #[serde(default)]
    pub page: PageFault,
}

/// A fault of the page of a list operation. AWS may return short and empty pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageFault {
    #[default]
    None,
    /// Half the page, with a token. A page of one record becomes an empty page.
    Short,
    /// An empty page with a token before every page.
    Empty,
    /// The page carries the token that it was requested with.
    RepeatedToken,
    /// No records and no token.
    NoRecords,
}
