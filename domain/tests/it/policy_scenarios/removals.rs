//! Policies on removals: which ones wait for a second person, that none is ever impossible, and that policies on gains
//! never apply to them.

use std::sync::LazyLock;

use domain::{
    change::Operation,
    engine::AccessResource,
    permission_set::Content,
    policies::{
        Evaluation, HELD_ALREADY, OversightMark, RemovalLimits, RemovalPolicies, RequestContext,
        Rules, ends_oversight, idle_oversight_marks, is_alarm_hit,
    },
    shared_map::SharedMap,
    snapshot::Gap,
    verdict::{Outcome, Remedies},
};
use proptest::prelude::*;

use super::fixture::*;

const REMOVAL_SCHEMA: &str = include_str!("../../../../server/policies/removals.cedarschema");
const REMOVALS: &str = include_str!("../../../../server/policies/removals.cedar");
const OVERSIGHT: &str = "removal-of-oversight";
const MANY: &str = "removal-of-many";

fn under(guardrails: &str, removals: &str, limits: RemovalLimits) -> Rules {
    let removals =
        RemovalPolicies::parse(REMOVAL_SCHEMA, removals, limits).expect("valid policies");
    with_guardrails(guardrails)
        .with_removals(removals)
        .expect("different ids")
}

fn shipped() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| under("", REMOVALS, RemovalLimits::default()));
    &RULES
}

fn evaluate(fixture: &Company, operation: &Operation, asked: &RequestContext) -> Evaluation {
    let operations = std::slice::from_ref(operation);
    fixture.evaluate_under(shipped(), &[], operations, asked)
}

fn raises_alarm(rules: &Rules, evaluation: &Evaluation) -> bool {
    let hits = &evaluation.verdict.hits;
    hits.iter().any(|hit| is_alarm_hit(rules, hit))
}

/// The company with the set `audit`, which everybody in `operators` has in two accounts, and Fay directly.
fn overseen(content: Content, name: &str) -> Company {
    let mut fixture = Company::new();
    fixture.analysed("audit", content);
    fixture.parts.sets.get_mut(&set("audit")).unwrap().name = name.into();
    for at in ["cards-prod", "web-dev"] {
        fixture.assigned(&the_group("operators"), at, "audit");
    }
    fixture.assigned(&the_user("fay"), "web-dev", "audit");
    fixture.assigned(&the_user("fay"), "web-dev", "viewer");
    fixture
}

/// A team of this many people in `operators`, with the set `viewer` in one account.
fn team(people: usize) -> Company {
    let mut fixture = Company::new();
    for n in 0..people {
        fixture.user(&format!("member-{n}"));
    }
    let members = (0..people).map(|n| user(&format!("member-{n}")));
    fixture
        .parts
        .members
        .insert(group("operators"), members.collect());
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    fixture
}

#[test]
fn nobody_removes_oversight_alone_however_it_is_marked_and_whatever_the_path() {
    let managed = Content {
        managed: ["arn:aws-us-gov:iam::aws:policy/SecurityAudit".to_owned()].into(),
        ..Content::default()
    };
    for fixture in [
        overseen(managed, "Anything"),
        overseen(Content::default(), "securityaudit"),
    ] {
        for operation in [
            unassign(the_group("operators"), "cards-prod", "audit"),
            unassign(the_user("fay"), "web-dev", "audit"),
            leave("bob", "operators"),
        ] {
            let evaluation = evaluate(&fixture, &operation, &ann());
            needs(&evaluation, 1);
            assert_eq!(hit(&evaluation), [OVERSIGHT]);
            assert!(raises_alarm(shipped(), &evaluation));
            allowed(&evaluate(
                &fixture,
                &operation,
                &approved_by(ann(), &["cas"]),
            ));
            needs(
                &evaluate(&fixture, &operation, &approved_by(ann(), &["ann"])),
                1,
            );
        }
        let other = unassign(the_user("fay"), "web-dev", "viewer");
        allowed(&evaluate(&fixture, &other, &ann()));
    }
}

#[test]
fn adopting_oversight_for_a_duration_removes_it_at_the_end() {
    let fixture = overseen(Content::default(), "securityaudit");
    let matched = |operation: &Operation| {
        let evaluation = evaluate(&fixture, operation, &ann());
        let mut hits = evaluation.verdict.hits.iter();
        let oversight = hits.any(|hit| hit.rule == OVERSIGHT);
        assert_eq!(oversight, raises_alarm(shipped(), &evaluation));
        oversight
    };
    assert!(matched(&window(the_user("fay"), "web-dev", "audit", 60)));
    assert!(!matched(&standing(the_user("fay"), "web-dev", "audit")));
    assert!(!matched(&window(the_user("eve"), "web-dev", "audit", 60)));
    assert!(!matched(&window(the_user("fay"), "web-dev", "viewer", 60)));
}

#[test]
fn the_end_of_oversight_access_is_known_by_every_path_and_of_other_access_raises_nothing() {
    let mut fixture = overseen(Content::default(), "SecurityAudit");
    fixture.parts.coverage.newest = Some(NOW);
    let ends = |fixture: &Company, key: &AccessResource| {
        ends_oversight(shipped(), &fixture.snapshot(), key)
    };
    let membership = |of: &str| AccessResource::Membership {
        group: group(of),
        user: user("bob"),
    };
    let direct =
        |with: &str| AccessResource::Assignment(assignment(the_user("fay"), "web-dev", with));
    assert!(ends(&fixture, &direct("audit")) && ends(&fixture, &membership("operators")));
    assert!(!ends(&fixture, &direct("viewer")) && !ends(&fixture, &membership("empty")));
    assert!(ends(&fixture, &direct("never-read")));
    fixture.parts.coverage.never_read = vec![Gap::Sets];
    assert!(ends(&fixture, &membership("empty")));
}

#[test]
fn view_only_access_is_removed_by_one_person() {
    let view = Content {
        managed: ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess".to_owned()].into(),
        ..Content::default()
    };
    let fixture = overseen(view, "ViewOnly");
    let operation = unassign(the_user("fay"), "web-dev", "audit");
    allowed(&evaluate(&fixture, &operation, &ann()));
}

#[test]
fn an_arn_marks_a_set_of_which_nothing_was_read() {
    let mark = OversightMark::parse(set("gone").as_str()).unwrap();
    let limits = RemovalLimits {
        oversight: vec![mark],
        ..RemovalLimits::default()
    };
    let rules = under("", REMOVALS, limits);
    let mut fixture = Company::new();
    fixture.assigned(&the_user("fay"), "nowhere", "gone");
    fixture.assigned(&the_user("fay"), "nowhere", "another");
    let operation = [unassign(the_user("fay"), "nowhere", "gone")];
    needs(&fixture.evaluate_under(&rules, &[], &operation, &ann()), 1);
    let operation = [unassign(the_user("fay"), "nowhere", "another")];
    allowed(&fixture.evaluate_under(&rules, &[], &operation, &ann()));
}

#[test]
fn a_chosen_mark_that_marks_no_permission_set_is_named_once_the_sets_were_read() {
    let marks = ["securityaudit", "Nope", "arn:aws:iam::aws:policy/Other"];
    let oversight = marks.map(|mark| OversightMark::parse(mark).unwrap());
    let limits = RemovalLimits {
        oversight: oversight.to_vec(),
        ..RemovalLimits::default()
    };
    let rules = under("", REMOVALS, limits);
    let mut fixture = overseen(Content::default(), "SecurityAudit");
    fixture.parts.coverage.newest = Some(NOW);
    let idle = |fixture: &Company, rules: &Rules| -> Vec<String> {
        let snapshot = fixture.snapshot();
        let marks = idle_oversight_marks(rules, &snapshot).into_iter();
        marks.map(ToString::to_string).collect()
    };
    assert_eq!(idle(&fixture, &rules), marks[1..]);
    let mut without = Company::new();
    without.parts.coverage.newest = Some(NOW);
    assert_eq!(
        idle(&without, shipped()),
        [""; 0],
        "the defaults need not exist"
    );
    fixture.parts.coverage.never_read = vec![Gap::Sets];
    assert_eq!(idle(&fixture, &rules), [""; 0]);
}

#[test]
fn a_set_or_a_group_that_was_never_read_is_not_removed_by_one_person() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("fay"), "web-dev", "gone");
    let operation = unassign(the_user("fay"), "web-dev", "gone");
    needs(&evaluate(&fixture, &operation, &ann()), 1);
    let operation = unassign(the_group("operators"), "web-dev", "viewer");
    let mut unread = team(1);
    allowed(&evaluate(&unread, &operation, &ann()));
    unread.parts.members.remove(&group("operators"));
    unread.parts.members_as_of.remove(&group("operators"));
    unread.parts.coverage.newest = Some(NOW);
    let gap = Gap::MembersOf(group("operators"));
    unread.parts.coverage.never_read.push(gap);
    let evaluation = evaluate(&unread, &operation, &ann());
    needs(&evaluation, 1);
    assert_eq!(hit(&evaluation), [MANY]);
}

/// Nothing was read about where groups are assigned.
#[test]
fn nobody_is_taken_out_alone_of_a_group_whose_assignments_were_never_read() {
    let operation = leave("bob", "operators");
    let mut fixture = Company::new();
    fixture.parts.coverage.newest = Some(NOW);
    allowed(&evaluate(&fixture, &operation, &ann()));
    for gap in [Gap::Sets, Gap::AccountsOf(set("never-read"))] {
        fixture.parts.coverage.never_read = vec![gap.clone()];
        let evaluation = evaluate(&fixture, &operation, &ann());
        assert_eq!(hit(&evaluation), [OVERSIGHT], "{gap:?}");
        needs(&evaluation, 1);
    }
    let mut audited = overseen(Content::default(), "SecurityAudit");
    audited.parts.pairs = SharedMap::default();
    audited.parts.coverage.newest = Some(NOW);
    for gap in [
        Gap::AccountsOf(set("audit")),
        Gap::AssignmentsOf(assignment(the_group("operators"), "web-dev", "audit").pair),
    ] {
        audited.parts.coverage.never_read = vec![gap.clone()];
        let evaluation = evaluate(&audited, &operation, &ann());
        assert_eq!(hit(&evaluation), [OVERSIGHT], "{gap:?}");
    }
    // What is known of a set that is not oversight holds up nobody.
    audited.parts.coverage.never_read = vec![Gap::AccountsOf(set("viewer"))];
    allowed(&evaluate(&audited, &operation, &ann()));
}

/// An assignment may exist although no read shows it.
#[test]
fn everybody_counts_who_may_lose_something_by_a_group() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let mut unseen = team(limit + 1);
    unseen.parts.pairs = SharedMap::default();
    let operation = unassign(the_group("operators"), "web-dev", "viewer");
    let evaluation = evaluate(&unseen, &operation, &ann());
    assert_eq!(hit(&evaluation), [MANY]);
    unseen.parts.coverage.newest = Some(NOW);
    unseen.parts.coverage.never_read = vec![Gap::AccountsOf(set("viewer"))];
    let everybody = |people: usize| -> Vec<Operation> {
        let each = (0..people).map(|n| leave(&format!("member-{n}"), "operators"));
        each.collect()
    };
    let of = |people: usize| unseen.evaluate_under(shipped(), &[], &everybody(people), &ann());
    allowed(&of(limit));
    assert_eq!(hit(&of(limit + 1)), [MANY]);
}

#[test]
fn the_access_of_as_many_people_as_the_limit_is_removed_by_one_person_and_of_one_more_by_two() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let operation = unassign(the_group("operators"), "web-dev", "viewer");
    allowed(&evaluate(&team(limit), &operation, &ann()));
    let evaluation = evaluate(&team(limit + 1), &operation, &ann());
    needs(&evaluation, 1);
    assert_eq!(hit(&evaluation), [MANY]);
    // One member of the same group is a small removal.
    allowed(&evaluate(
        &team(limit + 1),
        &leave("member-3", "operators"),
        &ann(),
    ));
}

/// Ann, whose removals of the last hour took access from these people.
fn ann_after(people: impl IntoIterator<Item = String>) -> RequestContext {
    RequestContext {
        earlier_removals: people.into_iter().map(|name| user(&name)).collect(),
        ..ann()
    }
}

fn members(numbers: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    numbers.map(|n| format!("member-{n}"))
}

#[test]
fn removals_by_one_person_add_up_and_nobody_is_counted_twice() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let ten = team(10);
    let operation = unassign(the_group("operators"), "web-dev", "viewer");
    let after = |people| evaluate(&ten, &operation, &ann_after(members(people)));
    // The ten lost something else before.
    allowed(&after(0..10));
    allowed(&after(10..limit));
    let evaluation = after(10..limit + 1);
    needs(&evaluation, 1);
    assert_eq!(hit(&evaluation), [MANY]);
    assert!(raises_alarm(shipped(), &evaluation));
    let asked = ann_after(members(10..limit + 1));
    allowed(&evaluate(&ten, &operation, &approved_by(asked, &["cas"])));
}

#[test]
fn ones_own_access_is_removed_whatever_one_removed_before_and_does_not_count() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let mut fixture = team(1);
    fixture
        .parts
        .members
        .get_mut(&group("operators"))
        .unwrap()
        .insert(user("ann"));
    fixture.assigned(&the_user("ann"), "web-dev", "viewer");
    let after = ann_after(members(1..limit + 5));
    for own in [
        leave("ann", "operators"),
        unassign(the_user("ann"), "web-dev", "viewer"),
    ] {
        allowed(&evaluate(&fixture, &own, &after));
    }
    let other = leave("member-0", "operators");
    needs(&evaluate(&fixture, &other, &after), 1);
    let own_before = members(1..limit).chain(["ann".to_owned()]);
    allowed(&evaluate(&fixture, &other, &ann_after(own_before)));
}

#[test]
fn somebody_whose_removal_was_approved_before_does_not_add_up() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let fixture = team(limit + 3);
    let after = |earlier: std::ops::Range<usize>, agreed: std::ops::Range<usize>| RequestContext {
        agreed_removals: members(agreed).map(|name| user(&name)).collect(),
        ..ann_after(members(earlier))
    };
    let of = |number: usize, asked: &RequestContext| {
        let operation = leave(&format!("member-{number}"), "operators");
        evaluate(&fixture, &operation, asked)
    };
    needs(&of(limit, &after(0..limit, 0..0)), 1);
    allowed(&of(limit, &after(0..limit, limit..limit + 1)));
    // What started alone because somebody had agreed counts no more for others.
    let asked = after(0..limit + 1, limit..limit + 1);
    allowed(&of(limit, &asked));
    allowed(&of(3, &after(0..limit, 0..1)));
    needs(&of(limit + 1, &asked), 1);
    allowed(&of(limit + 1, &after(0..limit, 0..1)));
    // One change for many people is judged as before.
    let all = unassign(the_group("operators"), "web-dev", "viewer");
    needs(&evaluate(&fixture, &all, &after(0..0, 0..limit + 3)), 1);
}

#[test]
fn a_verdict_says_whether_a_removal_waits_only_because_removals_add_up() {
    let limit = usize::try_from(RemovalLimits::PEOPLE).unwrap();
    let operation = unassign(the_group("operators"), "web-dev", "viewer");
    let asked = ann_after(members(10..limit + 3));
    let together = |evaluation: &Evaluation| {
        let hits = evaluation.verdict.hits.iter();
        hits.map(|hit| hit.people_together).collect::<Vec<_>>()
    };
    let by_sum = evaluate(&team(10), &operation, &asked);
    assert_eq!(together(&by_sum), [Some(limit + 3)]);
    let told = &by_sum.verdict.hits[0].reason;
    assert!(told.ends_with("Together, 23 people lose access."), "{told}");
    assert!(by_sum.verdict.is_due_to_earlier_removals());
    let many = evaluate(&team(limit + 1), &operation, &asked);
    assert_eq!(together(&many), [None]);
    let told = &many.verdict.hits[0].reason;
    assert!(!told.contains("Together"), "{told}");
    assert!(!many.verdict.is_due_to_earlier_removals());
    let mut audited = overseen(Content::default(), "SecurityAudit");
    audited.assigned(&the_user("fay"), "web-dev", "audit");
    let oversight = unassign(the_user("fay"), "web-dev", "audit");
    let both = evaluate(&audited, &oversight, &ann_after(members(0..limit)));
    assert_eq!(hit(&both), [OVERSIGHT, MANY]);
    assert_eq!(together(&both), [None, Some(limit + 1)]);
    assert!(!both.verdict.is_due_to_earlier_removals());
    let at_once = evaluate(&team(10), &operation, &ann());
    assert!(!at_once.verdict.is_due_to_earlier_removals());
}

#[test]
fn an_orphan_with_an_oversight_set_waits_as_well() {
    let mut fixture = overseen(Content::default(), "SecurityAudit");
    fixture.assigned(&the_user("gone"), "web-dev", "audit");
    let operation = unassign(the_user("gone"), "web-dev", "audit");
    needs(&evaluate(&fixture, &operation, &ann()), 1);
}

#[test]
fn a_policy_on_gains_never_applies_to_a_removal() {
    let rules = under(
        &rule("no-one-at-all", "", "principal, action, resource)"),
        REMOVALS,
        RemovalLimits::default(),
    );
    let operations = [unassign(the_group("operators"), "web-dev", "viewer")];
    allowed(&team(3).evaluate_under(&rules, &[], &operations, &ann()));
}

#[test]
fn a_policy_on_removals_that_cannot_be_evaluated_asks_for_one_approval_and_blocks_nothing() {
    let fails = rule(
        "fails",
        "@remedy(\"approvals:2\")",
        "principal, action, resource) when { context.people + 9223372036854775807 > 0 }",
    );
    let rules = under("", &fails, RemovalLimits::default());
    let operations = [unassign(the_group("operators"), "web-dev", "viewer")];
    let evaluation = team(3).evaluate_under(&rules, &[], &operations, &ann());
    needs(&evaluation, 1);
    assert_eq!(hit(&evaluation), ["system.removal-policy-error"]);
    assert!(raises_alarm(&rules, &evaluation));
    let asked = approved_by(ann(), &["cas"]);
    allowed(&team(3).evaluate_under(&rules, &[], &operations, &asked));
}

#[test]
fn a_policy_that_would_make_a_removal_impossible_is_refused_when_it_is_read() {
    for (text, told) in [
        (
            rule("final", "", "principal, action, resource)"),
            "must never be impossible",
        ),
        (
            "@id(\"a\") @reason(\"r\") @control(\"c\") permit (principal, action, resource);"
                .into(),
            "",
        ),
        (
            rule(
                "of-gains",
                "@remedy(\"approvals:1\")",
                "principal, action, resource) when { context.standing }",
            ),
            "standing",
        ),
    ] {
        let errors = RemovalPolicies::parse(REMOVAL_SCHEMA, &text, RemovalLimits::default())
            .expect_err("these policies are invalid");
        assert!(
            errors.iter().any(|error| error.to_string().contains(told)),
            "{errors:?}"
        );
    }
    let twice = rule(
        "production-pci-tampering",
        "@remedy(\"approvals:1\")",
        "principal, action, resource)",
    );
    let twice = RemovalPolicies::parse(REMOVAL_SCHEMA, &twice, RemovalLimits::default()).unwrap();
    assert!(with_guardrails("").with_removals(twice).is_err());
    let other =
        "action Remove appliesTo { principal: [Person], resource: [Person] }; entity Person;";
    assert!(RemovalPolicies::parse(other, "", RemovalLimits::default()).is_err());
}

#[test]
fn the_version_of_the_policies_covers_removals_and_their_limits() {
    let limits = RemovalLimits {
        people: 7,
        ..RemovalLimits::default()
    };
    let versions = [
        with_guardrails("").version().clone(),
        shipped().version().clone(),
        under("", REMOVALS, limits).version().clone(),
        under("", "", RemovalLimits::default()).version().clone(),
    ];
    let distinct: std::collections::BTreeSet<_> = versions.iter().collect();
    assert_eq!(distinct.len(), versions.len());
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let who = prop_oneof![
        prop::sample::select(vec!["bob", "eve", "fay"]).prop_map(the_user),
        Just(the_group("operators")),
        Just(the_group("okta")),
    ];
    let at = prop::sample::select(vec!["cards-prod", "web-dev", "nowhere"]);
    let with = prop::sample::select(vec!["audit", "viewer", "nothing"]);
    let member = prop::sample::select(vec!["bob", "eve", "fay"]);
    prop_oneof![
        (who.clone(), at.clone(), with.clone()).prop_map(|(who, at, with)| unassign(who, at, with)),
        (who, at, with).prop_map(|(who, at, with)| window(who, at, with, 60)),
        member.clone().prop_map(|who| leave(who, "operators")),
        member.prop_map(|who| join(who, "empty")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Compared with the same change without policies on removals: a gain is judged alike, unless it adopts access that it
    /// removes at its end, and a removal that could be made at once waits at most for one other person.
    #[test]
    fn policies_on_removals_add_an_approval_to_removals_and_nothing_else(
        operations in prop::collection::vec(any_operation(), 1..4),
    ) {
        let fixture = overseen(Content::default(), "SecurityAudit");
        let without = fixture.evaluate(&operations, &ann()).verdict;
        let with = fixture.evaluate_under(shipped(), &[], &operations, &ann()).verdict;
        let added: Vec<_> = with.hits.iter().filter(|hit| [OVERSIGHT, MANY].contains(&hit.rule.as_str())).collect();
        prop_assert_eq!(with.hits.len(), without.hits.len() + added.len());
        prop_assert!(added.iter().all(|hit| hit.remedy == Some(Remedies::approvals_of(1))));
        // What is adopted for a duration is removed at its end.
        let adopts = without.hits.iter().any(|hit| hit.rule == HELD_ALREADY);
        if operations.iter().all(Operation::gives) && !adopts {
            prop_assert!(added.is_empty());
        }
        if without.outcome == Outcome::Refused {
            prop_assert_eq!(with.outcome, Outcome::Refused);
        } else {
            prop_assert!(with.outcome != Outcome::Refused);
            prop_assert_eq!(with.approvals, without.approvals.max(u8::from(!added.is_empty())));
        }
        let agreed = fixture.evaluate_under(shipped(), &[], &operations, &approved_by(ann(), &["cas"])).verdict;
        prop_assert!(!agreed.hits.iter().any(|hit| [OVERSIGHT, MANY].contains(&hit.rule.as_str())));
    }
}
