//! Other policies are put in force while the process runs: with the read model that was evaluated by them, and never a
//! finding or a verdict of the earlier ones as today's.

use std::sync::Arc;

use app::backend::{AgainstApproval, ChangesPort as _, HomePort as _, NewChangePort as _};
use domain::{
    change::State,
    policies::{RemovalLimits, RemovalPolicies, Rules},
    verdict::Outcome,
};
use server::{
    service::publication::{self, PATIENCE},
    state::{ELIGIBILITY, GUARDRAILS, REMOVAL_SCHEMA, REMOVALS, SCHEMA},
};

use super::support::{Org, assign, conflict, grant};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    other_policies_are_in_force_for_findings_previews_and_decisions_at_once,
    what_other_policies_would_refuse_does_not_start,
    policies_that_cannot_be_recorded_are_not_in_force,
}

const RULE: &str = "nobody-in-production-pci";

/// The policies of this build, and one that allows nothing in production PCI.
fn stricter() -> Arc<Rules> {
    let added = format!(
        "@id(\"{RULE}\") @reason(\"Nobody has access to production PCI.\") @control(\"PCI 7.2.1\") @title(\"Nobody\")\n\
         forbid (principal, action, resource) when {{ resource.production_pci }};\n"
    );
    let limits = RemovalLimits::default();
    let removals = RemovalPolicies::parse(REMOVAL_SCHEMA, REMOVALS, limits).unwrap();
    let rules = Rules::parse(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}\n{added}")).unwrap();
    Arc::new(rules.with_removals(removals).unwrap())
}

async fn put_in_force(org: &Org, rules: &Arc<Rules>) {
    let receipt = publication::put_in_force(&org.app_state, rules);
    receipt.shown(PATIENCE).await.unwrap();
}

async fn other_policies_are_in_force_for_findings_previews_and_decisions_at_once(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    org.publish(org.parts());
    let form = grant("eve", "viewer", "cards-prod", "60");
    let waits = org.ask("ann", &form).await;
    assert_eq!(org.state(&waits).await, State::Waiting);
    let view = async || org.as_("bob").await.change(&waits).await.unwrap();
    assert_eq!(view().await.against, []);
    let mut parts = org.parts();
    assign(&mut parts, "fay", "viewer", "cards-prod", org.clock.now());
    org.publish(parts);
    let found = async || {
        let home = org.as_("ann").await.home().await.unwrap();
        let findings = home.organisation.unwrap().findings;
        findings.iter().any(|found| found.hit.rule == RULE)
    };
    assert!(!found().await);

    let stricter = stricter();
    put_in_force(&org, &stricter).await;
    assert_eq!(org.app_state.rules().version(), stricter.version());
    assert!(found().await);
    let asked = org.as_("ann").await;
    let preview = asked.new_change(&form).await.unwrap().preview.unwrap();
    assert_eq!(preview.verdict.outcome, Outcome::Refused);
    assert_eq!(preview.verdict.rules, *stricter.version());
    // What was evaluated before is shown as such.
    let stored = view().await;
    assert_eq!(stored.preview.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(stored.against, [AgainstApproval::EarlierPolicies]);
    conflict(org.approve("bob", &waits).await);
    assert_eq!(org.state(&waits).await, State::Refused);

    let newest = crate::entries::newest(&org.app_state.store, None, 1_000).await;
    let entry = |kind: &str| {
        let leaves = newest.iter().map(|one| &one.leaf);
        let mut entries = leaves.map(|leaf| serde_json::from_str::<serde_json::Value>(leaf));
        entries.find_map(|entry| entry.ok().filter(|entry| entry["type"] == kind))
    };
    let activated = entry("rules.activated").unwrap();
    assert!(activated.to_string().contains(&stricter.version().0));
    let sent_back = entry("change.sent_back").unwrap();
    assert!(
        sent_back["rules"]
            .to_string()
            .contains(&stricter.version().0)
    );

    // The same policies again change nothing.
    put_in_force(&org, &stricter).await;
    let count = async || org.all_entries().await.len();
    let before = count().await;
    put_in_force(&org, &stricter).await;
    assert_eq!(count().await, before);
}

async fn what_other_policies_would_refuse_does_not_start(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(org.parts());
    let approved = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &approved).await.unwrap();
    org.approve("cas", &approved).await.unwrap();
    assert_eq!(org.state(&approved).await, State::Approved);
    put_in_force(&org, &stricter()).await;
    let start = org.fresh(&approved).await;
    assert!(
        matches!(&start, domain::engine::StartVerdict::Refused(_)),
        "{start:?}"
    );
}

async fn policies_that_cannot_be_recorded_are_not_in_force(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    org.publish(org.parts());
    let before = org.app_state.rules();
    org.try_by_hand("alter table rules rename to rules_away")
        .await
        .unwrap();
    let receipt = publication::put_in_force(&org.app_state, &stricter());
    let shown = receipt.clone().shown(std::time::Duration::from_millis(300));
    assert!(shown.await.is_err());
    assert_eq!(org.app_state.rules().version(), before.version());
    org.try_by_hand("alter table rules_away rename to rules")
        .await
        .unwrap();
    receipt.shown(PATIENCE).await.unwrap();
    assert_ne!(org.app_state.rules().version(), before.version());
}
