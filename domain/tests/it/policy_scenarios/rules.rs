//! Parsing of policies: which errors are detected when they are saved, and at which position.

use std::collections::BTreeSet;

use domain::policies::{RuleError, RuleKind, RuleText, Rules};
use domain::verdict::Remedies;

use super::fixture::*;

#[track_caller]
fn errors(eligibility: &str, guardrails: &str) -> Vec<RuleError> {
    Rules::parse(SCHEMA, eligibility, guardrails).expect_err("these policies are invalid")
}

/// Returns the only error in a guardrail text.
#[track_caller]
fn error(guardrails: &str) -> RuleError {
    let mut all = errors(ELIGIBILITY, guardrails);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[track_caller]
fn at(error: &RuleError, line: usize, column: usize, says: &str) {
    assert_eq!((error.line, error.column), (line, column), "{error}");
    assert!(error.message.contains(says), "{error}");
}

const HEAD: &str = "@id(\"x\")\n@reason(\"r\")\n@control(\"c\")\n";

fn when(condition: &str) -> String {
    format!("{HEAD}forbid (principal, action, resource)\nwhen {{ {condition} }};\n")
}

#[test]
fn the_default_rules_have_the_ids_that_people_rely_on() {
    let rules = default_rules();
    let ids: Vec<&str> = rules.list().iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "administrators-propose",
            "everybody-asks-for-windows",
            "production-pci-administrator",
            "production-pci-escalation",
            "production-pci-takeover",
            "production-pci-tampering",
            "production-pci-unknown",
            "production-pci-scim-group",
            "production-pci-standing-person",
            "production-pci-standing-data",
            "production-pci-standing-change",
            "production-pci-standing-code",
            "production-pci-review-date",
            "production-pci-long-window",
            "production-pci-long-session",
            "approved-content-changed",
            "approved-content-unknown",
            "review-date-passed",
            "production-pci-two-approvers",
            "production-pci-code-step-up",
            "guarded-one-approver",
            "powerful-one-approver",
            "own-access-one-approver",
        ]
    );
}

#[test]
fn a_rule_is_listed_with_its_words_its_text_and_its_line() {
    let rules = default_rules();
    let rule = rules
        .list()
        .iter()
        .find(|rule| rule.id == "production-pci-two-approvers")
        .unwrap();
    assert_eq!(rule.kind, RuleKind::Guardrail);
    assert_eq!(rule.control, "PCI 7.2.3");
    assert_eq!(rule.remedy, Some(Remedies::approvals_of(2)));
    assert!(
        rule.text
            .starts_with("@id(\"production-pci-two-approvers\")")
    );
    assert!(
        rule.text
            .ends_with("unless { context.approvals.count >= 2 };")
    );
    assert_eq!(
        GUARDRAILS.lines().nth(rule.line - 1),
        Some("@id(\"production-pci-two-approvers\")")
    );
    let controls: BTreeSet<&str> = rules
        .list()
        .iter()
        .map(|rule| rule.control.as_str())
        .collect();
    assert!(controls.iter().all(|control| control.starts_with("PCI ")));
}

#[test]
fn a_remedy_may_demand_approvals_by_people_who_signed_in_recently() {
    let guardrails = GUARDRAILS.replace(
        "@remedy(\"approvals:2\")",
        "@remedy(\"approvals:2 step-up\")",
    );
    let rules = Rules::parse(SCHEMA, ELIGIBILITY, &guardrails).unwrap();
    let with_step_up = |rule: &&domain::policies::Rule| {
        let remedies = rule.remedy.as_ref();
        remedies.is_some_and(|remedies| remedies.need_step_up() && remedies.approvals() == 2)
    };
    assert_eq!(
        default_rules().list().iter().filter(with_step_up).count(),
        1
    );
    assert_eq!(rules.list().iter().filter(with_step_up).count(), 2);
    for wrong in ["step-up", "approvals:2  step-up", "approvals:2 review"] {
        let guardrails = GUARDRAILS.replace("approvals:2", wrong);
        let errors = Rules::parse(SCHEMA, ELIGIBILITY, &guardrails).unwrap_err();
        let said = format!("{errors:?}");
        assert!(said.contains("step-up"), "{wrong}: {said}");
    }
}

#[test]
fn the_version_is_that_of_all_three_texts() {
    let version = |schema: &str, eligibility: &str, guardrails: &str| {
        Rules::parse(schema, eligibility, guardrails)
            .unwrap()
            .version()
            .clone()
    };
    let comment = "// nothing\n";
    let base = version(SCHEMA, ELIGIBILITY, GUARDRAILS);
    assert_eq!(base, version(SCHEMA, ELIGIBILITY, GUARDRAILS));
    assert_eq!(base.0.len(), 64);
    let all = [
        base,
        version(&format!("{SCHEMA}{comment}"), ELIGIBILITY, GUARDRAILS),
        version(SCHEMA, &format!("{ELIGIBILITY}{comment}"), GUARDRAILS),
        version(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}{comment}")),
    ];
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn a_mistyped_attribute_is_found_once_with_its_place_though_it_is_wrong_for_every_action() {
    let wrong = error(&when("resource.pcl == Pci::\"in\""));
    at(&wrong, 5, 8, "pcl");
    assert!(wrong.message.contains("did you mean `pci`"), "{wrong}");
    assert_eq!(wrong.policy.as_deref(), Some("x"));
    assert_eq!(wrong.text, RuleText::Guardrails);
}

#[test]
fn a_mistyped_word_is_found() {
    let wrong = error(&when("resource.environment == Environment::\"prodction\""));
    at(&wrong, 5, 32, "prodction");
}

#[test]
fn an_attribute_that_may_be_absent_has_to_be_asked_for_first() {
    at(&error(&when("context.minutes > 240")), 5, 8, "minutes");
}

#[test]
fn what_holds_for_an_asking_cannot_be_asked_of_what_exists() {
    let wrong = error(&when("context.ticket"));
    at(&wrong, 5, 8, "ticket");
}

#[test]
fn a_condition_that_can_never_hold_is_an_error_and_no_warning() {
    let wrong = error(&when(
        "resource.production_pci && !resource.production_pci && false",
    ));
    assert!(wrong.message.contains("impossible"), "{wrong}");
}

#[test]
fn looking_deeper_than_the_slice_reaches_is_refused() {
    let schema = SCHEMA.replace(
        "  external: Bool,\n",
        "  external: Bool,\n  chief?: Person,\n",
    );
    assert_ne!(schema, SCHEMA);
    let text = when("principal has chief && principal.chief.disabled");
    let wrong = Rules::parse(&schema, ELIGIBILITY, &text).unwrap_err();
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    at(&wrong[0], 5, 31, "level");
}

#[test]
fn a_syntax_error_has_its_place() {
    let wrong = error(&format!("{HEAD}forbid (principal, action resource);"));
    assert_eq!(wrong.line, 4);
    at(&wrong, 4, 27, "resource");
}

#[test]
fn a_schema_error_has_its_place() {
    let schema = SCHEMA.replace("entity Unit;", "entity Unit\n");
    let wrong = Rules::parse(&schema, ELIGIBILITY, GUARDRAILS).unwrap_err();
    assert_eq!(wrong[0].text, RuleText::Schema);
    let line = schema
        .lines()
        .position(|line| line == "entity Unit")
        .unwrap()
        + 1;
    assert!(
        wrong[0].line > line && wrong[0].line <= line + 4,
        "{}",
        wrong[0]
    );
}

#[test]
fn a_schema_that_does_not_describe_what_is_asked_is_refused_before_every_change_would_be() {
    for (old, new) in [
        ("    ticket: Bool,\n", ""),
        ("    review_date: Bool,\n", ""),
        ("  joined: Bool,\n", "  joined: Bool,\n  manager: Person,\n"),
        ("\"reads_configuration\",\n", ""),
        ("\"SUSPENDED\", ", ""),
    ] {
        let schema = SCHEMA.replacen(old, new, 1);
        assert_ne!(schema, SCHEMA);
        let wrong = Rules::parse(&schema, "", "").unwrap_err();
        assert!(wrong[0].message.contains("does not describe"), "{wrong:#?}");
    }
}

#[test]
fn every_rule_says_who_it_is_why_and_by_which_control() {
    for (missing, rest) in [
        ("id", "@reason(\"r\") @control(\"c\")"),
        ("reason", "@id(\"x\") @control(\"c\")"),
        ("control", "@id(\"x\") @reason(\"r\")"),
    ] {
        let wrong = error(&format!("\n  {rest} forbid (principal, action, resource);"));
        at(&wrong, 2, 3, &format!("`@{missing}(\"…\")` is missing"));
    }
    at(
        &error(&format!("{HEAD}forbid (principal, action, resource);").replace("\"r\"", "\" \"")),
        2,
        1,
        "1 to 500",
    );
}

#[test]
fn a_mistyped_annotation_is_no_annotation() {
    let wrong = error(&format!(
        "{HEAD}@remdy(\"approvals:2\")\nforbid (principal, action, resource);"
    ));
    at(&wrong, 4, 1, "@remdy");
}

#[test]
fn a_remedy_is_a_number_of_approvals_from_one_to_nine() {
    for remedy in [
        "approvals:0",
        "approvals:10",
        "approvals:+2",
        "approvals",
        "ticket",
        "",
    ] {
        let wrong = error(&format!(
            "{HEAD}@remedy(\"{remedy}\")\nforbid (principal, action, resource);"
        ));
        at(&wrong, 4, 1, "approvals:N");
    }
    let text = ELIGIBILITY.replace("permit (", "@remedy(\"approvals:1\")\npermit (");
    let wrong = errors(&text, "");
    assert!(
        wrong
            .iter()
            .all(|wrong| wrong.message.contains("only a guardrail")),
        "{wrong:#?}"
    );
    assert_eq!(wrong[0].text, RuleText::Eligibility);
}

#[test]
fn two_rules_never_share_an_id_even_across_the_texts() {
    let twice = format!(
        "{}\n{}",
        when("resource.production_pci"),
        when("resource.production_pci")
    );
    at(&error(&twice), 7, 1, "twice");
    let across = when("resource.production_pci").replace("\"x\"", "\"administrators-propose\"");
    at(&error(&across), 1, 1, "twice");
}

#[test]
fn ids_of_the_program_and_ids_with_capitals_or_spaces_are_refused() {
    for id in ["system.blanket", "eligibility.none", "Mine", "my rule"] {
        let wrong = error(&when("resource.production_pci").replace("\"x\"", &format!("\"{id}\"")));
        assert_eq!((wrong.line, wrong.column), (1, 1), "{wrong}");
    }
}

#[test]
fn a_permit_among_the_guardrails_and_a_forbid_in_eligibility_are_refused() {
    let permit =
        "@id(\"x\") @reason(\"permit\") @control(\"c\")\npermit (principal, action, resource);";
    at(&error(permit), 2, 1, "guardrails only forbid");
    let wrong = errors(&when("resource.production_pci"), "");
    at(&wrong[0], 4, 1, "eligibility only permits");
}

#[test]
fn a_template_is_refused() {
    let wrong = error(&format!(
        "{HEAD}forbid (principal == ?principal, action, resource);"
    ));
    at(&wrong, 1, 1, "template");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_order() {
    let text = format!(
        "{}{}",
        when("resource.pcl").replace("\"x\"", "\"a\""),
        when("resource.production_pci").replace("@control(\"c\")\n", "")
    );
    let wrong = errors("permit (principal, action, resource);", &text);
    let places: Vec<_> = wrong.iter().map(|wrong| (wrong.text, wrong.line)).collect();
    assert!(places.is_sorted());
    let mut files: Vec<_> = wrong.iter().map(|wrong| wrong.text).collect();
    files.dedup();
    assert_eq!(files, [RuleText::Eligibility, RuleText::Guardrails]);
    assert!(wrong.len() >= 5, "{wrong:#?}");
}

#[test]
fn each_policy_has_a_short_name_and_an_unknown_id_stands_for_itself() {
    let rules = Rules::parse(SCHEMA, ELIGIBILITY, GUARDRAILS).expect("valid policies");
    for rule in rules.list() {
        assert!(rule.title.is_some(), "{}", rule.id);
    }
    assert_eq!(
        rules.title("production-pci-standing-data"),
        "Standing access to data"
    );
    assert_eq!(
        rules.title("system.orphan"),
        "User or group that no longer exists"
    );
    assert_eq!(rules.title("another"), "another");
}
