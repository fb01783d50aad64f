//! Places at which a test may have the process die, between an approval and *verified*.
//!
//! Compiled only with the sandbox, so that the release image holds no way to be told to die. The
//! process kills itself with SIGKILL: nothing is flushed, dropped or answered, as in `kill -9`.

/// Every place, in the order in which a grant passes them.
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

/// Dies if this is the place that `LEASTWISE_FAILPOINT` names.
#[cfg(feature = "sandbox")]
pub fn reached(point: &str) {
    debug_assert!(POINTS.contains(&point), "{point} is not listed");
    if std::env::var("LEASTWISE_FAILPOINT").is_ok_and(|named| named == point) {
        eprintln!("failpoint {point}: killing this process");
        let me = std::process::id().to_string();
        // If there is no `kill`, an abort is the nearest thing.
        let _ = std::process::Command::new("kill")
            .args(["-9", &me])
            .status();
        std::process::abort();
    }
}

/// Nothing, in the release image.
#[cfg(not(feature = "sandbox"))]
pub fn reached(_point: &str) {}
