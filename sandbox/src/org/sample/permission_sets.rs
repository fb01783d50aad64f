//! The twelve permission sets of Harbourline.

use std::sync::Arc;

use super::{FOUNDED_MS, INSTANCE_ARN, accounts, uuid_for};
use crate::org::PermissionSet;

/// Name, session duration, description, AWS managed policies, inline policy.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const SETS: [Row; 12] = [
    (
        "AdministratorAccess",
        "PT4H",
        "Full access. Meant for emergencies.",
        &["AdministratorAccess"],
        "",
    ),
    (
        // Problem: the same permission set in development and in production.
        "PowerUser",
        "PT8H",
        "Build and run workloads",
        &["PowerUserAccess", "IAMReadOnlyAccess"],
        "",
    ),
    (
        "ReadOnly",
        "PT8H",
        "See everything, change nothing",
        &["ReadOnlyAccess"],
        "",
    ),
    (
        "SecurityAudit",
        "PT8H",
        "Configuration for the security team",
        &["SecurityAudit", "job-function/ViewOnlyAccess"],
        "",
    ),
    (
        "Billing",
        "PT8H",
        "Invoices and budgets",
        &["job-function/Billing", "AWSBillingReadOnlyAccess"],
        "",
    ),
    (
        "NetworkAdministrator",
        "PT4H",
        "Transit gateways, DNS, firewalls",
        &["job-function/NetworkAdministrator"],
        "",
    ),
    (
        // Problem: edited, but the edit was never provisioned. See `assignments::outdated_roles`.
        "DatabaseOperator",
        "PT4H",
        "Operate RDS and DynamoDB on call",
        &["AmazonRDSFullAccess", "CloudWatchReadOnlyAccess"],
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Keys","Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*"}]}"#,
    ),
    (
        // Harmless: names and metrics only, and sessions that end with an hour of temporary access.
        "SupportMetrics",
        "PT1H",
        "Service metrics for the support desk",
        &[],
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Metrics","Effect":"Allow","Action":["cloudwatch:GetMetricData","cloudwatch:GetMetricStatistics","cloudwatch:ListMetrics"],"Resource":"*"}]}"#,
    ),
    (
        "LedgerDataReader",
        "PT2H",
        "Read ledger exports and balances",
        &[],
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Exports","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::harbourline-ledger-*","arn:aws:s3:::harbourline-ledger-*/*"]},{"Sid":"Balances","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query","dynamodb:Scan"],"Resource":"arn:aws:dynamodb:*:*:table/ledger-*"}]}"#,
    ),
    (
        // Problem: looks like a release tool, but its last statement allows everything.
        "ReleaseToolkit",
        "PT1H",
        "Start and watch deployments",
        &["AWSCodeDeployReadOnlyAccess"],
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"Deploy","Effect":"Allow","Action":["codedeploy:CreateDeployment","codepipeline:StartPipelineExecution"],"Resource":"*"},{"Sid":"TemporaryFix2024","Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        // Problem: `NotAction` allows everything that is not listed.
        "PlatformEngineer",
        "PT8H",
        "Everything but IAM and Organizations",
        &[],
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"AllButIam","Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}"#,
    ),
    (
        // Its customer managed policy is defined in each account and cannot be read.
        "PaymentsEngineer",
        "PT8H",
        "Payments teams in their own accounts",
        &["CloudWatchReadOnlyAccess"],
        "",
    ),
];

/// Returns the ARN of a permission set by name.
pub(super) fn arn(name: &str) -> Arc<str> {
    let digits: String = uuid_for("permission-set", name)
        .chars()
        .filter(|digit| *digit != '-')
        .take(16)
        .collect();
    let instance = INSTANCE_ARN.replace("instance", "permissionSet");
    format!("{instance}/ps-{digits}").into()
}

pub(super) fn all() -> Vec<PermissionSet> {
    SETS.iter().map(set).collect()
}

fn set((name, session, description, managed, inline): &Row) -> PermissionSet {
    PermissionSet {
        arn: arn(name),
        name: (*name).to_owned(),
        description: Some((*description).to_owned()),
        session_duration: (*session).to_owned(),
        relay_state: None,
        managed_policies: managed
            .iter()
            .map(|policy| format!("arn:aws:iam::aws:policy/{policy}"))
            .collect(),
        customer_policies: if *name == "PaymentsEngineer" {
            vec![accounts::payments_policy()]
        } else {
            Vec::new()
        },
        inline_policy: (!inline.is_empty()).then(|| (*inline).to_owned()),
        boundary: None,
        tags: [("managed-by".into(), "platform".into())].into(),
        created_ms: FOUNDED_MS,
        // Revision 2 is the edit that was never provisioned.
        revision: if *name == "DatabaseOperator" { 2 } else { 1 },
    }
}
