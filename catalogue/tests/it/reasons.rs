//! What findings and notes say: nothing as a fact that nobody has looked at, and nothing that AWS does not say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::LazyLock;

use catalogue::Catalogue;
use domain::permission_set::{
    Content,
    analysis::{Analysis, Capability, Finding, analyse},
};

static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

fn of(statements: &str) -> Analysis {
    let content = Content {
        inline: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        )),
        ..Content::default()
    };
    analyse(&content, &*EMBEDDED)
}

fn allow(actions: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}"#)
}

fn finding(analysis: &Analysis, capability: Capability) -> Finding {
    let mut findings = analysis.findings.iter();
    findings
        .find(|one| one.capability == capability)
        .unwrap()
        .clone()
}

#[test]
fn what_nobody_has_reviewed_is_not_told_as_a_fact() {
    let reads = Capability::ReadsData;
    let analysis = of(&allow(r#"["waf:GetRule","waf:GetWebACL"]"#));
    let found = finding(&analysis, reads);
    assert_eq!(
        found.reason,
        "Counts as reading data, because nobody has reviewed what these actions return."
    );
    assert_eq!((found.unreviewed, found.count()), (2, 2));
    assert!(
        analysis.explanation(reads).contains("Nobody has reviewed"),
        "{}",
        analysis.explanation(reads)
    );
    let rights = Capability::GrantsRights;
    let analysis = of(&allow(r#""monitron:ListProjectAdminUsers""#));
    let found = finding(&analysis, rights);
    assert!(found.reason.contains("nobody has reviewed"), "{found:?}");
    assert!(analysis.explanation(rights).contains("Nobody has reviewed"));

    let analysis = of(&allow(r#"["waf:GetRule","s3:GetObject","dynamodb:Scan"]"#));
    let found = finding(&analysis, reads);
    assert!(
        found
            .reason
            .starts_with("Can read data that could be card data, or secrets.")
            && found.reason.ends_with(
                " 1 of these 3 actions counts as such only because nobody has reviewed it."
            ),
        "{found:?}"
    );
    assert_eq!(found.unreviewed, 1);
    assert_eq!(analysis.explanation(reads), reads.explanation());

    let analysis = of(&allow(r#"["s3:GetObject","dynamodb:Scan"]"#));
    let found = finding(&analysis, reads);
    assert!(!found.reason.contains("review"), "{found:?}");
    assert_eq!(found.unreviewed, 0);
}

/// Whatever a finding says, it says of unreviewed actions that they are.
#[test]
fn each_finding_of_a_managed_policy_tells_which_of_its_actions_are_unreviewed() {
    let mut unreviewed = 0;
    for arn in EMBEDDED.policies.arns() {
        let content = Content {
            managed: [arn.to_owned()].into(),
            ..Content::default()
        };
        for found in analyse(&content, &*EMBEDDED).findings {
            let told = found.reason.contains("nobody has reviewed");
            if found.capability != Capability::Administrator {
                assert_eq!(told, found.unreviewed > 0, "{arn}: {found:?}");
            }
            unreviewed += usize::from(found.is_unreviewed());
        }
    }
    assert!(unreviewed > 500, "{unreviewed}");
}

#[test]
fn a_condition_key_with_a_variable_part_is_a_key_of_its_service() {
    let reason = |key: &str| {
        let analysis = of(&format!(
            r#"{{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{{"StringEquals":{{"{key}":"x"}}}}}}"#
        ));
        analysis.findings[0].reason.clone()
    };
    for key in [
        "kms:EncryptionContext:purpose",
        "kms:EncryptionContext:aws:s3:arn",
        "KMS:encryptioncontext:a/b",
        "kms:EncryptionContextKeys",
    ] {
        let found = reason(key);
        assert!(!found.contains("no condition key"), "{key}: {found}");
    }
    let found = reason("kms:EncryptionContexts:purpose");
    assert!(found.contains("kms has no condition key"), "{found}");
}

#[test]
fn a_statement_for_a_further_resource_of_an_action_is_no_mistake() {
    let run = |resource: &str| {
        format!(r#"{{"Effect":"Allow","Action":"ssm:SendCommand","Resource":"{resource}"}}"#)
    };
    let document = run("arn:aws:ssm:*:*:document/AWS-RunShellScript");
    let instance = run("arn:aws:ec2:*:*:instance/*");
    assert_eq!(of(&format!("{document},{instance}")).notes, [""; 0]);
    assert_eq!(
        of(&instance).notes,
        [
            "Statement 1: ssm:SendCommand also needs a resource of another kind, which no statement allows, so it allows nothing."
        ]
    );
    assert_eq!(
        of(&run("arn:aws:sqs:*:*:acme")).notes,
        [
            "Statement 1: ssm:SendCommand has none of the resources of the statement, so it allows nothing."
        ]
    );
}

#[test]
fn a_name_without_effect_is_told_of_each_kind_of_statement() {
    let statement = |effect: &str, element: &str, name: &str| {
        format!(r#"{{"Effect":"{effect}","{element}":"{name}","Resource":"*"}}"#)
    };
    for (effect, element, verb) in [
        ("Allow", "Action", "allows"),
        ("Deny", "Action", "denies"),
        ("Allow", "NotAction", "excepts"),
        ("Deny", "NotAction", "excepts"),
    ] {
        let notes = of(&statement(effect, element, "iam:DeleteRolle")).notes;
        let note = format!(
            "Statement 1: iam:deleterolle matches no action of iam, so it {verb} nothing. Did you mean iam:DeleteRole?"
        );
        assert!(notes.contains(&note), "{effect} {element}: {notes:?}");
    }
    let notes = of(&statement("Deny", "Action", "dinamodb:*")).notes;
    assert_eq!(
        notes,
        ["Statement 1: dinamodb is no service of the catalogue. Did you mean dynamodb?"]
    );
    // One under a condition is no less mistyped.
    let conditional = r#"{"Effect":"Deny","Action":"s3:DeleteObjekt","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
    assert_eq!(of(conditional).notes.len(), 1);
}

#[test]
fn what_aws_refuses_although_it_is_understood_is_told() {
    let analysis = of(
        r#"{"Sid":"Reads","Effect":"Allow","Action":"s3:ListBucket","Resource":"*"},
           {"Sid":"Reads","Effect":"Allow","Action":"s3:GetBucketLocation","Resource":"*","Condition":{"ForAnyValue:StringEqualz":{"aws:SourceVpc":"x"}}}"#,
    );
    let refused: Vec<&String> = analysis
        .notes
        .iter()
        .filter(|note| note.contains("AWS refuses the policy"))
        .collect();
    assert_eq!(refused.len(), 2, "{:?}", analysis.notes);
    assert!(
        refused[0].contains("\"ForAnyValue:StringEqualz\" is no condition operator; did you mean StringEquals? (line 2"),
        "{refused:?}"
    );
    assert!(
        refused[1].contains("Statement 2: AWS refuses the policy, because the Sid \"Reads\" is that of an earlier statement (line 2"),
        "{refused:?}"
    );
    assert!(!analysis.has(Capability::Unknown), "it is understood");
    // No managed policy of AWS has such a fault.
    for arn in EMBEDDED.policies.arns() {
        let content = Content {
            managed: [arn.to_owned()].into(),
            ..Content::default()
        };
        let notes = analyse(&content, &*EMBEDDED).notes;
        assert!(
            !notes.iter().any(|note| note.contains("AWS refuses")),
            "{arn}: {notes:?}"
        );
    }
}
