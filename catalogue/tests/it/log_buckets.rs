//! What counts as writing to a bucket of logs: declared ones, names, and what Deny statements and boundaries leave of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::LazyLock;

use catalogue::Catalogue;
use domain::permission_set::{
    Content,
    analysis::{self, ActionCatalogue, Capability, LogBuckets, analyse},
};

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

/// The embedded data with other log buckets.
struct With(LogBuckets);

impl analysis::Catalogue for With {
    fn document(&self, arn: &str) -> Option<&str> {
        EMBEDDED.document(arn)
    }

    fn actions(&self) -> &ActionCatalogue {
        &EMBEDDED.actions
    }

    fn log_buckets(&self) -> &LogBuckets {
        &self.0
    }
}

fn declared() -> With {
    With(LogBuckets::declared(&["arn:aws:s3:::acme-evidence".to_owned()]).unwrap())
}

/// Returns why the statements are about logs, if they are.
fn reason(statements: &str, with: &With) -> Option<String> {
    let content = Content {
        inline: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        )),
        ..Content::default()
    };
    let findings = analyse(&content, with).findings.into_iter();
    findings
        .filter(|one| one.capability == Capability::LogsAndGuardrails)
        .map(|one| one.reason)
        .next()
}

fn write(element: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":["s3:PutObject","s3:PutBucketPolicy"],{element}}}"#)
}

#[test]
fn the_reason_names_what_could_be_a_bucket_of_logs() {
    let undeclared = With(LogBuckets::NotDeclared);
    for (resource, words) in [
        (
            "arn:aws:s3:::acme-logs/*",
            ": arn:aws:s3:::acme-logs/* has the word logs in the name of the bucket.",
        ),
        (
            "arn:aws:s3:::acme-*",
            ": arn:aws:s3:::acme-* can match a name with the word log.",
        ),
        ("*", ": * can match any bucket."),
        ("arn:aws:s3:::*/reports/*", "can match any bucket."),
        (
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/web/object/*",
            "can match an access point, whose bucket is not in its ARN.",
        ),
    ] {
        let found = reason(&write(&format!(r#""Resource":"{resource}""#)), &undeclared);
        let found = found.unwrap_or_default();
        assert!(found.contains(words), "{resource}: {found}");
    }
    let found = reason(&write(r#""Resource":"arn:aws:s3:::acme-*/*""#), &declared());
    assert!(
        found.clone().unwrap_or_default().contains(
            "arn:aws:s3:::acme-*/* can match arn:aws:s3:::acme-evidence, which is declared"
        ),
        "{found:?}"
    );
    let found = reason(
        &write(r#""Resource":"arn:aws:s3:::acme-logs/*""#),
        &declared(),
    );
    assert_eq!(found, None, "not declared");
}

#[test]
fn what_is_denied_on_declared_buckets_is_not_about_logs() {
    let both = r#"["arn:aws:s3:::acme-evidence","arn:aws:s3:::acme-evidence/*","arn:aws:s3:*:*:accesspoint/*"]"#;
    let deny = |element: &str| format!(r#"{{"Effect":"Deny","Action":"s3:*",{element}}}"#);
    let all = write(r#""Resource":"arn:aws:s3:::*""#);
    let is_about_logs = |deny: &str| reason(&format!("{all},{deny}"), &declared()).is_some();
    assert!(reason(&all, &declared()).is_some());
    assert!(!is_about_logs(&deny(&format!(r#""Resource":{both}"#))));
    // The policy of the bucket can still be changed.
    let objects = deny(r#""Resource":"arn:aws:s3:::acme-evidence/*""#);
    let left = reason(&format!("{all},{objects}"), &declared());
    assert!(left.is_some());
    // A condition can be false.
    let conditional = deny(&format!(
        r#""Resource":{both},"Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"false"}}}}"#
    ));
    assert!(is_about_logs(&conditional));
    // Only what is spared is left.
    assert!(!is_about_logs(&deny(
        r#""NotResource":["arn:aws:s3:::acme-web","arn:aws:s3:::acme-web/*"]"#
    )));
    assert!(is_about_logs(&deny(
        r#""NotResource":["arn:aws:s3:::acme-e*","arn:aws:s3:::acme-e*/*"]"#
    )));
    // What an Allow leaves out is not given.
    let allow = write(&format!(r#""NotResource":{both}"#));
    let left = reason(&allow, &declared());
    assert!(
        left.clone().unwrap_or_default().contains("access point"),
        "of another partition: {left:?}"
    );
}

#[test]
fn a_boundary_of_one_bucket_leaves_no_other() {
    let content = |boundary: &str| Content {
        inline: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            write(r#""Resource":"*""#)
        )),
        boundary: Some(analysis_boundary(boundary)),
        ..Content::default()
    };
    let has =
        |boundary: &str| analyse(&content(boundary), &Shelf).has(Capability::LogsAndGuardrails);
    assert!(!has("web"));
    assert!(has("logs"));
}

fn analysis_boundary(name: &str) -> domain::permission_set::Boundary {
    domain::permission_set::Boundary::Managed(name.to_owned())
}

/// Two boundaries.
struct Shelf;

impl analysis::Catalogue for Shelf {
    fn document(&self, arn: &str) -> Option<&str> {
        match arn {
            "web" => Some(
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-web/*"}}"#,
            ),
            "logs" => Some(
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-logs/*"}}"#,
            ),
            _ => None,
        }
    }

    fn actions(&self) -> &ActionCatalogue {
        &EMBEDDED.actions
    }

    fn log_buckets(&self) -> &LogBuckets {
        &LogBuckets::NotDeclared
    }
}
