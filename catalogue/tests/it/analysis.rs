//! A table of permission sets and what they allow.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use catalogue::Catalogue;
use domain::permission_set::{
    Boundary, Content, CustomerPolicy,
    analysis::{
        self, ActionCatalogue, Analysis, Capability, LogBuckets, PolicyRef, against_standing,
        analyse, capability::Need, labels,
    },
};

/// A few policies by ARN, with the embedded actions.
struct Shelf(HashMap<&'static str, &'static str>);

/// Unpacked once, because it is large.
static EMBEDDED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::embedded().expect("the embedded data is readable"));

impl analysis::Catalogue for Shelf {
    fn document(&self, arn: &str) -> Option<&str> {
        self.0.get(arn).copied()
    }

    fn actions(&self) -> &ActionCatalogue {
        &EMBEDDED.actions
    }

    fn log_buckets(&self) -> &LogBuckets {
        &EMBEDDED.log_buckets
    }
}

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const POWER_USER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const IAM_FULL: &str = "arn:aws:iam::aws:policy/IAMFullAccess";
const LISTS: &str = "arn:aws:iam::aws:policy/job-function/Lists";
const S3_ONLY: &str = "arn:aws:iam::aws:policy/S3Only";
const DENY_ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";
const BROKEN: &str = "arn:aws:iam::aws:policy/Broken";

fn shelf() -> Shelf {
    Shelf(HashMap::from([
        (
            ADMINISTRATOR,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        ),
        (
            POWER_USER,
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
                {"Effect":"Allow","Action":["iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
        ),
        (
            IAM_FULL,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:ListRoots"],"Resource":"*"}]}"#,
        ),
        (
            LISTS,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:ListMetrics","s3:ListAllMyBuckets"],"Resource":"*"}]}"#,
        ),
        (
            S3_ONLY,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}"#,
        ),
        (
            DENY_ALL,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*"}]}"#,
        ),
        (
            BROKEN,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*","Foo":1}]}"#,
        ),
    ]))
}

fn inline(statements: &str) -> Content {
    Content {
        inline: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        )),
        session_seconds: 3600,
        ..Content::default()
    }
}

fn managed(arns: &[&str]) -> Content {
    Content {
        managed: arns.iter().map(ToString::to_string).collect(),
        session_seconds: 3600,
        ..Content::default()
    }
}

fn capabilities(content: &Content) -> BTreeSet<Capability> {
    analyse(content, &shelf()).capabilities()
}

/// A policy that allows one action on all resources.
fn allow(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#)
}

/// The capabilities that production PCI allows nobody to keep.
fn blocked() -> BTreeSet<Capability> {
    let all = Capability::ALL.into_iter();
    all.filter(|one| one.standing_in_production_pci() == Need::Blocked)
        .collect()
}

const A: Capability = Capability::Administrator;
const G: Capability = Capability::GrantsRights;
const I: Capability = Capability::Identity;
const L: Capability = Capability::LogsAndGuardrails;
const U: Capability = Capability::Unknown;
const X: Capability = Capability::RunsCode;
const N: Capability = Capability::UnreviewedChange;
const C: Capability = Capability::Changes;
const D: Capability = Capability::ReadsData;
const K: Capability = Capability::ReadsConfiguration;
const B: Capability = Capability::Billing;
const M: Capability = Capability::Metadata;
/// Everything that the catalogue can give, without what cannot be read.
const ALL: &[Capability] = &[A, G, I, L, X, N, C, D, K, B, M];

/// One action each, on all resources.
const SINGLE_ACTIONS: &[(&str, &[Capability])] = &[
    // Everything, in any spelling.
    ("*", ALL),
    ("**", ALL),
    ("*:*", ALL),
    ("i*:*", &[A, G, I, L, U, X, N, C, D, K, B, M]),
    ("iam:*", &[A, G, I, L, X, C, K, M]),
    ("IAM:*", &[A, G, I, L, X, C, K, M]),
    ("iam:*?*", &[A, G, I, L, X, C, K, M]),
    ("*:Put*", &[G, I, L, U, X, N, C, D, B]),
    // Rights.
    ("iam:Pass*", &[G, X]),
    ("iam:passrole", &[G, X]),
    ("iam:CreatePolicyVersion", &[G]),
    ("iam:AttachRolePolicy", &[G]),
    ("iam:Attach*Policy", &[G]),
    ("iam:UpdateAssumeRolePolicy", &[G]),
    ("iam:CreateAccessKey", &[G]),
    ("iam:DeleteRolePermissionsBoundary", &[G]),
    ("iam:CreateSAMLProvider", &[G, I]),
    ("sts:AssumeRole", &[G]),
    ("sts:Assume*", &[G]),
    ("lambda:UpdateFunctionCode", &[X, D]),
    ("codebuild:StartBuild", &[X]),
    ("eks:AssociateAccessPolicy", &[G]),
    // Identity Center and the organization.
    ("sso:CreateAccountAssignment", &[G, I]),
    ("sso:*", &[G, I, C, D, K, M]),
    ("SSO:Put*", &[G, I]),
    ("identitystore:CreateGroupMembership", &[I]),
    ("sso-directory:AddMemberToGroup", &[I]),
    ("organizations:RegisterDelegatedAdministrator", &[I, L]),
    ("organizations:DetachPolicy", &[I, L]),
    ("organizations:LeaveOrganization", &[I, L]),
    ("sso:DeleteAccountAssignment", &[I]),
    // Logs and guardrails.
    ("cloudtrail:StopLogging", &[L]),
    ("cloudtrail:*", &[G, I, L, C, D, K, M]),
    ("config:StopConfigurationRecorder", &[L]),
    ("guardduty:DeleteDetector", &[L]),
    ("securityhub:BatchDisableStandards", &[L]),
    ("logs:DeleteLogGroup", &[L]),
    ("access-analyzer:DeleteAnalyzer", &[L]),
    ("s3:DeleteObject", &[L, C]),
    // Data, code and changes.
    ("s3:GetObject", &[D]),
    ("s3:Get?bject", &[D]),
    ("s3:*", &[G, L, X, C, D, K, M]),
    ("s3:Get*", &[D, K, M]),
    ("dynamodb:Scan", &[D]),
    ("rds-data:*", &[X, C, D]),
    ("athena:GetQueryResults", &[D]),
    ("secretsmanager:GetSecretValue", &[D]),
    ("ssm:GetParameter*", &[D]),
    ("kms:Decrypt", &[D]),
    ("logs:Filter*", &[D]),
    ("sqs:ReceiveMessage", &[D]),
    ("ec2:ModifySnapshotAttribute", &[G]),
    ("lambda:GetFunction", &[D]),
    ("lambda:InvokeFunction", &[X, D]),
    ("lambda:InvokeAsync", &[X, D]),
    ("lambda:InvokeFunctionUrl", &[X, D]),
    ("states:StartExecution", &[X]),
    ("states:StartSyncExecution", &[X, D]),
    ("execute-api:Invoke", &[C, D]),
    ("appsync:GraphQL", &[C, D]),
    ("ec2:CreateSnapshot", &[C, D]),
    ("ec2:CreateSnapshots", &[C, D]),
    ("ec2:CreateImage", &[C, D]),
    ("ec2:CopySnapshot", &[C, D]),
    ("ec2:CopyImage", &[C, D]),
    ("ec2:CreateVolume", &[C, D]),
    ("ec2:AttachVolume", &[X, C, D]),
    ("rds:CreateDBSnapshot", &[C, D]),
    ("dynamodb:CreateBackup", &[C, D]),
    ("dynamodb:UpdateItem", &[C, D]),
    ("logs:Unmask", &[D]),
    ("macie2:GetSensitiveDataOccurrences", &[D]),
    ("codepipeline:PollForJobs", &[C, D]),
    ("cloudshell:CreateSession", &[X]),
    ("ssm:StartSession", &[X]),
    ("ecs:ExecuteCommand", &[X, D]),
    // Neither rights nor content.
    ("ec2:Describe*", &[D, K, B, M]),
    ("s3:List*", &[K, M]),
    ("s3:GetBucket*", &[K, M]),
    ("cloudwatch:GetMetricData", &[M]),
    ("iam:Get*", &[K, M]),
    ("ec2:RebootInstances", &[C]),
    ("ec2:DeleteSnapshot", &[L]),
    ("lambda:List*", &[D, K, M]),
    ("states:ListExecutions", &[M]),
    ("apigateway:GET", &[D]),
    ("events:PutEvents", &[C]),
    // Nothing that is valid in IAM.
    ("s3", &[U]),
    ("", &[U]),
    ("s3:Get Object", &[U]),
    ("s3:GetObj\u{435}ct", &[U]),
    ("\u{455}3:GetObject", &[U]),
    ("s3:GetObject\u{200b}", &[U]),
    ("\\u0073\\u0033:GetObject", &[D]),
];

#[test]
fn single_actions_have_the_capabilities_they_have() {
    let mut wrong = Vec::new();
    for (action, expected) in SINGLE_ACTIONS {
        let expected: BTreeSet<Capability> = expected.iter().copied().collect();
        let found = capabilities(&inline(&allow(action)));
        if found != expected {
            wrong.push(format!("{action}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_samples_of_the_guardrails_come_out_as_they_must() {
    let clone = inline(&allow("*"));
    assert!(analyse(&managed(&[ADMINISTRATOR]), &shelf()).has(A));
    assert_eq!(
        capabilities(&clone),
        capabilities(&managed(&[ADMINISTRATOR])),
        "a renamed copy has the same permissions"
    );
    // A harmless managed policy with an inline `*` next to it.
    let disguised = Content {
        inline: clone.inline,
        ..managed(&[LISTS])
    };
    assert!(analyse(&disguised, &shelf()).has(A));

    assert!(analyse(&managed(&[POWER_USER]), &shelf()).has(A));
    assert!(analyse(&managed(&[IAM_FULL]), &shelf()).has(A));
    let all_but_billing =
        inline(r#"{"Effect":"Allow","NotAction":["aws-portal:*","billing:*"],"Resource":"*"}"#);
    assert!(analyse(&all_but_billing, &shelf()).has(A));

    let mut customer = managed(&[LISTS]);
    customer.customer.insert(CustomerPolicy {
        name: "Support".into(),
        path: "/ops/".into(),
    });
    let analysis = analyse(&customer, &shelf());
    assert_eq!(analysis.capabilities(), [U, M].into());
    assert_eq!(
        analysis.findings[0].policy,
        PolicyRef::Customer("/ops/Support".into())
    );

    let harmless = analyse(&managed(&[LISTS]), &shelf());
    assert_eq!(harmless.capabilities(), [M].into());
    assert_eq!(harmless.standing_in_production_pci(), Need::TwoApprovals);
    assert!(against_standing(&managed(&[LISTS]), &shelf(), &blocked()).is_empty());
    assert_eq!(
        analyse(&Content::default(), &shelf()),
        Analysis::default(),
        "nothing allows nothing"
    );
}

#[test]
fn a_managed_policy_without_text_is_unknown_and_an_administrator_by_name_is_both() {
    assert_eq!(
        capabilities(&managed(&["arn:aws:iam::aws:policy/NewThing"])),
        [U].into()
    );
    assert_eq!(
        capabilities(&managed(&[
            "arn:aws-cn:iam::aws:policy/AdministratorAccess"
        ])),
        [A, U].into()
    );
}

#[test]
fn all_but_a_list_is_everything_else() {
    let most = |list: &str| {
        capabilities(&inline(&format!(
            r#"{{"Effect":"Allow","NotAction":{list},"Resource":"*"}}"#
        )))
    };
    assert_eq!(most(r#""s3:*""#), ALL.iter().copied().chain([U]).collect());
    // User pools and directories hold identities too.
    let without_iam = most(
        r#"["iam:*","sts:*","organizations:*","sso:*","sso-directory:*","identitystore:*","identity-sync:*","sso-oauth:*"]"#,
    );
    assert!(without_iam.contains(&I));
    // So few of the known services remain that it is no administrator, but what AWS adds is still unknown.
    let few = most(
        r#"["a*:*","b*:*","c*:*","d*:*","e*:*","f*:*","g*:*","i*:*","k*:*","l*:*","m*:*","n*:*","o*:*","p*:*","q*:*","r*:*","s*:*","t*:*","v*:*","w*:*","x*:*"]"#,
    );
    assert!(few.contains(&U) && !few.contains(&A), "{few:?}");
}

#[test]
fn a_deny_takes_away_only_what_it_surely_denies() {
    let with =
        |deny: &str| capabilities(&inline(&format!("{},{deny}", allow("iam:CreateAccessKey"))));
    for deny in [
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"IAM:createaccesskey","Resource":["*"]}"#,
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
        r#"{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}"#,
    ] {
        assert_eq!(with(deny), BTreeSet::new(), "{deny}");
    }
    for deny in [
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}"#,
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{}}"#,
        r#"{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:user/*"}"#,
        r#"{"Effect":"Deny","Action":"iam:*","NotResource":"arn:aws:iam::*:user/me"}"#,
        r#"{"Effect":"Deny","Action":"iam:CreateAccess","Resource":"*"}"#,
        r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#,
    ] {
        assert_eq!(with(deny), [G].into(), "{deny}");
    }
}

#[test]
fn a_deny_in_one_policy_holds_for_the_others_unless_it_cannot_be_trusted() {
    assert_eq!(
        capabilities(&managed(&[ADMINISTRATOR, DENY_ALL])),
        BTreeSet::new()
    );
    let doubtful = capabilities(&managed(&[ADMINISTRATOR, BROKEN]));
    assert!(
        doubtful.contains(&A) && doubtful.contains(&U),
        "{doubtful:?}"
    );
}

#[test]
fn an_administrator_less_iam_is_still_near() {
    let content = inline(&format!(
        r#"{},{{"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}}"#,
        allow("*")
    ));
    let analysis = analyse(&content, &shelf());
    assert!(analysis.has(A));
    assert_eq!(analysis.summary(), "Administrator");
}

#[test]
fn many_statements_together_can_be_an_administrator() {
    let services = "iam sts organizations sso identitystore kms cloudtrail config guardduty securityhub ec2 s3 rds dynamodb \
        lambda secretsmanager ssm cloudformation logs cloudwatch events sns sqs ecs eks ecr elasticloadbalancing autoscaling \
        route53 cloudfront apigateway acm wafv2 backup elasticfilesystem elasticache redshift glue athena kinesis firehose \
        states codebuild codepipeline codecommit cognito-idp sagemaker";
    let without_iam: Vec<String> = services
        .split_whitespace()
        .skip(1)
        .map(|service| allow(&format!("{service}:*")))
        .collect();
    assert!(capabilities(&inline(&without_iam.join(","))).contains(&A));
    let few: Vec<String> = without_iam.iter().take(20).cloned().collect();
    assert!(!capabilities(&inline(&few.join(","))).contains(&A));
}

#[test]
fn a_boundary_holds_back_and_never_gives() {
    let bounded = |content: Content, boundary| {
        capabilities(&Content {
            boundary: Some(boundary),
            ..content
        })
    };
    let managed_boundary = |arn: &str| Boundary::Managed(arn.to_owned());
    assert_eq!(
        bounded(managed(&[ADMINISTRATOR]), managed_boundary(LISTS)),
        [M].into()
    );
    assert_eq!(
        bounded(managed(&[ADMINISTRATOR]), managed_boundary(DENY_ALL)),
        BTreeSet::new()
    );
    assert_eq!(
        bounded(managed(&[ADMINISTRATOR]), managed_boundary(ADMINISTRATOR)),
        ALL.iter().copied().collect()
    );
    assert_eq!(
        bounded(managed(&[LISTS]), managed_boundary(ADMINISTRATOR)),
        [M].into(),
        "a boundary alone allows nothing"
    );
    let s3 = bounded(managed(&[ADMINISTRATOR]), managed_boundary(S3_ONLY));
    assert_eq!(s3, capabilities(&managed(&[S3_ONLY])));
    assert!(s3.contains(&L) && s3.contains(&D) && !s3.contains(&I));
    // What cannot be read removes nothing.
    let theirs = Boundary::Customer(CustomerPolicy {
        name: "Limits".into(),
        path: "/".into(),
    });
    for unread in [
        theirs,
        managed_boundary("arn:aws:iam::aws:policy/Missing"),
        managed_boundary(BROKEN),
    ] {
        let content = Content {
            boundary: Some(unread),
            ..managed(&[ADMINISTRATOR])
        };
        assert_eq!(capabilities(&content), ALL.iter().copied().collect());
        assert!(labels::boundary_note(&content, &shelf()).is_some());
    }
    let read = Content {
        boundary: Some(managed_boundary(LISTS)),
        ..managed(&[ADMINISTRATOR])
    };
    assert_eq!(labels::boundary_note(&read, &shelf()), None);
}

#[test]
fn a_condition_never_speaks_for_an_allow_but_is_told() {
    let content = inline(
        r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}"#,
    );
    let analysis = analyse(&content, &shelf());
    assert_eq!(analysis.capabilities(), [D].into());
    assert!(
        analysis.findings[0].reason.contains("condition"),
        "{}",
        analysis.findings[0].reason
    );
}

#[test]
fn a_condition_key_is_told_with_every_service_that_does_not_have_it() {
    let reason = |actions: &str, condition: &str| {
        let allow = format!(
            r#"{{"Effect":"Allow","Action":{actions},"Resource":"*","Condition":{{"StringEquals":{condition}}}}}"#
        );
        analyse(&inline(&allow), &shelf()).findings[0]
            .reason
            .clone()
    };
    let two = r#"["dynamodb:GetItem","s3:GetObject"]"#;
    let own = reason(r#""dynamodb:GetItem""#, r#"{"dynamodb:LeadingKeys":"a"}"#);
    assert!(!own.contains("no condition key"), "{own}");
    let global = reason(
        two,
        r#"{"aws:PrincipalTag/team":"a","ec2:SourceInstanceArn":"b"}"#,
    );
    assert!(!global.contains("no condition key"), "{global}");
    let mistyped = reason(two, r#"{"aws:PrincipleTag/team":"a"}"#);
    assert!(
        mistyped.contains("dynamodb and s3 have no condition key aws:PrincipleTag/team."),
        "{mistyped}"
    );
    let second = reason(two, r#"{"dynamodb:LeadingKeys":"a"}"#);
    assert!(
        second.contains("and s3 has no condition key dynamodb:LeadingKeys."),
        "the first service has it: {second}"
    );
    let both = reason(two, r#"{"ec2:ResourceTag/a":"b","s3:prefix":"c"}"#);
    assert!(
        both.contains("and dynamodb and s3 have no condition key ec2:ResourceTag/a, and dynamodb has no condition key s3:prefix."),
        "{both}"
    );
    let many = reason(
        r#"["dynamodb:GetItem","s3:GetObject","sqs:ReceiveMessage","kms:Decrypt","secretsmanager:GetSecretValue"]"#,
        r#"{"a:b":"1","a:c":"1","a:d":"1","a:e":"1"}"#,
    );
    assert!(
        many.contains("dynamodb, kms, s3 and 2 more services have no condition key a:b,"),
        "{many}"
    );
    assert!(
        many.contains("a:d, and 1 more of its keys is foreign."),
        "{many}"
    );
}

#[test]
fn a_set_that_writes_to_buckets_is_told_which_of_them_hold_logs() {
    let write = allow("s3:PutObject");
    let notes = analyse(&inline(&write), &shelf()).notes;
    assert!(
        notes[0].contains("No log bucket is declared")
            && notes[0].contains("does not read the destinations of trails"),
        "{notes:?}"
    );
    assert_eq!(
        analyse(&inline(&allow("s3:GetObject")), &shelf()).notes,
        Vec::<String>::new()
    );
}

#[test]
fn notes_beyond_the_first_twenty_are_counted() {
    let names = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("\"s3:Nothing{at}\"")).collect();
        let text = format!(
            r#"{{"Effect":"Allow","Action":[{}],"Resource":"*"}}"#,
            names.join(",")
        );
        analyse(&inline(&text), &shelf()).notes
    };
    assert_eq!(names(20).len(), 20);
    let notes = names(1_021);
    assert_eq!(notes.len(), 21);
    assert_eq!(notes[20], "And 1,001 more such names.");
}

#[test]
fn an_action_that_can_have_none_of_its_resources_becomes_a_note() {
    let notes = |actions: &str| {
        let text =
            format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"arn:aws:s3:::assets"}}"#);
        analyse(&inline(&text), &shelf()).notes
    };
    assert_eq!(
        notes(r#"["s3:GetObject","s3:ListBucket"]"#),
        [
            "Statement 1: s3:GetObject has none of the resources of the statement, so it allows nothing."
        ]
    );
    // A pattern covers actions of other resources on purpose.
    assert!(notes(r#""s3:Get*""#).is_empty());
    for (actions, of) in [
        (r#"["s3:GetObject","s3:PutObject"]"#, "any of its 2 actions"),
        (r#""s3:GetObjectTagg*""#, "its action"),
    ] {
        let whole =
            format!("Statement 1 allows nothing: none of its resources can be that of {of}.");
        assert_eq!(notes(actions), [whole]);
    }
}

#[test]
fn all_actions_against_standing_access_are_named_by_service() {
    let content = inline(&allow("*"));
    let services = against_standing(&content, &shelf(), &blocked());
    let named: BTreeSet<String> = services
        .iter()
        .flat_map(|one| {
            one.actions
                .iter()
                .map(|name| format!("{}:{name}", one.service))
        })
        .collect();
    let expected: BTreeSet<String> = EMBEDDED
        .actions
        .capabilities()
        .filter(|(_, capabilities)| capabilities.iter().any(|one| blocked().contains(one)))
        .map(|(action, _)| action)
        .collect();
    assert_eq!(named, expected);
    assert!(services.is_sorted_by_key(|one| &one.service));
    let few = inline(
        r#"{"Effect":"Allow","Action":["sqs:*Message","s3:ListAllMyBuckets"],"Resource":"*"}"#,
    );
    let few = against_standing(&few, &shelf(), &blocked());
    assert_eq!(few.len(), 1);
    assert_eq!(
        few[0].actions,
        ["DeleteMessage", "ReceiveMessage", "SendMessage"]
    );
}

#[test]
fn handing_a_role_to_a_service_is_found_across_policies() {
    let pass = r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/batch-worker"}"#;
    assert_eq!(
        capabilities(&inline(pass)),
        [X].into(),
        "nobody knows what a named role allows, and who may take it later"
    );
    let taker = allow("lambda:CreateFunction");
    let set = |pass: &str| analyse(&inline(&format!("{taker},{pass}")), &shelf());
    assert!(set(pass).has(X) && !set(pass).has(G));
    let any = set(&allow("iam:PassRole"));
    let gives = any.findings.iter().find(|finding| finding.capability == G);
    let gives = gives.expect("any role is an administrator's as well");
    assert_eq!(gives.statement, Some(1));
    assert_eq!(gives.actions, ["iam:PassRole", "lambda:CreateFunction"]);
}

#[test]
fn what_runs_code_with_others_counts_without_them() {
    let [edit, stop, start] = [
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
        "ec2:StartInstances",
    ]
    .map(|action| capabilities(&inline(&allow(action))));
    assert_eq!(edit, [L, X].into(), "others may start the instance");
    assert_eq!((stop, start), ([C].into(), [C].into()));
}

#[test]
fn taking_a_role_grants_its_rights_whichever_it_is() {
    let assume = |resource: &str| {
        capabilities(&inline(&format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":{resource}}}"#
        )))
    };
    for role in [
        r#""arn:aws:iam::123456789012:role/reader""#,
        r#""*""#,
        r#""arn:aws:iam::*:role/reader""#,
        r#"["arn:aws:iam::1:role/a","arn:aws:iam::1:role/b-?"]"#,
    ] {
        assert_eq!(assume(role), [G].into(), "{role}");
    }
    assert_eq!(
        capabilities(&inline(
            r#"{"Effect":"Allow","Action":"sts:AssumeRole","NotResource":"arn:aws:iam::1:role/a"}"#
        )),
        [G].into()
    );
}

#[test]
fn an_applications_own_bucket_is_no_log_bucket() {
    let delete = |resource: &str| {
        capabilities(&inline(&format!(
            r#"{{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"{resource}"}}"#
        )))
    };
    assert_eq!(delete("arn:aws:s3:::shop-pictures/*"), [C].into());
    for log in [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::shop-*/*",
        "arn:aws:s3:::acme-cloudtrail/*",
        "arn:aws:*:::shop-pictures/*",
    ] {
        assert_eq!(delete(log), [L, C].into(), "{log}");
    }
}

#[test]
fn what_cannot_be_understood_is_unknown_and_says_where() {
    let texts = [
        ("", "empty"),
        ("   \n", "empty"),
        ("{}", "no statement"),
        ("[]", "expected an object"),
        ("nonsense", "not JSON"),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, "no statement"),
        (
            r#"{"Version":"2013-01-01","Statement":{"Effect":"Allow","Action":"ec2:Run","Resource":"*"}}"#,
            "version",
        ),
        (
            r#"{"Statement":{"Effect":"allow","Action":"ec2:Run","Resource":"*"}}"#,
            "Allow or Deny",
        ),
        (
            r#"{"Statement":{"Action":"ec2:Run","Resource":"*"}}"#,
            "no Effect",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Resource":"*"}}"#,
            "no Action",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run"}}"#,
            "no Resource",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}"#,
            "expected an action",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":7,"Resource":"*"}}"#,
            "expected an action",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","Resource":"bucket"}}"#,
            "not an ARN",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","NotAction":"s3:*","Resource":"*"}}"#,
            "NotAction",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","Action":"ec2:Stop","Resource":"*"}}"#,
            "twice",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Acton":"*","Action":"ec2:Run","Resource":"*"}}"#,
            "Acton",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"ec2:Run","Resource":"*"}}"#,
            "principal",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","Resource":"*","Condition":[]}}"#,
            "condition",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","Resource":"*"},"Extra":1}"#,
            "Extra",
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"ec2:Run","Resource":"*"}} trailing"#,
            "nothing more",
        ),
    ];
    for (text, says) in texts {
        let analysis = analyse(
            &Content {
                inline: Some(text.into()),
                ..Content::default()
            },
            &shelf(),
        );
        assert!(analysis.has(U), "{text}");
        let reasons: Vec<&str> = analysis
            .findings
            .iter()
            .map(|finding| finding.reason.as_str())
            .collect();
        assert!(
            reasons
                .iter()
                .any(|reason| reason.contains(says) && reason.contains("line 1, column")),
            "{text}: {reasons:?}"
        );
    }
}

#[test]
fn a_doubt_is_told_by_line_column_and_name() {
    let text = "{\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \"Acton\": \"*\"\n  }\n}";
    let analysis = analyse(
        &Content {
            inline: Some(text.into()),
            ..Content::default()
        },
        &shelf(),
    );
    assert!(
        analysis.findings[0]
            .reason
            .contains("\"Acton\" (line 4, column 5)"),
        "{:?}",
        analysis.findings
    );

    let analysis = analyse(&inline(&allow("s3:GetObj\u{435}ct")), &shelf());
    let reason = &analysis.findings[0].reason;
    assert!(
        reason.contains("\\u{435}"),
        "a look-alike character is escaped: {reason}"
    );
}

#[test]
fn one_doubt_does_not_hide_what_the_rest_allows() {
    let content = inline(&format!(
        r#"{},{{"Effect":"Allow","Acton":"s3:*"}}"#,
        allow("*")
    ));
    let found = capabilities(&content);
    assert!(found.contains(&A) && found.contains(&U), "{found:?}");
}

#[test]
fn findings_are_in_order_short_and_point_at_the_statement() {
    let content = inline(&format!(
        "{},{},{}",
        allow("ec2:Describe*"),
        allow("dynamodb:*"),
        allow("dynamodb:Scan")
    ));
    let analysis = analyse(&content, &shelf());
    let reads: Vec<_> = analysis
        .findings
        .iter()
        .filter(|finding| finding.capability == D && finding.actions[0].starts_with("dynamodb:"))
        .collect();
    assert_eq!(
        reads.len(),
        1,
        "the third statement adds nothing: {reads:?}"
    );
    assert_eq!(reads[0].statement, Some(1));
    assert_eq!(reads[0].policy, PolicyRef::Inline);
    let many = &analyse(&inline(&allow("logs:*")), &shelf()).findings;
    let contents = many.iter().find(|finding| finding.count() > 10).unwrap();
    assert_eq!(contents.actions.len(), 10);
    assert_eq!(contents.count(), contents.actions.len() + contents.more);
    assert!(
        !contents.reason.contains(char::is_numeric),
        "the number is next to the list and nowhere else: {}",
        contents.reason
    );
    let wide = analyse(&managed(&[POWER_USER, ADMINISTRATOR]), &shelf());
    let order: Vec<_> = wide
        .findings
        .iter()
        .map(|finding| (finding.capability, &finding.policy, finding.statement))
        .collect();
    assert!(order.is_sorted());
    for finding in &wide.findings {
        assert!(
            finding.actions.len() <= 10 && finding.reason.ends_with('.'),
            "{finding:?}"
        );
    }
}

#[test]
fn words_for_people_say_the_worst_first() {
    let summary = |content: &Content| analyse(content, &shelf()).summary();
    assert_eq!(summary(&managed(&[ADMINISTRATOR])), "Administrator");
    assert_eq!(summary(&managed(&[POWER_USER])), "Administrator · Unknown");
    assert_eq!(
        summary(&managed(&[LISTS])),
        "Metadata only: 2 actions of 2 services"
    );
    assert_eq!(summary(&inline(&allow("s3:GetObject"))), "Reads data");
    assert_eq!(
        summary(&inline(&format!(
            "{},{}",
            allow("kms:Decrypt"),
            allow("iam:CreateAccessKey")
        ))),
        "Grants rights · Reads data"
    );
}

#[test]
fn a_sentence_says_how_much_the_most_dangerous_statements_allow() {
    let sentence = |content: &Content| analyse(content, &shelf()).sentence();
    let statements = |all: &[&str]| {
        let all: Vec<String> = all.iter().map(|action| allow(action)).collect();
        inline(&all.join(","))
    };
    for (content, words) in [
        (
            managed(&[ADMINISTRATOR]),
            "Administrator: one statement allows everything",
        ),
        (
            managed(&[POWER_USER]),
            "Administrator: one statement allows nearly everything, or the rights to the rest",
        ),
        (managed(&[LISTS]), "Metadata only: 2 actions of 2 services"),
        (
            statements(&["s3:GetObject"]),
            "Reads data: one statement allows 1 action of 1 service",
        ),
        (
            statements(&[
                "kms:Decrypt",
                "iam:CreateAccessKey",
                "iam:CreateLoginProfile",
            ]),
            "Grants rights: 2 statements allow 2 actions of 1 service",
        ),
        (
            managed(&["arn:aws:iam::aws:policy/NoSuchPolicy"]),
            "Unknown: part of one policy cannot be read or understood",
        ),
        (Content::default(), "Allows nothing"),
    ] {
        assert_eq!(sentence(&content), words);
    }
}

#[test]
fn a_huge_policy_is_answered_with_a_bounded_list() {
    let statements = vec![allow("*"); 10_000].join(",");
    let found = analyse(&inline(&statements), &shelf());
    assert!(
        found.has(A) && found.findings.len() < 100,
        "{}",
        found.findings.len()
    );
    let broken = vec!["7"; 10_000].join(",");
    assert!(analyse(&inline(&broken), &shelf()).findings.len() <= 10);
    let stars = vec!["\"*?*?*a\""; 3_000].join(",");
    assert!(
        analyse(
            &inline(&format!(
                r#"{{"Effect":"Allow","Action":[{stars}],"Resource":"*"}}"#
            )),
            &shelf()
        )
        .has(U)
    );
}
