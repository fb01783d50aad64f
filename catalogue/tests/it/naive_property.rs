//! The analysis never says less than a naive evaluator with labels of another source finds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use catalogue::Catalogue;
use domain::permission_set::{
    Content,
    analysis::{Analysis, Capability, analyse},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::naive::{self, Context, Label};

/// Actions that the review calls metadata and the other source a change. Each has a reason in the review.
const SETTLED: &[&str] = &[
    "backup:ListIndexedRecoveryPointsForSearch",
    "bedrock:Rerank",
    "ec2:ConfirmProductInstance",
    "ecs:DiscoverPollEndpoint",
    "glue:CreateScript",
    "glue:GetExecutors",
    "glue:GetLogParsingStatus",
    "glue:GetNotebookInstanceStatus",
    "glue:GetStageAttemptTaskSummary",
    "glue:GetStorage",
    "glue:GetStorageUnit",
    "glue:ListConnectionTypes",
    "glue:ListEntities",
    "kafka-cluster:Connect",
    "kms:GenerateRandom",
    "kms:Verify",
    "macie2:TestCustomDataIdentifier",
];

/// What a session has. The second value has a slash, as a tag can.
const CONTEXT: &Context = &[
    ("aws:username", "anna"),
    ("aws:PrincipalTag/team", "cards/x1"),
];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
static LABELS: LazyLock<BTreeMap<String, Label>> = LazyLock::new(naive::labels);
static JUDGED: LazyLock<BTreeMap<String, Vec<Capability>>> =
    LazyLock::new(|| CATALOGUE.actions.capabilities().collect());

/// The actions that policies are made of: those of a few services with many kinds of resources, and metadata of all.
static ACTIONS: LazyLock<Vec<String>> = LazyLock::new(|| of_services(|_| true));
static METADATA: LazyLock<Vec<String>> =
    LazyLock::new(|| of_services(|judged| judged == [Capability::Metadata]));

fn of_services(fits: impl Fn(&[Capability]) -> bool) -> Vec<String> {
    const SERVICES: &[&str] = &[
        "s3",
        "iam",
        "ec2",
        "kms",
        "dynamodb",
        "logs",
        "cloudwatch",
        "lambda",
        "kafka-cluster",
        "ecr",
        "backup",
        "cognito-idp",
        "glue",
        "sts",
        "secretsmanager",
        "sqs",
        "ssm",
    ];
    JUDGED
        .iter()
        .filter(|(name, judged)| {
            SERVICES.contains(&name.split(':').next().unwrap()) && fits(judged)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// Fills the variables of a template.
fn filled(template: &str, name: &str) -> String {
    let mut arn = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').unwrap();
        arn.push_str(before);
        arn.push_str(match variable {
            "Partition" => "aws",
            "Region" => "eu-central-1",
            "Account" => "115263748590",
            _ => name,
        });
        rest = after;
    }
    arn + rest
}

const NAMES: &[&str] = &["cards", "anna", "org-trail", "x1", "ä1"];

/// The calls of an action, each with the resources that all have to be allowed.
fn calls(label: &Label) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    for name in NAMES {
        if !label.needed.is_empty() {
            calls.push(label.needed.iter().map(|arn| filled(arn, name)).collect());
        } else if label.possible.is_empty() {
            return vec![vec!["*".to_owned()]];
        } else {
            calls.extend(label.possible.iter().map(|arn| vec![filled(arn, name)]));
        }
    }
    calls
}

/// Changes a text as the authors of policies do: a star or a question mark anywhere, other letters.
fn with_wildcards(text: &str, how: u8, place: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    // What stands before stays, or else no pattern is valid.
    let start = if text.starts_with("arn:") {
        4
    } else {
        text.find(':').map_or(0, |at| at + 1)
    };
    if letters.len() <= start {
        return text.to_owned();
    }
    let at = start + place % (letters.len() - start);
    let (before, after): (String, String) = (
        letters[..at].iter().collect(),
        letters[at + 1..].iter().collect(),
    );
    match how % 8 {
        0 => before + "*",
        1 => before + "?" + &after,
        2 => before + "*" + &after,
        3 if text.starts_with("arn:") => text.replace("anna", "${aws:username}"),
        3 => text.to_uppercase(),
        4 if text.starts_with("arn:") => text.replace("cards/x1", "${aws:PrincipalTag/team}"),
        _ => text.to_owned(),
    }
}

fn an_action() -> impl Strategy<Value = String> {
    let name = prop_oneof![2 => select(&**ACTIONS), 5 => select(&**METADATA)];
    prop_oneof![
        12 => (name, any::<u8>(), any::<usize>()).prop_map(|(name, how, place)| with_wildcards(&name, how, place)),
        1 => select(vec!["*", "s3:*", "*:List*", "kms:*", "lambda:Get*", "c*:Get*"]).prop_map(str::to_owned),
    ]
}

fn a_resource() -> impl Strategy<Value = String> {
    let arns: Vec<String> = ACTIONS
        .iter()
        .filter_map(|action| LABELS.get(action))
        .flat_map(|label| label.needed.iter().chain(&label.possible).cloned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let names: Vec<&str> = NAMES
        .iter()
        .copied()
        .chain(["*", "cards/x1", "cards/*", "${*}", ""])
        .collect();
    prop_oneof![
        3 => Just("*".to_owned()),
        6 => (select(arns), select(names), any::<u8>(), any::<usize>())
            .prop_map(|(arn, name, how, place)| with_wildcards(&filled(&arn, name), how, place)),
    ]
}

fn a_statement() -> impl Strategy<Value = Value> {
    (
        (0..8_u8, 0..8_u8, 0..6_u8, 0..5_u8),
        vec(an_action(), 1..5),
        vec(a_resource(), 1..4),
    )
        .prop_map(
            |((effect, not_action, not_resource, condition), actions, resources)| {
                let mut statement = json!({});
                let deny = effect < 3;
                statement["Effect"] = json!(if deny { "Deny" } else { "Allow" });
                // NotAction with Allow makes nearly every set an administrator, so it is less frequent than with Deny.
                let negated = not_action == 0 || deny && not_action < 3;
                statement[if negated { "NotAction" } else { "Action" }] = json!(actions);
                statement[if not_resource == 0 {
                    "NotResource"
                } else {
                    "Resource"
                }] = json!(resources);
                if condition == 0 {
                    statement["Condition"] =
                        json!({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}});
                }
                statement
            },
        )
}

fn a_policy() -> impl Strategy<Value = Value> {
    (vec(a_statement(), 1..5), 0..5_u8).prop_map(|(statements, old)| {
        let version = if old == 0 { "2008-10-17" } else { "2012-10-17" };
        json!({"Version": version, "Statement": statements})
    })
}

fn analysis_of(policy: &Value) -> Analysis {
    let content = Content {
        inline: Some(policy.to_string()),
        ..Content::default()
    };
    analyse(&content, &*CATALOGUE)
}

/// Returns the services that the Allow statements name; none if they can cover any.
fn services_of(policy: &Value) -> Option<BTreeSet<String>> {
    let mut services = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        if statement["Effect"] == "Allow" {
            for pattern in statement.get("Action")?.as_array().unwrap() {
                let (service, _) = pattern.as_str().unwrap().split_once(':')?;
                if service.contains('*') {
                    return None;
                }
                services.insert(service.to_lowercase());
            }
        }
    }
    Some(services)
}

/// Returns what the analysis does not say and the naive evaluator finds.
fn contradictions(policy: &Value, analysis: &Analysis) -> Vec<String> {
    let found = analysis.capabilities();
    let metadata_only = found.iter().all(|one| *one == Capability::Metadata);
    let mut wrong = Vec::new();
    let services = services_of(policy);
    for (action, label) in &*LABELS {
        let service = &action[..action.find(':').unwrap()];
        if services
            .as_ref()
            .is_some_and(|services| !services.contains(service))
        {
            continue;
        }
        let judged = JUDGED.get(action);
        let dangerous = metadata_only && label.is_a_change() && !SETTLED.contains(&&**action);
        let untold = judged.is_some_and(|judged| !judged.iter().all(|one| found.contains(one)));
        // The evaluator is slow, so it is asked only where a yes would be a contradiction.
        if !dangerous && !untold {
            continue;
        }
        // Most actions are covered by no pattern on any resource.
        if !naive::allows_somewhere(policy, action) {
            continue;
        }
        if wrong.len() == 10 {
            break;
        }
        let allowed = |resource: &String| naive::allows(&[policy], action, resource, CONTEXT);
        if let Some(call) = calls(label).iter().find(|call| call.iter().all(allowed)) {
            wrong.push(format!(
                "{action} ({}, {judged:?}) on {call:?}",
                label.level
            ));
        }
    }
    wrong
}

/// As many as take half a minute without optimization.
const CASES: u32 = 48;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_naive_evaluator_allows_is_among_the_capabilities(policy in a_policy()) {
        let analysis = analysis_of(&policy);
        let wrong = contradictions(&policy, &analysis);
        prop_assert!(wrong.is_empty(), "{policy:#}\n{:?}\n{}", analysis.capabilities(), wrong.join("\n"));
    }

    #[test]
    fn metadata_only_never_contradicts_an_evaluation_that_allows_a_change(
        actions in vec(select(&**METADATA), 1..40),
        denied in vec(a_statement(), 0..3),
        version in select(vec!["2008-10-17", "2012-10-17"]),
    ) {
        let mut statements = vec![json!({"Effect": "Allow", "Action": actions, "Resource": "*"})];
        statements.extend(denied);
        let policy = json!({"Version": version, "Statement": statements});
        let analysis = analysis_of(&policy);
        let wrong = contradictions(&policy, &analysis);
        prop_assert!(wrong.is_empty(), "{policy:#}\n{:?}\n{}", analysis.capabilities(), wrong.join("\n"));
    }
}

/// The whole of the review at once: every action that it calls metadata, in one set.
#[test]
fn all_metadata_together_contradicts_no_label_that_is_not_settled() {
    let metadata: Vec<&String> = JUDGED
        .iter()
        .filter(|(_, judged)| **judged == [Capability::Metadata])
        .map(|(name, _)| name)
        .collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": metadata, "Resource": "*"}],
    });
    let analysis = analysis_of(&policy);
    assert_eq!(analysis.capabilities(), [Capability::Metadata].into());
    assert_eq!(contradictions(&policy, &analysis), Vec::<String>::new());
    for action in SETTLED {
        assert_eq!(JUDGED[*action], [Capability::Metadata], "{action}");
        assert!(LABELS[*action].is_a_change(), "{action}");
    }
}
