//! Checks that need no policy: things that do not exist, and writes that AWS would refuse.

use domain::{
    approval::Mfa,
    change::Operation,
    org::AccountState,
    policies::{
        HELD_ALREADY, LEADS_NOWHERE, NAMED_BY_A_RULE, NO_SECOND_FACTOR, NOT_ADMINISTRATOR,
        RULE_ERROR, RequestContext, Rules, USE_NOT_KNOWN,
    },
    subject::{account_classification::content, identity_link::ObservedIdentity},
    time::Date,
    verdict::{Outcome, Persistence},
};

use super::fixture::*;

#[test]
fn what_is_not_in_the_organisation_is_refused_and_named() {
    let fixture = Company::new();
    for (operation, rule, named) in [
        (
            standing(the_group("operators"), "nowhere", "viewer"),
            "system.unknown-account",
            account("nowhere").to_string(),
        ),
        (
            standing(the_group("operators"), "web-dev", "nothing"),
            "system.unknown-set",
            set("nothing").to_string(),
        ),
        (
            standing(the_group("nobody"), "web-dev", "viewer"),
            "system.unknown-principal",
            group("nobody").to_string(),
        ),
        (
            standing(the_user("nobody"), "web-dev", "viewer"),
            "system.unknown-principal",
            user("nobody").to_string(),
        ),
        (
            join("nobody", "operators"),
            "system.unknown-principal",
            user("nobody").to_string(),
        ),
        (
            join("bob", "nobody"),
            "system.unknown-principal",
            group("nobody").to_string(),
        ),
        (
            leave("bob", "nobody"),
            "system.unknown-principal",
            group("nobody").to_string(),
        ),
        (
            unassign(the_user("bob"), "nowhere", "viewer"),
            "system.unknown-account",
            account("nowhere").to_string(),
        ),
    ] {
        let evaluation = fixture.evaluate(&[operation], &ann());
        refused_by(&evaluation, rule);
        let hit = evaluation
            .verdict
            .hits
            .iter()
            .find(|hit| hit.rule == rule)
            .unwrap();
        assert!(hit.reason.contains(&named), "{}", hit.reason);
    }
}

#[test]
fn an_account_that_is_not_in_use_is_refused() {
    for state in [
        AccountState::Suspended,
        AccountState::PendingClosure,
        AccountState::Closed,
    ] {
        let mut fixture = Company::new();
        fixture
            .parts
            .accounts
            .get_mut(&account("web-dev"))
            .unwrap()
            .0
            .state = state;
        let evaluation = fixture.evaluate(
            &[standing(the_group("operators"), "web-dev", "viewer")],
            &ann(),
        );
        refused_by(&evaluation, "system.account-not-active");
    }
}

#[test]
fn the_management_account_cannot_be_managed_from_here_neither_to_give_nor_to_take() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "master", "viewer");
    for operation in [
        window(the_user("bob"), "master", "viewer", 60),
        unassign(the_user("bob"), "master", "viewer"),
    ] {
        refused_by(
            &fixture.evaluate(&[operation], &ann()),
            "system.management-account",
        );
    }
}

#[test]
fn a_set_that_is_provisioned_in_the_management_account_cannot_be_managed_anywhere() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "master", "viewer");
    let evaluation = fixture.evaluate(
        &[standing(the_group("operators"), "web-dev", "viewer")],
        &ann(),
    );
    refused_by(&evaluation, "system.management-set");
    allowed(&fixture.evaluate(
        &[standing(the_group("operators"), "web-dev", "reader")],
        &ann(),
    ));
}

#[test]
fn joining_a_group_that_reaches_the_management_account_is_judged_as_production_pci() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "master", "administrator");
    let evaluation = fixture.evaluate(&[join("fay", "operators")], &ann());
    refused_by(&evaluation, "production-pci-administrator");
}

#[test]
fn the_members_of_a_group_that_scim_feeds_are_changed_where_they_come_from() {
    let fixture = Company::new();
    for operation in [join("bob", "okta"), leave("fay", "okta")] {
        refused_by(
            &fixture.evaluate(&[operation], &ann()),
            "system.external-group",
        );
    }
}

#[test]
fn an_orphan_can_be_taken_away() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("gone"), "cards-prod", "administrator");
    allowed(&fixture.evaluate(
        &[unassign(the_user("gone"), "cards-prod", "administrator")],
        &ann(),
    ));
}

#[test]
fn what_is_gone_from_the_organisation_but_listed_can_be_taken_away() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "nowhere", "nothing");
    allowed(&fixture.evaluate(&[unassign(the_user("bob"), "nowhere", "nothing")], &ann()));
}

#[test]
fn a_group_that_leads_to_an_unknown_account_cannot_be_joined() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "nowhere", "viewer");
    let evaluation = fixture.evaluate(&[join("fay", "operators")], &ann());
    refused_by(&evaluation, "system.unknown-account");
    let of_gain = evaluation.gains[0].hits.iter();
    let rules: Vec<&str> = of_gain
        .map(|hit| evaluation.verdict.hits[*hit].rule.as_str())
        .collect();
    assert_eq!(rules, ["system.unknown-account"]);
}

#[test]
fn a_set_of_which_nothing_is_known_is_unknown_in_production_pci() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "nothing");
    let evaluation = fixture.evaluate(&[join("fay", "operators")], &ann());
    refused_by(&evaluation, "production-pci-unknown");
}

#[test]
fn a_guardrail_that_cannot_be_evaluated_refuses_even_where_everything_else_allows() {
    let overflow = "when { context.session_seconds + 9223372036854775807 > 0 }";
    let rules = with_guardrails(&rule(
        "fails",
        "",
        &format!("principal, action, resource) {overflow}"),
    ));
    let fixture = Company::new();
    let operation = [standing(the_group("operators"), "web-dev", "viewer")];
    allowed(&fixture.evaluate(&operation, &ann()));
    let evaluation = fixture.evaluate_under(&rules, &[], &operation, &ann());
    refused_by(&evaluation, RULE_ERROR);
    let hit = &evaluation.verdict.hits[0];
    assert!(hit.reason.contains("fails"), "{}", hit.reason);
    // Reported once, for all beneficiaries.
    assert_eq!(evaluation.verdict.hits.len(), 1);
    assert_eq!(hit.affected, evaluation.effect.evaluated_steps().count());
}

#[test]
fn an_eligibility_that_cannot_be_evaluated_refuses_though_another_permits() {
    let fails = "@id(\"fails\") @reason(\"r\") @control(\"c\")\npermit (principal, action in Action::\"Gain\", resource) when { context.session_seconds + 9223372036854775807 > 0 };";
    let rules = Rules::parse(SCHEMA, &format!("{ELIGIBILITY}\n{fails}"), GUARDRAILS).unwrap();
    let mut fixture = Company::new();
    fixture.analysed(
        "plain",
        inline(r#"{"Version":"2012-10-17","Statement":[]}"#),
    );
    let evaluation = fixture.evaluate_under(
        &rules,
        &[],
        &[standing(the_group("operators"), "web-dev", "plain")],
        &ann(),
    );
    refused_by(&evaluation, RULE_ERROR);
}

#[test]
fn a_rule_that_fails_only_once_approvals_are_there_refuses_now() {
    let rules = with_guardrails(&rule(
        "fails-later",
        "",
        "principal, action, resource) when { context.approvals.count >= 2 && context.approvals.count + 9223372036854775807 > 0 }",
    ));
    let evaluation = Company::new().evaluate_under(
        &rules,
        &[],
        &[standing(the_group("operators"), "cards-prod", "viewer")],
        &ann(),
    );
    refused_by(&evaluation, RULE_ERROR);
}

#[test]
fn a_remedy_that_does_not_lift_its_own_rule_is_no_remedy() {
    let rules = with_guardrails(&rule(
        "asks-for-three",
        "@remedy(\"approvals:2\")",
        "principal, action, resource) unless { context.approvals.count >= 3 }",
    ));
    let evaluation = Company::new().evaluate_under(
        &rules,
        &[],
        &[standing(the_group("operators"), "web-dev", "viewer")],
        &ann(),
    );
    refused_by(&evaluation, "asks-for-three");
    // Not even next to a policy whose remedy of three approvals works.
    let both = format!(
        "{}{}",
        rule(
            "asks-for-three",
            "@remedy(\"approvals:2\")",
            "principal, action, resource) unless { context.approvals.count >= 3 }"
        ),
        rule(
            "honest",
            "@remedy(\"approvals:3\")",
            "principal, action, resource) unless { context.approvals.count >= 3 }"
        ),
    );
    let evaluation = Company::new().evaluate_under(
        &with_guardrails(&both),
        &[],
        &[standing(the_group("operators"), "web-dev", "viewer")],
        &ann(),
    );
    refused_by(&evaluation, "asks-for-three");
}

#[test]
fn a_rule_that_approvals_bring_up_is_final() {
    let rules = with_guardrails(&rule(
        "no-crowd",
        "",
        "principal, action, resource) when { context.approvals.count >= 2 }",
    ));
    let evaluation = Company::new().evaluate_under(
        &rules,
        &[],
        &[standing(the_group("operators"), "cards-prod", "viewer")],
        &ann(),
    );
    refused_by(&evaluation, "no-crowd");
}

#[test]
fn the_people_who_stand_in_for_approvers_are_neither_the_requester_nor_gain() {
    let own = rule(
        "own-approval",
        "",
        "principal, action in Action::\"Gain\", resource) when { context.approvals.people.contains(principal) || context.approvals.people.contains(context.requester) }",
    );
    let evaluation = Company::new().evaluate_under(
        &with_guardrails(&own),
        &[],
        &[window(the_user("bob"), "cards-prod", "viewer", 60)],
        &requester("bob"),
    );
    needs(&evaluation, 2);
}

#[test]
fn a_change_that_changes_nothing_is_allowed_and_says_so() {
    let evaluation = Company::new().evaluate(&[join("bob", "operators")], &ann());
    assert_eq!(evaluation.verdict.outcome, Outcome::Allowed);
    assert_eq!(evaluation.effect, domain::diff::Effect::default());
}

#[test]
fn moving_somebody_between_groups_in_the_same_change_lifts_no_rule_about_a_group() {
    let contractors = rule(
        "contractors",
        "",
        &format!(
            "principal in Group::\"{}\", action, resource)",
            group("operators")
        ),
    );
    let cleared = rule(
        "cleared",
        "",
        &format!(
            "principal, action, resource) unless {{ principal in Group::\"{}\" }}",
            group("empty")
        ),
    );
    let gain = window(the_user("bob"), "web-dev", "viewer", 60);
    let fixture = Company::new();
    let evaluation = fixture.evaluate_under(
        &with_guardrails(&contractors),
        &[],
        &[leave("bob", "operators"), gain.clone()],
        &ann(),
    );
    refused_by(&evaluation, "contractors");
    let evaluation = fixture.evaluate_under(
        &with_guardrails(&cleared),
        &[],
        &[join("bob", "empty"), gain],
        &ann(),
    );
    refused_by(&evaluation, "cleared");
}

#[test]
fn rules_about_units_groups_people_accounts_sets_and_the_requester_see_what_they_name() {
    let fixture = Company::new();
    let operation = [window(the_group("operators"), "web-dev", "viewer", 60)];
    for (n, (scope, hits)) in [
        (format!("principal, action, resource in Unit::\"{}\")", "ou-root-cards"), 3),
        (format!("principal, action, resource in Unit::\"{}\")", "ou-root-other"), 0),
        (format!("principal in Group::\"{}\", action, resource)", group("operators")), 3),
        (format!("principal in Group::\"{}\", action, resource)", group("okta")), 0),
        (format!("principal == Person::\"{}\", action, resource)", person("bob")), 1),
        (format!("principal, action, resource == Account::\"{}\")", account("web-dev")), 3),
        (format!("principal, action, resource == Account::\"{}\")", account("web-prod")), 0),
        (format!("principal, action, resource) when {{ context.set == PermissionSet::\"{}\" }}", set("viewer")), 3),
        (format!("principal, action, resource) when {{ context has group && context.group == Group::\"{}\" }}", group("operators")), 3),
        ("principal, action, resource) when { context has group && principal in context.group }".into(), 3),
        ("principal, action, resource) when { context.latent }".into(), 1),
        ("principal, action, resource) when { principal.joined }".into(), 2),
        ("principal, action, resource) when { context.people == 2 }".into(), 3),
        ("principal, action in Action::\"Gain\", resource) when { context.requester.joined && context.mfa && !context.ticket }".into(), 3),
        (format!("principal, action in Action::\"Gain\", resource) when {{ context.requester == Person::\"{}\" }}", person("ann")), 3),
        (format!("principal, action in Action::\"Gain\", resource) when {{ context.at == {} }}", NOW.0 / 1_000), 3),
    ]
    .into_iter()
    .enumerate()
    {
        let rules = with_guardrails(&rule(&format!("r{n}"), "", &scope));
        let evaluation = fixture.evaluate_under(&rules, &[], &operation, &ann());
        let found: usize = evaluation.verdict.hits.iter().map(|hit| hit.affected).sum();
        assert_eq!(found, hits, "{scope}: {:?}", hit(&evaluation));
    }
}

#[test]
fn joining_a_group_that_leads_nowhere_needs_somebody_else_and_one_is_enough() {
    let fixture = Company::new();
    let joining = [join("fay", "operators")];
    let evaluation = fixture.evaluate(&joining, &ann());
    assert_eq!(evaluation.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(evaluation.verdict.approvals, 1);
    assert_eq!(evaluation.verdict.hits[0].rule, LEADS_NOWHERE);
    allowed(&fixture.evaluate(&joining, &approved_by(ann(), &["cas"])));
    // The requester cannot approve.
    let own = fixture.evaluate(&joining, &approved_by(ann(), &["ann"]));
    assert_eq!(own.verdict.outcome, Outcome::NeedsApproval);

    let mut leading = Company::new();
    leading.assigned(&the_group("operators"), "web-dev", "viewer");
    let evaluation = leading.evaluate(&joining, &ann());
    needs(&evaluation, 1);
    assert_eq!(hit(&evaluation), [USE_NOT_KNOWN]);
    allowed(&leading.evaluate(&joining, &approved_by(ann(), &["cas"])));
}

/// A group is assigned to a harmless account, and somebody joins it: the same approval, whichever comes first and
/// however far it is.
#[test]
fn the_order_of_an_assignment_and_a_membership_makes_no_difference_to_the_approvals() {
    let fixture = Company::new();
    let assign = standing(the_group("empty"), "web-dev", "viewer");
    let joins = join("fay", "empty");
    let alone = |under_way: &[_], operation| {
        let operations = std::slice::from_ref(operation);
        fixture
            .evaluate_under(default_rules(), under_way, operations, &ann())
            .verdict
            .approvals
    };
    assert_eq!((alone(&[], &assign), alone(&[], &joins)), (0, 1));
    assert_eq!(alone(std::slice::from_ref(&assign), &joins), 1);
    assert_eq!(alone(std::slice::from_ref(&joins), &assign), 0);
    for operations in [
        [assign.clone(), joins.clone()],
        [joins.clone(), assign.clone()],
    ] {
        needs(&fixture.evaluate(&operations, &ann()), 1);
    }
}

#[test]
fn joining_and_leaving_a_group_that_a_rule_names_needs_somebody_else() {
    let named = format!(
        "principal in Group::\"{}\", action, resource) when {{ principal.disabled }}",
        group("operators")
    );
    let rules = with_guardrails(&rule("of-operators", "", &named));
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    fixture.assigned(&the_group("okta"), "web-dev", "viewer");
    for operation in [join("fay", "operators"), leave("bob", "operators")] {
        let evaluation = fixture.evaluate_under(&rules, &[], &[operation], &ann());
        assert_eq!(evaluation.verdict.outcome, Outcome::NeedsApproval);
        let hits = &evaluation.verdict.hits;
        assert!(
            hits.iter().any(|hit| hit.rule == NAMED_BY_A_RULE),
            "{hits:?}"
        );
    }
}

#[test]
fn what_is_held_already_without_a_reason_of_ours_is_adopted_with_an_approval_and_an_end_or_a_review()
 {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    let stands = standing(the_group("operators"), "web-dev", "viewer");
    let ends = window(the_group("operators"), "web-dev", "viewer", 60);
    let reviewed = RequestContext {
        review_on: Some(Date::parse("2027-05-31").unwrap()),
        ..ann()
    };
    let unreviewed = fixture.evaluate(std::slice::from_ref(&stands), &ann());
    refused_by(&unreviewed, HELD_ALREADY);
    for (operation, asked) in [(&stands, &reviewed), (&ends, &ann())] {
        let of = |asked: &RequestContext| fixture.evaluate(std::slice::from_ref(operation), asked);
        let evaluation = of(asked);
        assert_eq!(evaluation.verdict.outcome, Outcome::NeedsApproval);
        assert_eq!(evaluation.verdict.approvals, 1);
        let rules: Vec<&str> = evaluation
            .verdict
            .hits
            .iter()
            .map(|hit| hit.rule.as_str())
            .collect();
        assert_eq!(rules, [HELD_ALREADY]);
        // Bob gains by it, so that his approval does not count.
        for (approver, outcome) in [("bob", Outcome::NeedsApproval), ("cas", Outcome::Allowed)] {
            let approved = RequestContext {
                approvals: [person(approver)].into(),
                ..asked.clone()
            };
            assert_eq!(of(&approved).verdict.outcome, outcome, "{approver}");
        }
        let Operation::Assign { assignment, .. } = operation else {
            panic!("a grant");
        };
        let known = RequestContext {
            ours: [assignment.clone()].into(),
            ..ann()
        };
        allowed(&of(&known));
    }
}

#[test]
fn adopting_access_needs_as_many_approvals_as_granting_it() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "viewer");
    fixture.assigned(&the_group("operators"), "cards-prod", "reader");
    let reviewed = RequestContext {
        review_on: Some(Date::parse("2027-05-31").unwrap()),
        ..ann()
    };
    let stands = standing(the_group("operators"), "cards-prod", "viewer");
    let evaluation = fixture.evaluate(&[stands], &reviewed);
    assert_eq!(evaluation.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(evaluation.verdict.approvals, 2);
    // What no approval permits stays a violation.
    let data = standing(the_group("operators"), "cards-prod", "reader");
    assert_eq!(
        fixture.evaluate(&[data], &reviewed).verdict.outcome,
        Outcome::Refused
    );
    let for_an_hour = window(the_group("operators"), "cards-prod", "reader", 60);
    let evaluation = fixture.evaluate(&[for_an_hour], &ann());
    assert_eq!(evaluation.verdict.outcome, Outcome::NeedsApproval);
    assert_eq!(evaluation.verdict.approvals, 2);
}

/// An item about something else than access, which no policy is asked about.
fn end_of_a_link() -> Operation {
    Operation::LinkIdentity {
        person: person("bob"),
        before: Some(user("bob")),
        after: None,
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    }
}

#[test]
fn what_is_no_access_needs_an_administrator_with_a_second_factor_whatever_the_subject() {
    let fixture = Company::new();
    let classify = Operation::Classify {
        account: account("web-dev"),
        before: None,
        after: None,
        seen: content(None),
    };
    let leads_nowhere = join("bob", "empty");
    for item in [end_of_a_link(), classify, leads_nowhere] {
        let of = |asked: &RequestContext| {
            let evaluation = fixture.evaluate(std::slice::from_ref(&item), asked);
            let rules = [NOT_ADMINISTRATOR, NO_SECOND_FACTOR];
            let hits = evaluation.verdict.hits.into_iter();
            let hits = hits.filter(|hit| rules.contains(&hit.rule.as_str()));
            hits.map(|hit| (hit.rule, hit.remedy, hit.persistence))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&ann()), [], "{item:?}");
        let lost = of(&requester("ann"));
        assert_eq!(
            lost,
            [(NOT_ADMINISTRATOR.to_owned(), None, Persistence::Passing)]
        );
        let one_factor = RequestContext {
            mfa: Mfa::NotProven,
            ..ann()
        };
        let unproven = of(&one_factor);
        assert_eq!(
            unproven,
            [(NO_SECOND_FACTOR.to_owned(), None, Persistence::Lasting)]
        );
    }
    // To take access away needs no role, and who may have some is for the policies.
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    for item in [leave("bob", "operators"), join("fay", "operators")] {
        let evaluation = fixture.evaluate(&[item], &requester("ann"));
        assert!(!hit(&evaluation).contains(&NOT_ADMINISTRATOR));
    }
}

#[test]
fn what_the_next_read_may_show_otherwise_passes_and_the_rest_lasts() {
    let fixture = Company::new();
    let of = |item: Operation| {
        let evaluation = fixture.evaluate(&[item], &ann());
        let hits = evaluation.verdict.hits.into_iter();
        let against = hits.filter(|hit| hit.remedy.is_none());
        against
            .map(|hit| (hit.rule, hit.persistence))
            .collect::<Vec<_>>()
    };
    let unknown = of(standing(the_group("operators"), "nowhere", "viewer"));
    assert!(unknown.contains(&("system.unknown-account".into(), Persistence::Passing)));
    let management = of(unassign(the_user("bob"), "master", "viewer"));
    assert!(management.contains(&("system.management-account".into(), Persistence::Lasting)));
    let broken = with_guardrails(&rule(
        "broken",
        "",
        "principal, action, resource) when { context.session_seconds + 9223372036854775807 > 0 }",
    ));
    let evaluation = fixture.evaluate_under(
        &broken,
        &[],
        &[standing(the_group("operators"), "web-dev", "viewer")],
        &ann(),
    );
    let failed = evaluation
        .verdict
        .hits
        .iter()
        .find(|hit| hit.rule == RULE_ERROR);
    assert_eq!(
        failed.map(|hit| hit.persistence),
        Some(Persistence::Passing)
    );
}
