//! A local AWS and a local Cognito, so that Leastwise runs and is tested without an AWS account.
//!
//! The sandbox implements the wire protocols and shares no code with `domain` or `server`, because shared code would
//! share mistakes. It must never be part of a release image.

pub mod aws;
pub mod clock;
pub mod cognito;
pub mod org;
mod persist;
pub mod serve;
pub mod state;

pub use persist::PersistError;
pub use serve::{Running, Sandbox, StartError};
pub use state::{SandboxState, SharedState};
