//! Waits for a condition. Only a test that has failed reaches the limit, however busy the machine is.

use std::time::Duration;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(25);
/// Four minutes of pauses.
const CHECKS: usize = 9_600;

/// Waits until a condition holds. Panics after four minutes.
pub async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    until_with(what, holds, || {}).await;
}

/// Waits like [`until`], and calls `between` before each pause.
pub async fn until_with(what: &str, mut holds: impl AsyncFnMut() -> bool, between: impl Fn()) {
    for _ in 0..CHECKS {
        if holds().await {
            return;
        }
        between();
        tokio::time::sleep(PAUSE).await;
    }
    panic!("not within four minutes: {what}");
}
