//! The number of file descriptors of this process, which sockets, calls to AWS and the database share.

/// The descriptors that connections of clients never use: the database, calls to AWS and Cognito, keys and logs.
const RESERVED: usize = 256;
/// The soft limit that is assumed where it cannot be read: the smallest default of the supported systems.
const ASSUMED: usize = 256;
/// The connections that are always allowed, so that a very low limit does not make the server unusable.
const FEWEST: usize = 64;

/// Returns how many connections may be open: the configured number, or what the limit of descriptors leaves.
pub fn connections(configured: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let descriptors = soft_limit(&limits).unwrap_or(ASSUMED);
    let possible = left_by(descriptors);
    if possible < configured {
        tracing::warn!(
            descriptors,
            connections = possible,
            "the limit of open files allows fewer connections than usual; raise it (`ulimit -n`, `LimitNOFILE`)"
        );
    }
    configured.min(possible)
}

fn left_by(descriptors: usize) -> usize {
    descriptors.saturating_sub(RESERVED).max(FEWEST)
}

/// Returns the soft limit of open files in the text of `/proc/self/limits`.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(soft_limit(limits), Some(1_024));
        assert_eq!(left_by(1_024), 768);
        assert_eq!(left_by(100), 64);
        assert_eq!(
            soft_limit("Max open files  unlimited  unlimited  files"),
            Some(usize::MAX)
        );
        assert_eq!(soft_limit(""), None);
    }
}
