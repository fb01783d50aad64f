//! The names of condition operators. Conditions are not evaluated, but AWS refuses a policy with an operator that does not exist.

use crate::permission_set::analysis::catalogue::nearest;

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Bool",
    "IpAddress",
    "NotIpAddress",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "BinaryEquals",
];

/// The operator that cannot end with `IfExists`.
const NULL: &str = "Null";

/// Whether a name is an operator. Ignores case, so that none that AWS accepts is refused.
pub(super) fn is_one(name: &str) -> bool {
    let base = base(name);
    let is = |operator: &&str| operator.eq_ignore_ascii_case(base);
    OPERATORS.iter().any(is) || {
        let without_set = without_set(name);
        without_set.eq_ignore_ascii_case(NULL)
    }
}

/// Returns the operator whose name is nearest to one that does not exist.
pub(super) fn nearest_to(name: &str) -> Option<&'static str> {
    let all = OPERATORS.iter().copied().chain([NULL]);
    let at = nearest(all, base(name))?;
    OPERATORS.get(at).copied().or(Some(NULL))
}

/// Returns the name without the words for keys of several values and for keys that are missing.
fn base(name: &str) -> &str {
    let name = without_set(name);
    let end = name.len().checked_sub("IfExists".len());
    end.and_then(|end| name.split_at_checked(end))
        .filter(|(_, end)| end.eq_ignore_ascii_case("IfExists"))
        .map_or(name, |(base, _)| base)
}

fn without_set(name: &str) -> &str {
    match name.split_once(':') {
        Some((set, rest))
            if ["ForAllValues", "ForAnyValue"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(set)) =>
        {
            rest
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_several_values_and_of_missing_keys_are_operators() {
        for name in [
            "StringEquals",
            "stringlike",
            "Bool",
            "BoolIfExists",
            "Null",
            "ForAllValues:StringLike",
            "ForAnyValue:StringEqualsIfExists",
            "NumericLessThanEqualsIfExists",
        ] {
            assert!(is_one(name), "{name}");
        }
        for name in [
            "StringEqualz",
            "NullIfExists",
            "IfExists",
            "ForSomeValues:StringLike",
            "",
            "\u{e9}",
        ] {
            assert!(!is_one(name), "{name}");
        }
        assert_eq!(nearest_to("StringEqualz"), Some("StringEquals"));
        assert_eq!(nearest_to("Nul"), Some("Null"));
        assert_eq!(nearest_to("Between"), None);
    }
}
