//! Idle sockets for a minute per kind, on the measured binary, with access whose end falls into the attack: a quarter
//! of an hour, because that is the shortest temporary access. `cargo xtask test` runs the short form.

use std::path::Path;

use crate::process::{self, Failure};

/// How long each kind of socket is held.
const SECONDS: &str = "60";

/// Runs `e2e/idle_sockets.mjs`. Fails if a health check was not answered or the access was not revoked in time.
pub fn hold(binary: &Path) -> Result<(), Failure> {
    process::run(
        process::command("node")
            .args(["e2e/run.mjs", "idle_sockets"])
            .env("LEASTWISE_BINARY", binary)
            .env("LEASTWISE_E2E_FLOOD_SECONDS", SECONDS)
            .env("LEASTWISE_E2E_REVOCATION", "due"),
    )
}
