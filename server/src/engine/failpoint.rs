//! Points at which a test can kill the process, between the approval of a change and *verified*.
//!
//! Compiled only with the sandbox feature, so the release image has no way to kill the process. The process receives
//! SIGKILL: nothing is flushed, dropped or answered, as with `kill -9`.

/// All failpoints, in the order in which a grant passes them.
pub const POINTS: [&str; 12] = [
    "approved",
    "queued",
    "judged",
    "applying",
    "observed-before",
    "intended",
    "called",
    "accepted",
    "polled",
    "relisting",
    "observed-after",
    "verified",
];

/// The failpoints that a saga passes instead, once for each read and step.
pub const SAGA_POINTS: [&str; 4] = [
    "subject-read",
    "step-intended",
    "step-answered",
    "step-done",
];

/// Kills the process if `LEASTWISE_FAILPOINT` names this point.
#[cfg(feature = "sandbox")]
pub fn reached(point: &str) {
    let listed = POINTS.contains(&point) || SAGA_POINTS.contains(&point);
    debug_assert!(listed, "{point} is not listed");
    if std::env::var("LEASTWISE_FAILPOINT").is_ok_and(|named| named == point) {
        eprintln!("failpoint {point}: killing this process");
        let me = std::process::id().to_string();
        // Without a `kill` command, an abort is the closest equivalent.
        let _ = std::process::Command::new("kill")
            .args(["-9", &me])
            .status();
        std::process::abort();
    }
}

/// Does nothing in the release image.
#[cfg(not(feature = "sandbox"))]
pub fn reached(_point: &str) {}
