//! Sets with so many statements or resources that comparing each with each would take minutes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, sync::LazyLock};

use catalogue::Catalogue;
use domain::permission_set::{
    Boundary, Content,
    analysis::{Analysis, Capability, analyse},
};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

fn policy(statements: impl IntoIterator<Item = String>) -> Content {
    let statements: Vec<String> = statements.into_iter().collect();
    Content {
        inline: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        )),
        session_seconds: 3_600,
        ..Content::default()
    }
}

fn statement(effect: &str, actions: &str, element: &str, resources: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":{actions},"{element}":{resources}}}"#)
}

fn judged(content: &Content) -> Analysis {
    analyse(content, &*CATALOGUE)
}

fn all_were_compared(analysis: &Analysis) -> bool {
    !analysis
        .notes
        .iter()
        .any(|note| note.contains("more resources than are compared"))
}

/// Half of 10,000 statements deny what the other half allows.
fn pairs(allowed: &str, denied: &str) -> Content {
    policy((0..5_000).flat_map(|number| {
        let resource = |name: &str| format!("\"arn:aws:s3:::{name}-{number}/*\"");
        [
            statement("Allow", r#""s3:GetObject""#, "Resource", &resource(allowed)),
            statement("Deny", r#""s3:Get*""#, "Resource", &resource(denied)),
        ]
    }))
}

#[test]
fn each_of_thousands_of_deny_statements_takes_away_what_it_covers() {
    let nothing = judged(&pairs("cards", "cards"));
    assert_eq!(nothing.capabilities(), BTreeSet::new());
    assert!(all_were_compared(&nothing));

    let others = judged(&pairs("cards", "carts"));
    assert_eq!(others.capabilities(), [Capability::ReadsData].into());
    assert!(all_were_compared(&others));
}

#[test]
fn one_resource_that_no_deny_covers_is_found_among_thousands() {
    let mut content = pairs("cards", "cards");
    let one = statement(
        "Allow",
        r#""s3:GetObject""#,
        "Resource",
        r#""arn:aws:s3:::cards-5000/*""#,
    );
    let inline = content.inline.take().unwrap();
    content.inline = Some(inline.replace("]}", &format!(",{one}]}}")));
    let analysis = judged(&content);
    assert_eq!(analysis.capabilities(), [Capability::ReadsData].into());
    assert_eq!(analysis.findings[0].statement, Some(10_000));
    assert!(all_were_compared(&analysis));
}

#[test]
fn deny_statements_about_one_resource_are_compared_once() {
    let actions = CATALOGUE.actions.capabilities();
    let denies = actions.take(5_000).map(|(action, _)| {
        let action = format!("\"{action}\"");
        statement("Deny", &action, "Resource", r#""arn:aws:s3:::cards/*""#)
    });
    let allows = (0..5_000).map(|_| {
        statement(
            "Allow",
            r#"["s3:GetObject","s3:PutObject"]"#,
            "Resource",
            r#""arn:aws:s3:::cards/a*""#,
        )
    });
    let analysis = judged(&policy(denies.chain(allows)));
    assert!(all_were_compared(&analysis));
    assert!(
        analysis.has(Capability::ReadsData),
        "s3 is not among the first 5,000"
    );
}

/// Resources that are alike up to their first wildcard, so that each has to be compared with each.
fn alike(count: usize, last: char) -> String {
    let names: Vec<String> = (0..count)
        .map(|number| format!("\"arn:*{number}*{last}\""))
        .collect();
    format!("[{}]", names.join(","))
}

#[test]
fn what_is_not_compared_counts_against_the_set() {
    let allow = statement("Allow", r#""*""#, "Resource", &alike(1_500, 'a'));
    let deny = statement("Deny", r#""*""#, "Resource", &alike(1_500, 'b'));
    let spare = statement("Deny", r#""*""#, "NotResource", &alike(1_500, 'b'));
    for second in [deny, spare] {
        let analysis = judged(&policy([allow.clone(), second]));
        assert!(!all_were_compared(&analysis));
        assert!(analysis.has(Capability::Administrator));
    }
    let within = Content {
        boundary: Some(Boundary::Managed(
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore".into(),
        )),
        ..policy([allow])
    };
    let analysis = judged(&within);
    assert!(
        !analysis.has(Capability::Administrator),
        "actions are cheap"
    );
}

#[test]
fn thirty_two_kilobytes_of_wildcards_are_judged_without_leaving_anything_out() {
    let actions: Vec<String> = (0..2_000)
        .map(|number| format!("\"*:*{number}*\""))
        .collect();
    let actions = format!("[{}]", actions.join(","));
    let analysis = judged(&policy([statement(
        "Allow", &actions, "Resource", r#""*""#,
    )]));
    assert!(analysis.has(Capability::Unknown) && all_were_compared(&analysis));
}

#[test]
fn every_managed_policy_is_compared_in_full() {
    for arn in CATALOGUE.policies.arns() {
        let content = Content {
            managed: [arn.to_owned()].into(),
            ..Content::default()
        };
        assert!(all_were_compared(&judged(&content)), "{arn}");
    }
}
