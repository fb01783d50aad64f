//! Somebody retags or moves an account after a change on it was approved: the change is evaluated for what the account
//! is when it starts.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::Tag;
use domain::{
    change::State,
    classification::{Environment, Pci},
    time::Duration,
};
use sandbox::org::Organisation;
use serde_json::json;
use server::aws::Aws;

use super::{
    outside_changes::{approved, how_far, told_what, writes_since},
    sandbox_server::{Company, access, grant},
};

crate::engines::on_both_engines! {
    &Company:
    an_account_that_was_retagged_after_approval_goes_back_to_its_approvers,
    an_account_that_was_moved_after_approval_goes_back_to_its_approvers,
    what_needed_no_approval_waits_for_one_when_its_account_joins_pci,
    a_new_delegated_administrator_is_guarded_at_once,
    a_change_waits_while_its_account_cannot_be_read,
    where_aws_denies_reading_an_account_the_change_waits_for_a_crawl,
}

/// Clients of the management account, the only one that may change the organization.
async fn management(company: &Company) -> Aws {
    let account = Organisation::sample().management_account;
    let access = server::aws::Access {
        credentials: Some((account.to_string(), sandbox::aws::SECRET.into())),
        ..access(&company.aws)
    };
    Aws::connect(&access).await
}

async fn tagged(company: &Company, account: &str, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| {
        let tag = Tag::builder().key(*key).value(*value).build();
        tag.unwrap()
    });
    let request = management(company).await.organizations.tag_resource();
    request
        .resource_id(company.account(account).as_str())
        .set_tags(Some(tags.collect()))
        .send()
        .await
        .unwrap();
}

async fn moved(company: &Company, account: &str, to: &str) {
    let units: BTreeMap<_, _> = Organisation::sample()
        .units
        .into_iter()
        .map(|unit| (unit.id.to_string(), unit))
        .collect();
    let sample = Organisation::sample().accounts;
    let from = sample.iter().find(|one| &*one.name == account).unwrap();
    // The OU of this name below the OU *PCI*.
    let to = units.values().find(|unit| {
        let above = units.get(&*unit.parent);
        unit.name == to && above.is_some_and(|above| above.name == "PCI")
    });
    let request = management(company).await.organizations.move_account();
    request
        .account_id(company.account(account).as_str())
        .source_parent_id(&*from.parent)
        .destination_parent_id(&*to.unwrap().id)
        .send()
        .await
        .unwrap();
}

fn class(company: &Company, account: &str) -> (Environment, Pci) {
    let read_model = company.app_state.read_model();
    let known = read_model.snapshot.account(&company.account(account));
    known.unwrap().1.strictness()
}

async fn waits_again(
    company: &Company,
    account: &str,
    approvers: &[&str],
    change: impl AsyncFnOnce(),
) {
    let wanted = grant("incident-responders", "SupportMetrics", account, "standing");
    let id = approved(company, &wanted, approvers).await;
    change().await;
    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("the change waits again", || async {
            company.state(&id).await == State::Waiting
        })
        .await;
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    assert_eq!(class(company, account), (Environment::Production, Pci::In));
    assert_eq!(told_what(company).await, ["reclassified"]);
    let stored = company.stored(&id).await;
    assert_eq!(stored.change.verdict.approvals, 2);
}

async fn an_account_that_was_retagged_after_approval_goes_back_to_its_approvers(company: &Company) {
    let retag = async || tagged(company, "web-prod", &[("PCI", "in")]).await;
    waits_again(company, "web-prod", &["ines.carvalho"], retag).await;
}

async fn an_account_that_was_moved_after_approval_goes_back_to_its_approvers(company: &Company) {
    let relocate = async || moved(company, "web-prod", "Production").await;
    waits_again(company, "web-prod", &["ines.carvalho"], relocate).await;
}

async fn what_needed_no_approval_waits_for_one_when_its_account_joins_pci(company: &Company) {
    let relocate = async || moved(company, "web-dev", "Production").await;
    waits_again(company, "web-dev", &[], relocate).await;
}

async fn a_new_delegated_administrator_is_guarded_at_once(company: &Company) {
    let wanted = grant(
        "incident-responders",
        "SupportMetrics",
        "log-archive",
        "standing",
    );
    let read_model = company.app_state.read_model();
    let known = &read_model.special.delegated_administrators;
    let services = |name: &str| {
        let services = known.get(&company.account(name));
        services
            .unwrap()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
    };
    assert_eq!(services("log-archive"), ["cloudtrail.amazonaws.com"]);
    assert_eq!(
        services("identity"),
        [
            "account.amazonaws.com",
            "iam.amazonaws.com",
            "member.org.stacksets.cloudformation.amazonaws.com",
            "sso.amazonaws.com",
        ]
    );
    let id = company.ask("maya.okafor", &wanted).await;
    assert_eq!(company.stored(&id).await.change.verdict.approvals, 2);
}

async fn a_change_waits_while_its_account_cannot_be_read(company: &Company) {
    let throttled = json!([{ "operation": "DescribeAccount", "kind": "internal" }]);
    company.faults(throttled).await;
    let wanted = grant(
        "contractors",
        "LedgerDataReader",
        "analytics-dev",
        "standing",
    );
    let id = approved(company, &wanted, &[]).await;
    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("its page shows what it waits for", || async {
            how_far(company, &id).await.starts_with("Waiting for AWS")
        })
        .await;
    assert_eq!(company.state(&id).await, State::Approved);
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    company.faults(json!([])).await;
    assert_eq!(company.end_of(&id).await, State::Verified);
}

async fn where_aws_denies_reading_an_account_the_change_waits_for_a_crawl(company: &Company) {
    let denied = json!([{ "operation": "DescribeAccount", "kind": "access_denied" }]);
    company.faults(denied).await;
    let wanted = grant(
        "contractors",
        "LedgerDataReader",
        "analytics-dev",
        "standing",
    );
    let id = approved(company, &wanted, &[]).await;
    let before = company.calls_so_far().await;
    let _life = company.engine();
    company
        .until("its page shows what it waits for", || async {
            how_far(company, &id)
                .await
                .starts_with("Waiting for the next complete read of AWS")
        })
        .await;
    assert_eq!(writes_since(company, before).await, Vec::<String>::new());
    company.app_state.clock.advance(Duration::minutes(1));
    company.sync().await;
    assert_eq!(company.end_of(&id).await, State::Verified);
}
