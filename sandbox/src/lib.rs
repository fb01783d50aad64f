//! A local AWS and a local Cognito, so that Leastwise runs, and is tested, without an AWS account.
//!
//! It speaks the wire protocols and knows nothing of `domain` or `server`: sharing their code would
//! mean sharing their mistakes. It must never be part of a release image.

pub mod aws;
pub mod clock;
pub mod cognito;
pub mod org;
mod persist;
pub mod serve;
pub mod world;

pub use persist::PersistError;
pub use serve::{Running, Sandbox, StartError};
pub use world::{SharedWorld, World};
