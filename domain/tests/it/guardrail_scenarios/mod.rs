//! The default policies, one statement per test; then the parsing of policies, and properties that hold for any
//! policies.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot build its world has failed"
)]
#![cfg(feature = "cedar")]

mod hold;
mod properties;
mod rules;
mod system;
mod world;

use domain::{
    access::Path,
    diff::Gainer,
    grant::Term,
    guardrails::{ELIGIBILITY_NONE, GainKind},
    permission_set::analysis::Risk,
    snapshot::Provisioned,
    time::Duration,
    verdict::{Outcome, Remedy},
};
use world::*;

// Production PCI.

#[test]
fn an_administrator_set_is_refused_in_production_pci_for_a_group_and_for_a_window() {
    let world = Company::new();
    for operation in [
        standing(the_group("operators"), "cards-prod", "administrator"),
        window(the_user("bob"), "cards-prod", "administrator", 60),
    ] {
        let judged = world.judge(&[operation], &approved_by(ann(), &["fay", "cas"]));
        refused_by(&judged, "production-pci-administrator");
    }
}

#[test]
fn a_renamed_clone_with_an_inline_star_is_refused_like_the_original() {
    let mut world = Company::new();
    let star =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    world.analysed("ViewOnlyHelper", inline(star));
    let judged = world.judge(
        &[standing(
            the_group("operators"),
            "cards-prod",
            "ViewOnlyHelper",
        )],
        &ann(),
    );
    refused_by(&judged, "production-pci-administrator");
}

#[test]
fn a_set_that_allows_everything_but_a_little_by_not_action_is_refused() {
    let mut world = Company::new();
    let nearly = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}]}"#;
    world.analysed("Billing", inline(nearly));
    let judged = world.judge(
        &[standing(the_group("operators"), "cards-prod", "Billing")],
        &ann(),
    );
    refused_by(&judged, "production-pci-administrator");
}

#[test]
fn a_set_that_names_a_customer_managed_policy_is_refused_because_nobody_can_read_it_here() {
    let mut world = Company::new();
    world.analysed("Operators", customer_managed("team-policy"));
    let judged = world.judge(
        &[standing(the_group("operators"), "cards-prod", "Operators")],
        &ann(),
    );
    refused_by(&judged, "production-pci-unknown");
}

#[test]
fn a_harmless_set_for_a_group_needs_two_approvers() {
    let judged = Company::new().judge(
        &[standing(the_group("operators"), "cards-prod", "viewer")],
        &ann(),
    );
    needs(&judged, 2);
    assert_eq!(hit(&judged), ["production-pci-two-approvers"]);
    assert_eq!(judged.verdict.hits[0].remedy, Some(Remedy::Approvals(2)));
}

#[test]
fn two_approvals_by_others_are_enough_and_one_is_not() {
    let operations = [standing(the_group("operators"), "cards-prod", "viewer")];
    let world = Company::new();
    needs(&world.judge(&operations, &approved_by(ann(), &["fay"])), 2);
    allowed(&world.judge(&operations, &approved_by(ann(), &["fay", "cas"])));
}

#[test]
fn an_approval_by_the_requester_or_by_somebody_who_gains_counts_for_nothing() {
    let operations = [standing(the_group("operators"), "cards-prod", "viewer")];
    let world = Company::new();
    needs(
        &world.judge(&operations, &approved_by(ann(), &["ann", "fay"])),
        2,
    );
    needs(
        &world.judge(&operations, &approved_by(ann(), &["bob", "eve", "fay"])),
        2,
    );
}

#[test]
fn no_person_is_assigned_standing_and_a_window_waits_for_two() {
    let world = Company::new();
    refused_by(
        &world.judge(&[standing(the_user("bob"), "cards-prod", "viewer")], &ann()),
        "production-pci-standing-person",
    );
    needs(
        &world.judge(
            &[window(the_user("bob"), "cards-prod", "viewer", 60)],
            &ann(),
        ),
        2,
    );
}

#[test]
fn a_group_that_scim_feeds_is_refused_even_for_an_hour() {
    let world = Company::new();
    for operation in [
        standing(the_group("okta"), "cards-prod", "viewer"),
        window(the_group("okta"), "cards-prod", "viewer", 60),
    ] {
        refused_by(
            &world.judge(&[operation], &ann()),
            "production-pci-scim-group",
        );
    }
}

#[test]
fn reading_data_is_refused_for_good_and_waits_for_two_for_a_while() {
    let world = Company::new();
    refused_by(
        &world.judge(
            &[standing(the_group("operators"), "cards-prod", "reader")],
            &ann(),
        ),
        "production-pci-standing-data",
    );
    needs(
        &world.judge(
            &[window(the_user("bob"), "cards-prod", "reader", 240)],
            &ann(),
        ),
        2,
    );
}

#[test]
fn a_window_lasts_at_most_four_hours() {
    let world = Company::new();
    needs(
        &world.judge(
            &[window(the_user("bob"), "cards-prod", "viewer", 240)],
            &ann(),
        ),
        2,
    );
    refused_by(
        &world.judge(
            &[window(the_user("bob"), "cards-prod", "viewer", 241)],
            &ann(),
        ),
        "production-pci-long-window",
    );
    let a_second_more = domain::change::Operation::Assign {
        assignment: assignment(the_user("bob"), "cards-prod", "viewer"),
        term: Term::For(Duration(Duration::minutes(240).0 + 1_000)),
    };
    refused_by(
        &world.judge(&[a_second_more], &ann()),
        "production-pci-long-window",
    );
}

#[test]
fn every_risk_but_reading_data_is_refused_for_a_window_too_each_by_its_own_rule() {
    let world = Company::new();
    for (set, rule) in [
        ("administrator", "production-pci-administrator"),
        ("escalation", "production-pci-escalation"),
        ("takeover", "production-pci-takeover"),
        ("tampering", "production-pci-tampering"),
        ("unknown", "production-pci-unknown"),
    ] {
        let judged = world.judge(&[window(the_user("bob"), "cards-prod", set, 60)], &ann());
        refused_by(&judged, rule);
        assert_eq!(hit(&judged), [rule, "production-pci-two-approvers"]);
    }
}

#[test]
fn a_set_that_was_edited_and_not_provisioned_counts_as_unknown() {
    let mut world = Company::new();
    world.assigned(&the_group("empty"), "cards-prod", "viewer");
    let read = world
        .parts
        .pairs
        .get_mut(&pair("cards-prod", "viewer"))
        .unwrap();
    read.provisioned = Provisioned::Outdated;
    let judged = world.judge(&[join("bob", "empty")], &ann());
    refused_by(&judged, "production-pci-unknown");
}

#[test]
fn all_rules_that_are_hit_are_named_in_the_order_of_their_text() {
    let mut world = Company::new();
    world.set(
        "everything",
        &[
            Risk::Unknown,
            Risk::DataRead,
            Risk::Administrator,
            Risk::Tampering,
        ],
    );
    let judged = world.judge(
        &[standing(the_user("bob"), "cards-prod", "everything")],
        &ann(),
    );
    assert_eq!(
        hit(&judged),
        [
            "production-pci-administrator",
            "production-pci-tampering",
            "production-pci-unknown",
            "production-pci-standing-person",
            "production-pci-standing-data",
            "production-pci-two-approvers",
        ]
    );
}

// Splitting an escalation into two changes.

#[test]
fn an_empty_group_is_judged_for_whoever_joins_it_later() {
    let world = Company::new();
    let judged = world.judge(
        &[standing(the_group("empty"), "cards-prod", "administrator")],
        &ann(),
    );
    refused_by(&judged, "production-pci-administrator");
    let judged = world.judge(
        &[standing(the_group("empty"), "cards-prod", "viewer")],
        &ann(),
    );
    needs(&judged, 2);
    assert_eq!(judged.gains.len(), 1);
    assert_eq!(
        judged.gains[0].step.gainer,
        Gainer::FutureMember(group("empty"))
    );
}

#[test]
fn filling_a_group_that_reaches_production_pci_is_judged_person_by_person() {
    let mut world = Company::new();
    world.assigned(&the_group("empty"), "cards-prod", "viewer");
    world.assigned(&the_group("empty"), "web-dev", "administrator");
    let judged = world.judge(&[join("bob", "empty"), join("eve", "empty")], &ann());
    needs(&judged, 2);
    assert_eq!(judged.gaining, [person("bob"), person("eve")].into());

    world.assigned(&the_group("empty"), "cards-prod", "administrator");
    let judged = world.judge(&[join("bob", "empty")], &ann());
    refused_by(&judged, "production-pci-administrator");
}

#[test]
fn assigning_and_filling_in_one_change_is_judged_whole_in_either_order() {
    let world = Company::new();
    let (assign, fill) = (
        standing(the_group("empty"), "cards-prod", "reader"),
        join("bob", "empty"),
    );
    for operations in [[assign.clone(), fill.clone()], [fill, assign]] {
        let judged = world.judge(&operations, &ann());
        refused_by(&judged, "production-pci-standing-data");
        assert!(judged.gaining.contains(&person("bob")));
    }
}

#[test]
fn a_step_that_completes_one_under_way_is_judged_as_if_that_were_there_already() {
    let world = Company::new();
    let rules = default_rules();
    let (assign, fill) = (
        standing(the_group("empty"), "cards-prod", "administrator"),
        join("bob", "empty"),
    );
    // Adding a member to an empty group gives no access by itself, and needs one approval.
    let alone = world.judge(std::slice::from_ref(&fill), &ann());
    assert_eq!(alone.verdict.outcome, Outcome::NeedsApproval);
    assert!(alone.effect.gained.is_empty());
    for (under_way, operation) in [(&assign, &fill), (&fill, &assign)] {
        let judged = world.judge_under(
            rules,
            std::slice::from_ref(under_way),
            std::slice::from_ref(operation),
            &ann(),
        );
        refused_by(&judged, "production-pci-administrator");
        assert!(judged.gaining.contains(&person("bob")));
    }
}

#[test]
fn two_changes_that_ask_for_the_same_do_not_vouch_for_each_other() {
    let mut world = Company::new();
    world.assigned(&the_group("empty"), "cards-prod", "administrator");
    for operation in [
        join("bob", "empty"),
        standing(the_group("operators"), "cards-prod", "administrator"),
    ] {
        // The second change is approved and unfinished.
        let twin = [operation.clone()];
        let judged = world.judge_under(default_rules(), &twin, &[operation], &ann());
        refused_by(&judged, "production-pci-administrator");
        assert!(judged.gaining.contains(&person("bob")));
    }
    // The same applies to another duration.
    let twin = [window(the_group("operators"), "cards-prod", "viewer", 60)];
    let asked = [standing(the_group("operators"), "cards-prod", "viewer")];
    let judged = world.judge_under(default_rules(), &twin, &asked, &ann());
    assert_eq!(judged.verdict.approvals, 2);
}

#[test]
fn a_removal_under_way_that_may_yet_fail_hides_nobody_from_an_assignment() {
    let world = Company::new();
    let judged = world.judge_under(
        default_rules(),
        &[leave("bob", "operators")],
        &[window(the_group("operators"), "cards-prod", "viewer", 60)],
        &approved_by(ann(), &["bob", "cas"]),
    );
    needs(&judged, 2);
    assert!(judged.gaining.contains(&person("bob")));
}

#[test]
fn a_removal_in_the_same_change_may_fail_so_whoever_joins_meanwhile_is_judged() {
    let mut world = Company::new();
    world.assigned(&the_group("operators"), "cards-prod", "administrator");
    let judged = world.judge(
        &[
            unassign(the_group("operators"), "cards-prod", "administrator"),
            join("fay", "operators"),
        ],
        &ann(),
    );
    refused_by(&judged, "production-pci-administrator");
    assert!(judged.effect.gained.is_empty());
    assert_eq!(judged.effect.passing.len(), 1);
    assert_eq!(judged.gaining, [person("fay")].into());
}

#[test]
fn undoing_a_removal_under_way_is_a_gain() {
    let mut world = Company::new();
    world.assigned(&the_group("operators"), "cards-prod", "administrator");
    let judged = world.judge_under(
        default_rules(),
        &[leave("bob", "operators")],
        &[join("bob", "operators")],
        &ann(),
    );
    refused_by(&judged, "production-pci-administrator");
}

#[test]
fn a_window_cannot_be_made_standing_by_asking_for_the_same_assignment_again() {
    let mut world = Company::new();
    world.assigned(&the_user("bob"), "cards-prod", "reader");
    let judged = world.judge(&[standing(the_user("bob"), "cards-prod", "reader")], &ann());
    refused_by(&judged, "production-pci-standing-data");
    refused_by(&judged, "production-pci-standing-person");
}

#[test]
fn joining_a_group_that_stands_already_is_not_made_a_window_by_asking_for_a_window_beside_it() {
    let mut world = Company::new();
    world.assigned(&the_group("operators"), "cards-prod", "reader");
    let judged = world.judge(
        &[
            join("fay", "operators"),
            window(the_group("operators"), "cards-prod", "reader", 60),
        ],
        &ann(),
    );
    refused_by(&judged, "production-pci-standing-data");
}

// Removal.

#[test]
fn taking_production_access_away_is_allowed_at_once() {
    let mut world = Company::new();
    world.assigned(&the_user("bob"), "cards-prod", "administrator");
    world.assigned(&the_group("operators"), "cards-prod", "reader");
    let judged = world.judge(
        &[
            unassign(the_user("bob"), "cards-prod", "administrator"),
            leave("eve", "operators"),
        ],
        &ann(),
    );
    allowed(&judged);
    assert_eq!(judged.effect.lost.len(), 2);
    assert!(judged.gains.is_empty());
}

#[test]
fn a_change_that_takes_and_gives_is_judged_by_what_it_gives() {
    let mut world = Company::new();
    world.assigned(&the_user("bob"), "cards-prod", "administrator");
    let judged = world.judge(
        &[
            unassign(the_user("bob"), "cards-prod", "administrator"),
            standing(the_group("operators"), "cards-prod", "viewer"),
        ],
        &ann(),
    );
    needs(&judged, 2);
}

// Other accounts.

#[test]
fn development_outside_pci_is_free_for_administrators() {
    let mut world = Company::new();
    world.account(
        "web-staging",
        domain::classification::Environment::Staging,
        domain::classification::Pci::Out,
    );
    for account in ["web-dev", "web-staging"] {
        for operation in [
            standing(the_group("operators"), account, "administrator"),
            standing(the_group("okta"), account, "administrator"),
            standing(the_user("bob"), account, "unknown"),
        ] {
            allowed(&world.judge(&[operation], &ann()));
        }
    }
}

#[test]
fn production_outside_pci_and_pci_before_production_need_one_approver() {
    let world = Company::new();
    for account in ["web-prod", "cards-staging"] {
        let judged = world.judge(
            &[standing(the_group("operators"), account, "administrator")],
            &ann(),
        );
        needs(&judged, 1);
        assert_eq!(hit(&judged), ["guarded-one-approver"]);
    }
}

#[test]
fn the_most_approvers_that_any_part_of_a_change_needs_are_needed_for_all_of_it() {
    let judged = Company::new().judge(
        &[
            standing(the_group("operators"), "web-prod", "viewer"),
            standing(the_group("operators"), "cards-prod", "viewer"),
            standing(the_group("operators"), "web-dev", "viewer"),
        ],
        &ann(),
    );
    needs(&judged, 2);
    assert_eq!(
        hit(&judged),
        ["production-pci-two-approvers", "guarded-one-approver"]
    );
    // The operators are two people and future members, in each of three accounts.
    assert_eq!(judged.gains.len(), 9);
    for gain in &judged.gains {
        let expected: &[usize] = match &gain.step.pair.account {
            at if *at == account("cards-prod") => &[0],
            at if *at == account("web-prod") => &[1],
            _ => &[],
        };
        assert_eq!(gain.hits, expected, "{gain:?}");
    }
}

#[test]
fn one_refused_part_refuses_the_whole_change() {
    let judged = Company::new().judge(
        &[
            standing(the_group("operators"), "web-dev", "viewer"),
            standing(the_user("bob"), "cards-prod", "viewer"),
        ],
        &ann(),
    );
    refused_by(&judged, "production-pci-standing-person");
}

// Requests for oneself.

#[test]
fn everybody_may_ask_for_a_window_and_needs_one_approver_outside_production_pci() {
    let world = Company::new();
    for account in ["web-dev", "web-prod", "cards-staging"] {
        let judged = world.judge(
            &[window(the_user("bob"), account, "viewer", 60)],
            &requester("bob"),
        );
        needs(&judged, 1);
        assert_eq!(judged.gains[0].kind, GainKind::Request);
        assert_eq!(judged.gains[0].eligible_by, ["everybody-asks-for-windows"]);
    }
}

#[test]
fn an_own_window_in_production_pci_needs_two() {
    let judged = Company::new().judge(
        &[window(the_user("bob"), "cards-prod", "reader", 60)],
        &requester("bob"),
    );
    needs(&judged, 2);
}

#[test]
fn nobody_without_a_role_asks_for_standing_access_or_for_others() {
    let world = Company::new();
    for operation in [
        standing(the_user("bob"), "web-dev", "viewer"),
        window(the_user("eve"), "web-dev", "viewer", 60),
        join("bob", "empty"),
    ] {
        let mut world = world.clone();
        world.assigned(&the_group("empty"), "web-dev", "viewer");
        let judged = world.judge(&[operation], &requester("bob"));
        refused_by(&judged, ELIGIBILITY_NONE);
        assert!(judged.gains.iter().any(|gain| gain.eligible_by.is_empty()));
    }
}

#[test]
fn administrators_do_not_decide_alone_on_their_own_access_whatever_the_path() {
    let mut world = Company::new();
    world.assigned(&the_group("empty"), "web-dev", "administrator");
    for operation in [
        standing(the_user("ann"), "web-dev", "administrator"),
        join("ann", "empty"),
    ] {
        let judged = world.judge(&[operation], &ann());
        needs(&judged, 1);
        assert_eq!(hit(&judged), ["own-access-one-approver"]);
    }
}

#[test]
fn a_second_user_of_the_same_human_is_the_same_human() {
    let mut world = Company::new();
    world.user("ann-admin");
    world.parts.persons.insert(user("ann-admin"), person("ann"));
    let judged = world.judge(
        &[standing(the_user("ann-admin"), "web-dev", "viewer")],
        &ann(),
    );
    assert_eq!(hit(&judged), ["own-access-one-approver"]);
    // And does not approve for herself.
    let judged = world.judge(
        &[window(the_user("ann-admin"), "cards-prod", "viewer", 60)],
        &approved_by(requester("bob"), &["ann", "fay"]),
    );
    assert!(hit(&judged).contains(&"production-pci-two-approvers"));
}

// What a verdict is bound to.

#[test]
fn a_gain_says_who_by_which_path_and_for_how_long() {
    let judged = Company::new().judge(
        &[window(the_group("operators"), "cards-prod", "viewer", 60)],
        &ann(),
    );
    let bob = judged
        .gains
        .iter()
        .find(|gain| gain.person == Some(person("bob")))
        .expect("bob gains");
    assert_eq!(bob.step.path, Path::Group(group("operators")));
    assert_eq!(bob.step.term, Term::For(Duration::hours(1)));
    assert_eq!(bob.kind, GainKind::Grant);
    let steps: Vec<_> = judged.gains.iter().map(|gain| &gain.step).collect();
    assert_eq!(steps, judged.effect.judged().collect::<Vec<_>>());
}

#[test]
fn the_hash_changes_with_the_people_the_content_the_classification_the_term_and_the_rules() {
    let world = Company::new();
    let operation = [standing(the_group("operators"), "cards-prod", "viewer")];
    let hash = world.judge(&operation, &ann()).hash;
    assert_eq!(
        hash,
        world.judge(&operation, &approved_by(ann(), &["fay"])).hash
    );

    let mut wider = world.clone();
    wider
        .parts
        .members
        .get_mut(&group("operators"))
        .unwrap()
        .insert(user("cas"));
    let mut edited = world.clone();
    edited.parts.sets.get_mut(&set("viewer")).unwrap().hash =
        domain::permission_set::ContentHash("other".into());
    let mut moved = world.clone();
    moved
        .parts
        .accounts
        .get_mut(&account("cards-prod"))
        .unwrap()
        .1
        .pci = domain::classification::Pci::Connected;
    for other in [wider, edited, moved] {
        assert_ne!(hash, other.judge(&operation, &ann()).hash);
    }
    let shorter = [window(the_group("operators"), "cards-prod", "viewer", 60)];
    assert_ne!(hash, world.judge(&shorter, &ann()).hash);
    let rules = with_guardrails("// another text, another version\n");
    assert_ne!(
        hash,
        world.judge_under(&rules, &[], &operation, &ann()).hash
    );
}
