//! Properties of the analysis that hold for every policy.

use std::{collections::BTreeSet, sync::LazyLock};

use catalogue::Catalogue;
use domain::permission_set::{
    Content,
    analysis::{Capability, analyse},
};
use proptest::prelude::*;

/// Unpacked once, because it is large.
static EMBEDDED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::embedded().expect("the embedded data is readable"));

fn capabilities(content: &Content) -> BTreeSet<Capability> {
    analyse(content, &*EMBEDDED).capabilities()
}

fn content(text: String) -> Content {
    Content {
        inline: Some(text),
        session_seconds: 3600,
        ..Content::default()
    }
}

fn policy(statements: &[String]) -> Content {
    content(format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    ))
}

fn action() -> impl Strategy<Value = String> {
    let services = "iam|s3|sso|kms|ec2|lambda|sts|logs|cloudtrail|dynamodb|\\*|s\\*|ia\\?";
    let names = "\\*|Get\\*|Put\\*|PassRole|GetObject|AssumeRole|CreateAccountAssignment|Decrypt|RunInstances|\
        ModifyInstanceAttribute|StartInstances|StopInstances|CreateFunction|StopLogging|Scan|Describe\\*|[A-Z][a-z]{2}\\*";
    proptest::string::string_regex(&format!("(\\*|({services}):({names}))"))
        .expect("a pattern that is written above")
}

fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let actions = prop::collection::vec(action(), 1..4);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::shop/*",
        "arn:aws:iam::123456789012:role/worker",
    ]);
    let conditional = any::<bool>();
    let element = prop::sample::select(vec!["Action", "Action", "Action", "NotAction"]);
    (actions, resource, conditional, element).prop_map(move |(actions, resource, conditional, element)| {
        let condition = if conditional { r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"# } else { "" };
        format!(r#"{{"Effect":"{effect}","{element}":{actions:?},"Resource":"{resource}"{condition}}}"#)
    })
}

fn any_statement() -> impl Strategy<Value = String> {
    prop_oneof![3 => statement("Allow"), 1 => statement("Deny")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_allow_never_removes_a_capability(
        mut statements in prop::collection::vec(any_statement(), 1..6),
        added in statement("Allow"),
        at in any::<prop::sample::Index>(),
    ) {
        let before = capabilities(&policy(&statements));
        statements.insert(at.index(statements.len() + 1), added);
        let after = capabilities(&policy(&statements));
        prop_assert!(before.is_subset(&after), "{before:?} was more than {after:?}");
    }

    #[test]
    fn another_deny_never_adds_a_capability(
        mut statements in prop::collection::vec(any_statement(), 1..6),
        added in statement("Deny"),
    ) {
        let mut before = capabilities(&policy(&statements));
        if before.contains(&Capability::Administrator) {
            // Everything includes what nobody knows.
            before.insert(Capability::Unknown);
        }
        statements.push(added);
        let after = capabilities(&policy(&statements));
        prop_assert!(after.is_subset(&before), "{before:?} was less than {after:?}");
    }

    #[test]
    fn the_order_of_statements_does_not_count(statements in prop::collection::vec(any_statement(), 1..6)) {
        let forth = capabilities(&policy(&statements));
        let back: Vec<String> = statements.into_iter().rev().collect();
        prop_assert_eq!(forth, capabilities(&policy(&back)));
    }

    #[test]
    fn garbage_is_unknown(text in any::<String>()) {
        prop_assert!(capabilities(&content(text)).contains(&Capability::Unknown));
    }

    #[test]
    fn garbage_that_looks_like_a_policy_is_unknown_too(text in r#"([\[\]{},:"]|"Statement"|"Effect"|"Allow"|"Action"|"\*"|[ a-z\\]){0,40}"#) {
        prop_assert!(capabilities(&content(text)).contains(&Capability::Unknown));
    }

    #[test]
    fn a_policy_cut_short_is_unknown(statements in prop::collection::vec(any_statement(), 1..4), at in any::<prop::sample::Index>()) {
        let text = policy(&statements).inline.expect("just made");
        let cut = text[..at.index(text.len())].to_owned();
        prop_assert!(capabilities(&content(cut)).contains(&Capability::Unknown));
    }
}
