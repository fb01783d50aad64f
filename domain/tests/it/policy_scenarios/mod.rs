//! The default policies, one statement per test; then the parsing of policies, and properties that hold for any
//! policies.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]
#![cfg(feature = "cedar")]

mod existing_access;
pub mod fixture;
mod narrower;
mod properties;
mod removals;
mod rules;
mod system;

use domain::{
    access::Path,
    classification::{Environment, Pci},
    diff::Gainers,
    grant::{LONGEST_IN_PRODUCTION_PCI, Term},
    permission_set::{
        Content,
        analysis::{Capability, analyse},
    },
    policies::{ELIGIBILITY_NONE, GainKind, RequestContext, USE_NOT_KNOWN},
    snapshot::Provisioned,
    time::{Date, Duration},
    verdict::{Outcome, Remedies},
};
use fixture::*;

// Production PCI.

#[test]
fn an_administrator_set_is_refused_in_production_pci_for_a_group_and_for_a_window() {
    let fixture = Company::new();
    for operation in [
        standing(the_group("operators"), "cards-prod", "administrator"),
        window(the_user("bob"), "cards-prod", "administrator", 60),
    ] {
        let evaluation = fixture.evaluate(&[operation], &approved_by(ann(), &["fay", "cas"]));
        refused_by(&evaluation, "production-pci-administrator");
    }
}

#[test]
fn a_renamed_clone_with_an_inline_star_is_refused_like_the_original() {
    let mut fixture = Company::new();
    let star =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    fixture.analysed("ViewOnlyHelper", inline(star));
    let evaluation = fixture.evaluate(
        &[standing(
            the_group("operators"),
            "cards-prod",
            "ViewOnlyHelper",
        )],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-administrator");
}

#[test]
fn a_set_that_allows_everything_but_a_little_by_not_action_is_refused() {
    let mut fixture = Company::new();
    let nearly = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"aws-portal:*","Resource":"*"}]}"#;
    fixture.analysed("Billing", inline(nearly));
    let evaluation = fixture.evaluate(
        &[standing(the_group("operators"), "cards-prod", "Billing")],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-administrator");
}

#[test]
fn a_set_that_names_a_customer_managed_policy_is_refused_because_nobody_can_read_it_here() {
    let mut fixture = Company::new();
    fixture.analysed("Operators", customer_managed("team-policy"));
    let evaluation = fixture.evaluate(
        &[standing(the_group("operators"), "cards-prod", "Operators")],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-unknown");
}

#[test]
fn a_harmless_set_for_a_group_needs_two_approvers() {
    let evaluation = Company::new().evaluate(
        &[standing(the_group("operators"), "cards-prod", "viewer")],
        &ann(),
    );
    needs(&evaluation, 2);
    assert_eq!(hit(&evaluation), ["production-pci-two-approvers"]);
    assert_eq!(
        evaluation.verdict.hits[0].remedy,
        Some(Remedies::approvals_of(2))
    );
}

#[test]
fn two_approvals_by_others_are_enough_and_one_is_not() {
    let operations = [standing(the_group("operators"), "cards-prod", "viewer")];
    let fixture = Company::new();
    needs(
        &fixture.evaluate(&operations, &approved_by(ann(), &["fay"])),
        2,
    );
    allowed(&fixture.evaluate(&operations, &approved_by(ann(), &["fay", "cas"])));
}

#[test]
fn an_approval_by_the_requester_or_by_somebody_who_gains_counts_for_nothing() {
    let operations = [standing(the_group("operators"), "cards-prod", "viewer")];
    let fixture = Company::new();
    needs(
        &fixture.evaluate(&operations, &approved_by(ann(), &["ann", "fay"])),
        2,
    );
    needs(
        &fixture.evaluate(&operations, &approved_by(ann(), &["bob", "eve", "fay"])),
        2,
    );
}

#[test]
fn no_person_is_assigned_standing_and_a_window_waits_for_two() {
    let fixture = Company::new();
    refused_by(
        &fixture.evaluate(&[standing(the_user("bob"), "cards-prod", "viewer")], &ann()),
        "production-pci-standing-person",
    );
    needs(
        &fixture.evaluate(
            &[window(the_user("bob"), "cards-prod", "viewer", 60)],
            &ann(),
        ),
        2,
    );
}

#[test]
fn a_group_that_scim_feeds_is_refused_even_for_an_hour() {
    let fixture = Company::new();
    for operation in [
        standing(the_group("okta"), "cards-prod", "viewer"),
        window(the_group("okta"), "cards-prod", "viewer", 60),
    ] {
        refused_by(
            &fixture.evaluate(&[operation], &ann()),
            "production-pci-scim-group",
        );
    }
}

#[test]
fn reading_data_is_refused_for_good_and_waits_for_two_for_a_while() {
    let fixture = Company::new();
    refused_by(
        &fixture.evaluate(
            &[standing(the_group("operators"), "cards-prod", "reader")],
            &ann(),
        ),
        "production-pci-standing-data",
    );
    needs(
        &fixture.evaluate(
            &[window(the_user("bob"), "cards-prod", "reader", 240)],
            &ann(),
        ),
        2,
    );
}

#[test]
fn changing_something_is_refused_for_good_and_waits_for_two_for_a_while() {
    let fixture = Company::new();
    let standing = [standing(the_group("operators"), "cards-prod", "developer")];
    refused_by(
        &fixture.evaluate(&standing, &reviewed(ann())),
        "production-pci-standing-change",
    );
    let window = [window(the_user("bob"), "cards-prod", "developer", 240)];
    needs(&fixture.evaluate(&window, &ann()), 2);
}

#[test]
fn running_code_is_refused_for_good_and_for_a_while_waits_for_two_who_have_just_signed_in() {
    let mut fixture = Company::new();
    fixture.set("newcomer", &[Capability::UnreviewedChange]);
    for set in ["coder", "newcomer"] {
        let standing = [standing(the_group("operators"), "cards-prod", set)];
        refused_by(
            &fixture.evaluate(&standing, &reviewed(ann())),
            "production-pci-standing-code",
        );
        let window = [window(the_user("bob"), "cards-prod", set, 240)];
        let evaluation = fixture.evaluate(&window, &ann());
        needs(&evaluation, 2);
        assert!(evaluation.verdict.needs_step_up());
        let elsewhere = [standing_in("web-dev", set)];
        assert!(!fixture.evaluate(&elsewhere, &ann()).verdict.needs_step_up());
    }
}

fn standing_in(account: &str, set: &str) -> domain::change::Operation {
    standing(the_group("operators"), account, set)
}

#[test]
fn reading_settings_for_good_needs_a_date_by_which_somebody_reviews_it() {
    let fixture = Company::new();
    let operations = [standing_in("cards-prod", "auditor")];
    let undated = fixture.evaluate(&operations, &ann());
    refused_by(&undated, "production-pci-review-date");
    let hits = undated.verdict.hits.iter();
    let reasons: Vec<&str> = hits.map(|hit| hit.reason.as_str()).collect();
    assert!(reasons[0].contains("State a review date"), "{reasons:?}");
    needs(&fixture.evaluate(&operations, &reviewed(ann())), 2);
    // Approvals do not replace the date.
    let agreed = approved_by(ann(), &["fay", "cas"]);
    refused_by(
        &fixture.evaluate(&operations, &agreed),
        "production-pci-review-date",
    );
    allowed(&fixture.evaluate(&operations, &reviewed(agreed)));
}

#[test]
fn nothing_else_needs_a_date_of_a_review() {
    let fixture = Company::new();
    let window = [window(the_user("bob"), "cards-prod", "auditor", 60)];
    needs(&fixture.evaluate(&window, &ann()), 2);
    needs(
        &fixture.evaluate(&[standing_in("cards-prod", "viewer")], &ann()),
        2,
    );
    for account in ["web-prod", "cards-staging"] {
        needs(
            &fixture.evaluate(&[standing_in(account, "auditor")], &ann()),
            1,
        );
    }
    allowed(&fixture.evaluate(&[standing_in("web-dev", "auditor")], &ann()));
}

#[test]
fn a_date_of_a_review_lifts_nothing_else() {
    let fixture = Company::new();
    for set in ["reader", "developer", "coder", "escalation", "unknown"] {
        let operations = [standing_in("cards-prod", set)];
        let evaluation = fixture.evaluate(&operations, &reviewed(ann()));
        assert_eq!(evaluation.verdict.outcome, Outcome::Refused, "{set}");
        assert_eq!(
            evaluation.verdict.hits,
            fixture.evaluate(&operations, &ann()).verdict.hits
        );
    }
}

#[test]
fn the_stated_sets_are_what_the_real_analysis_says_of_their_content() {
    let company = Company::new();
    for name in ["viewer", "admin"] {
        let known = &company.parts.sets[&set(name)];
        let found = analyse(&known.content, catalogue()).capabilities();
        let stated = known.analysis.capabilities();
        assert_eq!(found.first(), stated.first(), "{name}");
    }
}

#[test]
fn a_window_lasts_at_most_four_hours() {
    let fixture = Company::new();
    // Without sessions, so that only the window counts.
    needs(
        &fixture.evaluate(
            &[window(the_user("bob"), "cards-prod", "reader", 240)],
            &ann(),
        ),
        2,
    );
    refused_by(
        &fixture.evaluate(
            &[window(the_user("bob"), "cards-prod", "reader", 241)],
            &ann(),
        ),
        "production-pci-long-window",
    );
    let a_second_more = domain::change::Operation::Assign {
        assignment: assignment(the_user("bob"), "cards-prod", "viewer"),
        term: Term::For(Duration(Duration::minutes(240).0 + 1_000)),
    };
    refused_by(
        &fixture.evaluate(&[a_second_more], &ann()),
        "production-pci-long-window",
    );
}

#[test]
fn what_could_give_the_rest_is_refused_for_a_window_too_each_by_its_own_rule() {
    let fixture = Company::new();
    for (set, rule) in [
        ("administrator", "production-pci-administrator"),
        ("escalation", "production-pci-escalation"),
        ("takeover", "production-pci-takeover"),
        ("tampering", "production-pci-tampering"),
        ("unknown", "production-pci-unknown"),
    ] {
        let evaluation =
            fixture.evaluate(&[window(the_user("bob"), "cards-prod", set, 60)], &ann());
        refused_by(&evaluation, rule);
        assert_eq!(hit(&evaluation), [rule, "production-pci-two-approvers"]);
    }
}

#[test]
fn a_set_that_was_edited_and_not_provisioned_counts_as_unknown() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("empty"), "cards-prod", "viewer");
    let read = fixture
        .parts
        .pairs
        .get_mut(&pair("cards-prod", "viewer"))
        .unwrap();
    read.provisioned = Provisioned::Outdated;
    let evaluation = fixture.evaluate(&[join("bob", "empty")], &ann());
    refused_by(&evaluation, "production-pci-unknown");
}

#[test]
fn all_rules_that_are_hit_are_named_in_the_order_of_their_text() {
    let mut fixture = Company::new();
    fixture.set(
        "everything",
        &[
            Capability::Unknown,
            Capability::ReadsData,
            Capability::Administrator,
            Capability::LogsAndGuardrails,
        ],
    );
    let evaluation = fixture.evaluate(
        &[standing(the_user("bob"), "cards-prod", "everything")],
        &ann(),
    );
    assert_eq!(
        hit(&evaluation),
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
    let fixture = Company::new();
    let evaluation = fixture.evaluate(
        &[standing(the_group("empty"), "cards-prod", "administrator")],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-administrator");
    let evaluation = fixture.evaluate(
        &[standing(the_group("empty"), "cards-prod", "viewer")],
        &ann(),
    );
    needs(&evaluation, 2);
    assert_eq!(evaluation.gains.len(), 1);
    assert_eq!(
        evaluation.gains[0].path.gainers,
        Gainers::FutureMembers(group("empty"))
    );
}

#[test]
fn filling_a_group_that_reaches_production_pci_is_judged_person_by_person() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("empty"), "cards-prod", "viewer");
    fixture.assigned(&the_group("empty"), "web-dev", "administrator");
    let evaluation = fixture.evaluate(&[join("bob", "empty"), join("eve", "empty")], &ann());
    needs(&evaluation, 2);
    assert_eq!(evaluation.gaining, [person("bob"), person("eve")].into());

    fixture.assigned(&the_group("empty"), "cards-prod", "administrator");
    let evaluation = fixture.evaluate(&[join("bob", "empty")], &ann());
    refused_by(&evaluation, "production-pci-administrator");
}

#[test]
fn assigning_and_filling_in_one_change_is_judged_whole_in_either_order() {
    let fixture = Company::new();
    let (assign, fill) = (
        standing(the_group("empty"), "cards-prod", "reader"),
        join("bob", "empty"),
    );
    for operations in [[assign.clone(), fill.clone()], [fill, assign]] {
        let evaluation = fixture.evaluate(&operations, &ann());
        refused_by(&evaluation, "production-pci-standing-data");
        assert!(evaluation.gaining.contains(&person("bob")));
    }
}

#[test]
fn a_step_that_completes_one_under_way_is_judged_as_if_that_were_there_already() {
    let fixture = Company::new();
    let rules = default_rules();
    let (assign, fill) = (
        standing(the_group("empty"), "cards-prod", "administrator"),
        join("bob", "empty"),
    );
    // Adding a member to an empty group gives no access by itself, and needs one approval.
    let alone = fixture.evaluate(std::slice::from_ref(&fill), &ann());
    assert_eq!(alone.verdict.outcome, Outcome::NeedsApproval);
    assert!(alone.effect.gained.is_empty());
    for (under_way, operation) in [(&assign, &fill), (&fill, &assign)] {
        let evaluation = fixture.evaluate_under(
            rules,
            std::slice::from_ref(under_way),
            std::slice::from_ref(operation),
            &ann(),
        );
        refused_by(&evaluation, "production-pci-administrator");
        assert!(evaluation.gaining.contains(&person("bob")));
    }
}

#[test]
fn two_changes_that_ask_for_the_same_do_not_vouch_for_each_other() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("empty"), "cards-prod", "administrator");
    for operation in [
        join("bob", "empty"),
        standing(the_group("operators"), "cards-prod", "administrator"),
    ] {
        // The second change is approved and unfinished.
        let twin = [operation.clone()];
        let evaluation = fixture.evaluate_under(default_rules(), &twin, &[operation], &ann());
        refused_by(&evaluation, "production-pci-administrator");
        assert!(evaluation.gaining.contains(&person("bob")));
    }
    // The same applies to another duration.
    let twin = [window(the_group("operators"), "cards-prod", "viewer", 60)];
    let asked = [standing(the_group("operators"), "cards-prod", "viewer")];
    let evaluation = fixture.evaluate_under(default_rules(), &twin, &asked, &ann());
    assert_eq!(evaluation.verdict.approvals, 2);
}

#[test]
fn a_removal_under_way_that_may_yet_fail_hides_nobody_from_an_assignment() {
    let fixture = Company::new();
    let evaluation = fixture.evaluate_under(
        default_rules(),
        &[leave("bob", "operators")],
        &[window(the_group("operators"), "cards-prod", "viewer", 60)],
        &approved_by(ann(), &["bob", "cas"]),
    );
    needs(&evaluation, 2);
    assert!(evaluation.gaining.contains(&person("bob")));
}

#[test]
fn a_removal_in_the_same_change_may_fail_so_whoever_joins_meanwhile_is_judged() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "administrator");
    let evaluation = fixture.evaluate(
        &[
            unassign(the_group("operators"), "cards-prod", "administrator"),
            join("fay", "operators"),
        ],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-administrator");
    assert!(evaluation.effect.gained.is_empty());
    assert_eq!(evaluation.effect.passing.len(), 1);
    assert_eq!(evaluation.gaining, [person("fay")].into());
}

#[test]
fn undoing_a_removal_under_way_is_a_gain() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "administrator");
    let evaluation = fixture.evaluate_under(
        default_rules(),
        &[leave("bob", "operators")],
        &[join("bob", "operators")],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-administrator");
}

#[test]
fn a_window_cannot_be_made_standing_by_asking_for_the_same_assignment_again() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "reader");
    let evaluation = fixture.evaluate(&[standing(the_user("bob"), "cards-prod", "reader")], &ann());
    refused_by(&evaluation, "production-pci-standing-data");
    refused_by(&evaluation, "production-pci-standing-person");
}

#[test]
fn joining_a_group_that_stands_already_is_not_made_a_window_by_asking_for_a_window_beside_it() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "reader");
    let evaluation = fixture.evaluate(
        &[
            join("fay", "operators"),
            window(the_group("operators"), "cards-prod", "reader", 60),
        ],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-standing-data");
}

// Removal.

#[test]
fn taking_production_access_away_is_allowed_at_once() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "administrator");
    fixture.assigned(&the_group("operators"), "cards-prod", "reader");
    let evaluation = fixture.evaluate(
        &[
            unassign(the_user("bob"), "cards-prod", "administrator"),
            leave("eve", "operators"),
        ],
        &ann(),
    );
    allowed(&evaluation);
    assert_eq!(evaluation.effect.lost.len(), 2);
    assert!(evaluation.gains.is_empty());
}

#[test]
fn a_change_that_takes_and_gives_is_judged_by_what_it_gives() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "administrator");
    let evaluation = fixture.evaluate(
        &[
            unassign(the_user("bob"), "cards-prod", "administrator"),
            standing(the_group("operators"), "cards-prod", "viewer"),
        ],
        &ann(),
    );
    needs(&evaluation, 2);
}

// Other accounts.

#[test]
fn development_outside_pci_is_free_for_sets_that_stay_in_the_account() {
    let mut fixture = Company::new();
    fixture.account("web-staging", Environment::Staging, Pci::Out);
    for account in ["web-dev", "web-staging"] {
        for operation in [
            standing(the_group("operators"), account, "viewer"),
            standing(the_group("okta"), account, "reader"),
            standing(the_user("bob"), account, "tampering"),
        ] {
            allowed(&fixture.evaluate(&[operation], &ann()));
        }
    }
}

#[test]
fn a_set_that_may_reach_other_accounts_needs_one_approver_everywhere() {
    let mut fixture = Company::new();
    fixture.account("web-staging", Environment::Staging, Pci::Out);
    fixture.account("play", Environment::Sandbox, Pci::Out);
    fixture.analysed("anywhere", allowing("sts:AssumeRole"));
    for account in ["web-dev", "web-staging", "play"] {
        for set in [
            "administrator",
            "escalation",
            "takeover",
            "unknown",
            "anywhere",
        ] {
            let operations = [standing(the_group("operators"), account, set)];
            let evaluation = fixture.evaluate(&operations, &ann());
            needs(&evaluation, 1);
            assert_eq!(
                hit(&evaluation),
                ["powerful-one-approver"],
                "{account} {set}"
            );
            allowed(&fixture.evaluate(&operations, &approved_by(ann(), &["fay"])));
        }
    }
}

#[test]
fn accounts_connected_to_pci_are_guarded_like_production_pci_against_what_could_reach_it() {
    let mut fixture = Company::new();
    fixture.account("hub-prod", Environment::Production, Pci::Connected);
    fixture.account("hub-dev", Environment::Development, Pci::Connected);
    fixture.account("cards-dev", Environment::Development, Pci::In);
    for account in ["hub-prod", "hub-dev", "cards-dev", "cards-staging"] {
        for (set, rule) in [
            ("administrator", "production-pci-administrator"),
            ("escalation", "production-pci-escalation"),
            ("takeover", "production-pci-takeover"),
        ] {
            for operation in [
                standing(the_group("operators"), account, set),
                window(the_user("bob"), account, set, 60),
            ] {
                let evaluation = fixture.evaluate(&[operation], &approved_by(ann(), &["fay"]));
                refused_by(&evaluation, rule);
            }
        }
        let viewer = [standing(the_group("operators"), account, "viewer")];
        needs(&fixture.evaluate(&viewer, &ann()), 1);
    }
}

#[test]
fn a_stricter_classification_never_gives_a_more_lenient_verdict() {
    use Environment::{Development, Management, Production, Sandbox, Security, Staging};
    let environments = [
        Sandbox,
        Development,
        Staging,
        Production,
        Security,
        Management,
    ];
    let scopes = [Pci::Out, Pci::Connected, Pci::In];
    for set in [
        "viewer",
        "reader",
        "administrator",
        "escalation",
        "takeover",
        "tampering",
        "unknown",
    ] {
        for minutes in [None, Some(60), Some(600)] {
            let verdict = |environment, pci| {
                let mut fixture = Company::new();
                fixture.account("one", environment, pci);
                let operation = match minutes {
                    None => standing(the_group("operators"), "one", set),
                    Some(minutes) => window(the_user("bob"), "one", set, minutes),
                };
                let verdict = fixture.evaluate(&[operation], &ann()).verdict;
                (verdict.outcome, verdict.approvals)
            };
            let cells = environments.iter().enumerate();
            let cells: Vec<_> = cells
                .flat_map(|(at, environment)| {
                    scopes.map(|pci| ((at, pci), verdict(*environment, pci)))
                })
                .collect();
            for ((at, pci), here) in &cells {
                let stricter = cells.iter().filter(|((a, p), _)| a >= at && p >= pci);
                for (place, there) in stricter {
                    let refused = there.0 == Outcome::Refused;
                    assert!(
                        refused || there >= here,
                        "{set} {minutes:?} {at} {pci:?} {place:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn temporary_access_to_production_pci_ends_within_four_hours_with_its_last_session() {
    let mut fixture = Company::new();
    let long = |hours: u32| Content {
        session_seconds: hours * 3_600,
        ..allowing("cloudwatch:ListMetrics")
    };
    fixture.analysed("twelve", long(12));
    fixture.analysed("four", long(4));
    fixture.analysed("two", long(2));
    fixture.analysed("one", long(1));
    let asked = |set: &str, account: &str, minutes| {
        fixture.evaluate(&[window(the_user("bob"), account, set, minutes)], &ann())
    };
    // A session that starts in the last minute of the access lasts as long as any other.
    for (set, minutes) in [
        ("twelve", 60),
        ("four", 15),
        ("four", 240),
        ("two", 121),
        ("one", 181),
        ("one", 240),
    ] {
        let found = asked(set, "cards-prod", minutes);
        refused_by(&found, "production-pci-long-session");
        assert!(
            !hit(&found).contains(&"production-pci-long-window"),
            "{set}"
        );
    }
    needs(&asked("two", "cards-prod", 120), 2);
    needs(&asked("one", "cards-prod", 180), 2);
    let longer = asked("one", "cards-prod", 241);
    refused_by(&longer, "production-pci-long-window");
    assert!(!hit(&longer).contains(&"production-pci-long-session"));
    needs(&asked("twelve", "web-prod", 240), 1);
    // Standing access has no end that a session could outlast.
    let standing = [standing(the_group("operators"), "cards-prod", "twelve")];
    needs(&fixture.evaluate(&standing, &ann()), 2);
    assert_eq!(LONGEST_IN_PRODUCTION_PCI, Duration::minutes(240));
}

#[test]
fn production_outside_pci_and_pci_before_production_need_one_approver() {
    let fixture = Company::new();
    for (account, set) in [("web-prod", "administrator"), ("cards-staging", "viewer")] {
        let evaluation =
            fixture.evaluate(&[standing(the_group("operators"), account, set)], &ann());
        needs(&evaluation, 1);
        assert_eq!(hit(&evaluation), ["guarded-one-approver"]);
    }
}

#[test]
fn the_most_approvers_that_any_part_of_a_change_needs_are_needed_for_all_of_it() {
    let evaluation = Company::new().evaluate(
        &[
            standing(the_group("operators"), "web-prod", "viewer"),
            standing(the_group("operators"), "cards-prod", "viewer"),
            standing(the_group("operators"), "web-dev", "viewer"),
        ],
        &ann(),
    );
    needs(&evaluation, 2);
    assert_eq!(
        hit(&evaluation),
        ["production-pci-two-approvers", "guarded-one-approver"]
    );
    // The operators are two people and future members, in each of three accounts. No policy distinguishes the people.
    assert_eq!(evaluation.effect.evaluated_steps().count(), 9);
    assert_eq!(evaluation.gains.len(), 6);
    for gain in &evaluation.gains {
        let expected: &[usize] = match &gain.path.pair.account {
            at if *at == account("cards-prod") => &[0],
            at if *at == account("web-prod") => &[1],
            _ => &[],
        };
        assert_eq!(gain.hits, expected, "{gain:?}");
    }
}

#[test]
fn one_refused_part_refuses_the_whole_change() {
    let evaluation = Company::new().evaluate(
        &[
            standing(the_group("operators"), "web-dev", "viewer"),
            standing(the_user("bob"), "cards-prod", "viewer"),
        ],
        &ann(),
    );
    refused_by(&evaluation, "production-pci-standing-person");
}

// Requests for oneself.

#[test]
fn everybody_may_ask_for_a_window_and_needs_one_approver_outside_production_pci() {
    let fixture = Company::new();
    for account in ["web-dev", "web-prod", "cards-staging"] {
        let evaluation = fixture.evaluate(
            &[window(the_user("bob"), account, "viewer", 60)],
            &requester("bob"),
        );
        needs(&evaluation, 1);
        assert_eq!(evaluation.gains[0].kind, GainKind::Request);
        assert_eq!(
            evaluation.gains[0].eligible_by,
            ["everybody-asks-for-windows"]
        );
    }
}

#[test]
fn an_own_window_in_production_pci_needs_two() {
    let evaluation = Company::new().evaluate(
        &[window(the_user("bob"), "cards-prod", "reader", 60)],
        &requester("bob"),
    );
    needs(&evaluation, 2);
}

#[test]
fn nobody_without_a_role_asks_for_standing_access_or_for_others() {
    let fixture = Company::new();
    for operation in [
        standing(the_user("bob"), "web-dev", "viewer"),
        window(the_user("eve"), "web-dev", "viewer", 60),
        join("bob", "empty"),
    ] {
        let mut fixture = fixture.clone();
        fixture.assigned(&the_group("empty"), "web-dev", "viewer");
        let evaluation = fixture.evaluate(&[operation], &requester("bob"));
        refused_by(&evaluation, ELIGIBILITY_NONE);
        assert!(
            evaluation
                .gains
                .iter()
                .any(|gain| gain.eligible_by.is_empty())
        );
    }
}

#[test]
fn administrators_do_not_decide_alone_on_their_own_access_whatever_the_path() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("empty"), "web-dev", "viewer");
    for operation in [
        standing(the_user("ann"), "web-dev", "viewer"),
        join("ann", "empty"),
    ] {
        let joins = matches!(operation, domain::change::Operation::AddMember { .. });
        let evaluation = fixture.evaluate(&[operation], &ann());
        needs(&evaluation, 1);
        let expected: &[&str] = if joins {
            &[USE_NOT_KNOWN, "own-access-one-approver"]
        } else {
            &["own-access-one-approver"]
        };
        assert_eq!(hit(&evaluation), expected);
    }
}

#[test]
fn a_second_user_of_the_same_human_is_the_same_human() {
    let mut fixture = Company::new();
    fixture.user("ann-admin");
    fixture
        .parts
        .persons
        .insert(user("ann-admin"), person("ann"));
    let evaluation = fixture.evaluate(
        &[standing(the_user("ann-admin"), "web-dev", "viewer")],
        &ann(),
    );
    assert_eq!(hit(&evaluation), ["own-access-one-approver"]);
    // And does not approve for herself.
    let evaluation = fixture.evaluate(
        &[window(the_user("ann-admin"), "cards-prod", "viewer", 60)],
        &approved_by(requester("bob"), &["ann", "fay"]),
    );
    assert!(hit(&evaluation).contains(&"production-pci-two-approvers"));
}

// What a verdict is bound to.

#[test]
fn a_gain_says_who_by_which_path_and_for_how_long() {
    let evaluation = Company::new().evaluate(
        &[window(the_group("operators"), "cards-prod", "viewer", 60)],
        &ann(),
    );
    let bob = evaluation
        .gains
        .iter()
        .find(|gain| gain.path.gainers.contain(&user("bob")))
        .expect("bob gains");
    assert_eq!(bob.path.path, Path::Group(group("operators")));
    assert_eq!(bob.path.term, Term::For(Duration::hours(1)));
    assert_eq!(bob.kind, GainKind::Grant);
    let steps: Vec<_> = evaluation
        .gains
        .iter()
        .flat_map(|gain| gain.path.steps())
        .collect();
    assert_eq!(
        steps,
        evaluation.effect.evaluated_steps().collect::<Vec<_>>()
    );
}

#[test]
fn the_hash_changes_with_the_people_the_content_the_classification_the_term_and_the_rules() {
    let fixture = Company::new();
    let operation = [standing(the_group("operators"), "cards-prod", "viewer")];
    let hash = fixture.evaluate(&operation, &ann()).hash;
    assert_eq!(
        hash,
        fixture
            .evaluate(&operation, &approved_by(ann(), &["fay"]))
            .hash
    );

    let mut wider = fixture.clone();
    wider
        .parts
        .members
        .get_mut(&group("operators"))
        .unwrap()
        .insert(user("cas"));
    let mut edited = fixture.clone();
    edited.parts.sets.get_mut(&set("viewer")).unwrap().hash =
        domain::permission_set::ContentHash("other".into());
    let mut moved = fixture.clone();
    moved
        .parts
        .accounts
        .get_mut(&account("cards-prod"))
        .unwrap()
        .1
        .pci = domain::classification::Pci::Connected;
    for other in [wider, edited, moved] {
        assert_ne!(hash, other.evaluate(&operation, &ann()).hash);
    }
    // Approvers agree to a date of the review, and not only to there being one.
    let dated = fixture.evaluate(&operation, &reviewed(ann())).hash;
    let later = RequestContext {
        review_on: Date::parse("2027-06-01").ok(),
        ..ann()
    };
    let later = fixture.evaluate(&operation, &later).hash;
    assert_ne!(hash, dated);
    assert_ne!(dated, later);
    let shorter = [window(the_group("operators"), "cards-prod", "viewer", 60)];
    assert_ne!(hash, fixture.evaluate(&shorter, &ann()).hash);
    let rules = with_guardrails("// another text, another version\n");
    assert_ne!(
        hash,
        fixture.evaluate_under(&rules, &[], &operation, &ann()).hash
    );
}
