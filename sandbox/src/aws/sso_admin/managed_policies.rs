//! The names of the AWS managed policies: AWS refuses to attach one that does not exist.

use std::collections::HashSet;
use std::sync::LazyLock;

const BEGINNING: &str = "arn:aws:iam::aws:policy/";

static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../../../data/aws_managed_policies.txt")
        .lines()
        .collect()
});

/// Returns whether AWS has a managed policy with this ARN.
pub(super) fn exists(arn: &str) -> bool {
    let name = arn.strip_prefix(BEGINNING);
    name.is_some_and(|name| NAMES.contains(name))
}

#[cfg(test)]
mod tests {
    use super::exists;
    use crate::org::Organisation;

    #[test]
    fn every_policy_of_the_samples_exists() {
        for organisation in [Organisation::sample(), Organisation::medium(1)] {
            for set in organisation.permission_sets {
                for arn in set.managed_policies {
                    assert!(exists(&arn), "{arn}");
                }
            }
        }
        assert!(!exists("arn:aws:iam::aws:policy/NoSuchPolicy"));
    }
}
