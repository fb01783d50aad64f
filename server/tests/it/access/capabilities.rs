//! The capabilities of the permission sets of the sample organization, as pages show them and as filters find them.

use std::{cmp::Reverse, collections::BTreeSet};

use app::{backend::PermissionSetsPort as _, lists::ListChoice};
use domain::{
    permission_set::analysis::{Capability, against_standing, capability::Need},
    policies::blocked_as_standing,
    snapshot::Figure,
};

use super::{org::Org, pages::document};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    each_permission_set_of_the_sample_has_its_capabilities,
    a_filter_by_capability_finds_the_sets_that_have_it,
    the_page_of_a_set_says_what_it_allows_and_what_keeps_it_from_standing_access,
    the_page_of_a_set_says_in_one_sentence_what_it_allows_and_shows_each_statement,
    statements_are_in_the_order_of_their_policy_and_the_deciding_one_is_marked,
    the_violations_of_permission_sets_add_up_to_those_of_production_pci,
}

/// The badges of each permission set, and what standing and temporary access to production PCI need.
const SETS: [(&str, &str, Need, Need); 12] = [
    ("AdministratorAccess", "administrator", BLOCKED, BLOCKED),
    (
        "Billing",
        "grants_rights logs_and_guardrails runs_code unreviewed_change changes reads_data reads_configuration billing",
        BLOCKED,
        BLOCKED,
    ),
    (
        "DatabaseOperator",
        "grants_rights logs_and_guardrails runs_code changes reads_data reads_configuration billing",
        BLOCKED,
        BLOCKED,
    ),
    ("LedgerDataReader", "reads_data", BLOCKED, TWO),
    (
        "NetworkAdministrator",
        "grants_rights identity logs_and_guardrails runs_code unreviewed_change changes reads_data reads_configuration",
        BLOCKED,
        BLOCKED,
    ),
    (
        "PaymentsEngineer",
        "unknown reads_data reads_configuration",
        BLOCKED,
        BLOCKED,
    ),
    (
        "PlatformEngineer",
        "administrator unknown",
        BLOCKED,
        BLOCKED,
    ),
    ("PowerUser", "administrator unknown", BLOCKED, BLOCKED),
    (
        "ReadOnly",
        "grants_rights identity runs_code changes reads_data reads_configuration billing",
        BLOCKED,
        BLOCKED,
    ),
    ("ReleaseToolkit", "administrator", BLOCKED, BLOCKED),
    (
        "SecurityAudit",
        "changes reads_data reads_configuration billing",
        BLOCKED,
        TWO,
    ),
    ("SupportMetrics", "metadata", TWO, TWO),
];
const BLOCKED: Need = Need::Blocked;
const TWO: Need = Need::TwoApprovals;

async fn each_permission_set_of_the_sample_has_its_capabilities(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let mut found: Vec<(String, String, Need, Need)> = read_model
        .snapshot
        .parts()
        .sets
        .values()
        .map(|set| {
            let all: Vec<Capability> = set.analysis.capabilities().into_iter().collect();
            let named = Capability::named(&all);
            let named: Vec<&str> = named.iter().map(|capability| capability.as_str()).collect();
            (
                set.name.clone(),
                named.join(" "),
                set.analysis.standing_in_production_pci(),
                set.analysis.temporary_in_production_pci(),
            )
        })
        .collect();
    found.sort();
    let found: Vec<_> = found
        .iter()
        .map(|(name, named, standing, temporary)| {
            (name.as_str(), named.as_str(), *standing, *temporary)
        })
        .collect();
    assert_eq!(found, SETS);
}

async fn a_filter_by_capability_finds_the_sets_that_have_it(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let sets = &read_model.snapshot.parts().sets;
    for capability in Capability::ALL {
        let choice = ListChoice::only("capability", capability.as_str());
        let rows = org
            .administrator()
            .permission_sets(&choice)
            .await
            .unwrap()
            .rows;
        let found: BTreeSet<String> = rows.into_iter().map(|row| row.set.name).collect();
        let expected = sets.values().filter(|set| {
            let all = set.analysis.capabilities();
            // Nearly every set reads metadata, so this filter finds those that do nothing else.
            let alone = capability != Capability::Metadata || all.len() == 1;
            all.contains(&capability) && alone
        });
        let expected: BTreeSet<String> = expected.map(|set| set.name.clone()).collect();
        assert_eq!(found, expected, "{capability:?}");
    }
}

async fn the_page_of_a_set_says_what_it_allows_and_what_keeps_it_from_standing_access(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let set = |name: &str| {
        let mut sets = read_model.snapshot.parts().sets.values();
        sets.find(|set| set.name == name).unwrap()
    };
    let page = async |name: &str| {
        document(
            org.administrator(),
            &format!("/permission-sets/{}", set(name).arn.key()),
        )
        .await
    };
    let html = page("SupportMetrics").await;
    assert!(
        html.contains("Metadata only: 3 actions of 1 service"),
        "{html}"
    );
    let age = org.app_state.catalogue.age(org.app_state.clock.now());
    for dated in [age.actions, age.policies] {
        assert!(html.contains(&dated.words()), "{dated:?}: {html}");
    }
    // It has no AWS managed policy, whose age therefore does not matter.
    for name in ["SupportMetrics", "SecurityAudit"] {
        let html = page(name).await;
        let warning = age.warning_about(&set(name).content);
        let shown = html.contains("This set may allow more than is shown");
        assert_eq!(shown, warning.is_some(), "{html}");
        let oldest = age.oldest_about(&set(name).content);
        assert!(html.contains(&oldest.unwrap_or_default()), "{html}");
        assert!(html.contains(&warning.unwrap_or_default()), "{html}");
    }
    assert!(!html.contains("AWS managed policies are of"), "{html}");
    // Sessions of 8 hours block what its capabilities allow.
    let html = page("SecurityAudit").await;
    assert!(
        html.contains("Not allowed with sessions of up to 8 h"),
        "{html}"
    );
    let html = page("SupportMetrics").await;
    assert!(!html.contains("Not allowed with sessions"), "{html}");
    assert!(!html.contains("Not allowed because of"), "{html}");
    // It needs an approval there, so that the verdict names where somebody has it without one.
    let (_, verdict) = html.split_once("No policy in force forbids").unwrap();
    let (verdict, _) = verdict.split_once("<section").unwrap();
    assert!(
        verdict.contains("Approval missing") && verdict.contains("cards-prod"),
        "{verdict}"
    );

    let html = page("LedgerDataReader").await;
    assert!(html.contains("these 4 actions"), "{html}");
    for action in [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "s3:GetObject",
    ] {
        assert!(html.contains(action), "{action}: {html}");
    }

    let html = page("AdministratorAccess").await;
    let administrator = set("AdministratorAccess").content.clone();
    let services = against_standing(
        &administrator,
        org.app_state.catalogue.as_ref(),
        &blocked_as_standing(&org.app_state.rules(), &set("AdministratorAccess").analysis),
    );
    assert!(services.len() > 300, "{}", services.len());
    for one in services {
        assert!(html.contains(&one.actions.join(", ")), "{}", one.service);
    }
    assert!(html.len() < 1_000_000, "{}", html.len());
    assert!(html.contains("No log bucket is declared"), "{html}");

    let html = page("PaymentsEngineer").await;
    assert!(
        html.contains("What cannot be read or understood keeps it from standing access"),
        "{html}"
    );
}

async fn the_page_of_a_set_says_in_one_sentence_what_it_allows_and_shows_each_statement(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let sets = &read_model.snapshot.parts().sets;
    let mut linked = 0;
    for set in sets.values() {
        let url = format!("/permission-sets/{}", set.arn.key());
        let html = document(org.administrator(), &url).await;
        let at = |words: &str| {
            html.find(words)
                .unwrap_or_else(|| panic!("{words}: {html}"))
        };
        let sentence = set.analysis.sentence();
        let summary = at(&format!("<h2>{sentence}</h2>"));
        assert!(summary < at("<h2>Accounts</h2>"), "{}", set.name);
        assert!(
            at("<h2>Accounts</h2>") < at("<h2>Policies</h2>"),
            "{}",
            set.name
        );
        // Every selection leads to something on the page.
        for link in html.split("href=\"#").skip(1) {
            let id = link.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{id}\"")), "{}: {id}", set.name);
        }
        linked += html.matches("href=\"#policy-").count();
        assert!(
            !html.contains("<pre tabindex=\"0\" aria-label"),
            "{}",
            set.name
        );
    }
    assert!(linked > 30, "{linked}");

    let page = async |name: &str| {
        let set = sets.values().find(|set| set.name == name).unwrap();
        document(
            org.administrator(),
            &format!("/permission-sets/{}", set.arn.key()),
        )
        .await
    };
    let html = page("AdministratorAccess").await;
    assert!(
        html.contains("Administrator: one statement allows everything"),
        "{html}"
    );
    // The text of a policy of AWS is shown as well as the inline one.
    assert!(html.contains("\"Action\": \"*\""), "{html}");
    let html = page("PaymentsEngineer").await;
    assert!(html.contains("Its text is in each account"), "{html}");
}

/// Returns the numbers of the statements of one policy, in the order of the page.
fn statements_of(html: &str, policy: usize) -> Vec<usize> {
    let id = format!(" id=\"policy-{policy}-statement-");
    let found = html.split(id.as_str()).skip(1);
    found
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect()
}

async fn statements_are_in_the_order_of_their_policy_and_the_deciding_one_is_marked(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let mut several = 0;
    for set in read_model.snapshot.parts().sets.values() {
        let url = format!("/permission-sets/{}", set.arn.key());
        let html = document(org.administrator(), &url).await;
        for policy in 1..10 {
            let shown = statements_of(&html, policy);
            let in_order: Vec<usize> = (1..=shown.len()).collect();
            assert_eq!(shown, in_order, "{}: policy {policy}", set.name);
            several += usize::from(shown.len() > 1);
        }
        // What leads to the deciding statement is there where one is marked; a policy may decide as a whole.
        let marked = html.contains("data-deciding");
        assert!(!marked || html.contains("data-decided-by"), "{}", set.name);
        match set.name.as_str() {
            "ReleaseToolkit" | "LedgerDataReader" => assert!(marked, "{html}"),
            "SupportMetrics" => assert!(!html.contains("data-decided-by"), "{html}"),
            _ => {}
        }
    }
    assert!(several > 3, "{several}");
}

async fn the_violations_of_permission_sets_add_up_to_those_of_production_pci(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let page = org
        .administrator()
        .permission_sets(&ListChoice::default())
        .await;
    let rows = page.unwrap().rows;
    let read_model = org.app_state.read_model();
    let total = read_model.exposure.totals.against.against;
    let listed: Option<usize> = rows.iter().map(|row| row.violations.known()).sum();
    assert!(total > 0);
    assert_eq!(listed, Some(total));
    // The most severe ones are first, and of them those with the most violations.
    let order = rows.iter().filter_map(|row| {
        let worst = row.set.capabilities.first()?;
        Some((worst.severity(), Reverse(row.violations.known())))
    });
    assert!(order.is_sorted());
    // The page of a set counts the same by account.
    let (mut of_pages, mut unapproved) = (0, 0);
    for row in &rows {
        let view = org.administrator().permission_set(row.set.key()).await;
        for hold in view.unwrap().holds {
            of_pages += hold.violations.and_then(Figure::known).unwrap_or(0);
            unapproved += hold.unapproved.and_then(Figure::known).unwrap_or(0);
        }
    }
    assert_eq!(of_pages, total);
    assert!(unapproved > 0);
    assert_eq!(unapproved, read_model.exposure.totals.against.unapproved);
}
