//! The pauses between attempts.
//!
//! Exponential backoff with a cap and deterministic jitter: a hash of an id from the caller spreads resources that
//! failed together, and the same run always produces the same pauses.

use crate::time::Duration;

/// The longest pause between two attempts. Only the removal of an orphaned assignment waits longer.
pub const CAP: Duration = Duration::minutes(5);

/// Returns the pause after the `n`th consecutive failed attempt, counted from 1: between half and all of 2^(n-1)
/// seconds, at most [`CAP`].
pub fn after(n: u32, salt: &str) -> Duration {
    let full = (1_000_i64 << n.saturating_sub(1).min(20)).min(CAP.0);
    let spread = i64::try_from(hash(salt, n) % 1_000).unwrap_or(0);
    Duration(full / 2 + full * spread / 2_000)
}

/// Returns the pause before the `n`th repeated read, counted from 1: 1, 2, 4, ... at most 30 s.
pub fn look(n: u32) -> Duration {
    Duration((1_000_i64 << n.saturating_sub(1).min(5)).min(30_000))
}

/// Returns the pause before the `n`th repeated request for a verdict, counted from 1: 5, 10, 20, ... at most 60 s.
pub fn ask(n: u32) -> Duration {
    Duration((5_000_i64 << n.saturating_sub(1).min(4)).min(60_000))
}

/// FNV-1a. The jitter needs no cryptographic hash.
fn hash(salt: &str, n: u32) -> u64 {
    salt.bytes()
        .chain(n.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_never_pass_the_cap() {
        for n in 1..200 {
            let pause = after(n, "x");
            assert!(pause.0 >= 500 && pause <= CAP, "{n}: {pause:?}");
            assert!(after(n + 2, "x") >= pause || pause.0 > CAP.0 / 2);
        }
    }

    #[test]
    fn two_keys_that_fail_together_do_not_come_back_together() {
        let pauses: std::collections::BTreeSet<_> =
            (0..50).map(|n| after(5, &format!("key {n}"))).collect();
        assert!(pauses.len() > 40);
    }
}
