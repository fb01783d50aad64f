//! The reference model of evaluation: the straightforward code of earlier versions, and the property that both agree on
//! random organizations and changes: the same effect, the same hash, the same verdict, for everybody.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case has failed"
)]

mod diff;
mod evaluation;

#[path = "../../../tests/shared/company.rs"]
mod company;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use proptest::prelude::*;

use super::{RequestContext, Rules, evaluate};
use crate::{
    approval::Mfa,
    authorize::Role,
    budget::{Budget, Stopped},
    change::Operation,
    diff::{Effect, Step, Steps},
    directory::{Origin, UserStatus},
    grant::Term,
    ids::{Assignment, GroupId, PersonId, Principal, UserId},
    snapshot::{Parts, Snapshot},
    subject::SubjectStates,
    time::{Date, Duration, Timestamp},
    verdict::{Hit, Remedies},
};
use company::*;

const SCHEMA: &str = include_str!("../../../../server/policies/leastwise.cedarschema");
const ELIGIBILITY: &str = include_str!("../../../../server/policies/eligibility.cedar");
const GUARDRAILS: &str = include_str!("../../../../server/policies/guardrails.cedar");
const NOW: Timestamp = Timestamp(1_795_425_245_000);

/// The last two are not in the directory.
const USERS: [&str; 9] = [
    "ann", "bob", "cas", "dan", "eve", "fay", "gus", "ghost", "shade",
];
/// The last one is not in the directory.
const GROUPS: [&str; 5] = ["operators", "empty", "okta", "everyone", "lost"];
/// The last one is not in the organization.
const ACCOUNTS: [&str; 5] = ["cards-prod", "web-prod", "web-dev", "master", "nowhere"];
const SETS: [&str; 5] = ["viewer", "auditor", "reader", "administrator", "nothing"];

/// The default policies, and policies that can distinguish people in every way.
static RULES: LazyLock<[Rules; 2]> = LazyLock::new(|| {
    let all = "principal, action, resource)";
    let more: String = [
        ("named-group", "", format!("principal in Group::\"{}\", action, resource)", group("operators"))),
        ("named-person", "", format!("principal == Person::\"{}\", action, resource)", person("eve"))),
        ("people", "@remedy(\"approvals:1\")", format!("{all} when {{ context.people > 4 }} unless {{ context.approvals.count >= 1 }}")),
        ("disabled", "", format!("{all} when {{ principal.disabled && context.standing }}")),
        ("external", "@remedy(\"approvals:2\")", format!("{all} when {{ principal.external || !principal.joined }} unless {{ context.approvals.count >= 2 }}")),
        ("own", "", "principal, action in Action::\"Gain\", resource) when { context.requester == principal && context.direct }".to_owned()),
        ("fails", "", format!("{all} when {{ context.latent && context.people + 9223372036854775807 > 0 }}")),
    ]
    .map(|(id, annotations, rest)| {
        format!("@id(\"{id}\") @reason(\"r\") @control(\"c\") {annotations}\nforbid ({rest};\n")
    })
    .concat();
    [String::new(), more].map(|more| {
        Rules::parse(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}\n{more}")).expect("valid")
    })
});

fn pick(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

fn principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        1 => pick(&USERS).prop_map(|name| Principal::User(user(name))),
        2 => pick(&GROUPS).prop_map(|name| Principal::Group(group(name))),
    ]
}

fn assigned() -> impl Strategy<Value = Assignment> {
    (principal(), pick(&ACCOUNTS), pick(&SETS)).prop_map(|(principal, at, with)| Assignment {
        pair: pair(at, with),
        principal,
    })
}

fn membership() -> impl Strategy<Value = (GroupId, UserId)> {
    (pick(&GROUPS), pick(&USERS)).prop_map(|(to, who)| (group(to), user(who)))
}

fn operation() -> impl Strategy<Value = Operation> {
    let term = prop_oneof![
        Just(Term::Standing),
        (15i64..=720).prop_map(|minutes| Term::For(Duration::minutes(minutes))),
    ];
    prop_oneof![
        4 => (assigned(), term).prop_map(|(assignment, term)| Operation::Assign { assignment, term }),
        2 => assigned().prop_map(|assignment| Operation::Unassign { assignment }),
        3 => membership().prop_map(|(group, user)| Operation::AddMember { group, user }),
        2 => membership().prop_map(|(group, user)| Operation::RemoveMember { group, user }),
    ]
}

fn organization() -> impl Strategy<Value = Parts> {
    (
        prop::collection::vec(membership(), 0..14),
        prop::collection::vec(assigned(), 0..14),
        prop::collection::btree_set(pick(&USERS), 0..4),
    )
        .prop_map(|(members, assignments, unlinked)| {
            let mut company = Company::new();
            company.user("gus");
            company.group("everyone", Origin::IdentityCenter, &USERS);
            let mut parts = company.parts;
            for (into, who) in members {
                parts.members.or_default(into).insert(who);
            }
            for assignment in assignments {
                assign(
                    &mut parts,
                    assignment.pair,
                    assignment.principal,
                    NOW,
                    Timestamp(1),
                );
            }
            for name in unlinked {
                parts.persons.remove(&user(name));
            }
            parts.users.get_mut(&user("dan")).unwrap().status = UserStatus::Disabled;
            parts.users.get_mut(&user("fay")).unwrap().origin = Origin::External;
            parts
        })
}

fn asked() -> impl Strategy<Value = RequestContext> {
    (
        pick(&USERS),
        any::<bool>(),
        prop::collection::btree_set(pick(&USERS), 0..4),
        prop::collection::btree_set(pick(&USERS), 0..3),
        prop::option::of(Just(Date::parse("2027-05-31").unwrap())),
    )
        .prop_map(
            |(who, administrator, approvals, new, review_on)| RequestContext {
                requester: person(who),
                roles: if administrator {
                    [Role::Administrator].into()
                } else {
                    BTreeSet::new()
                },
                mfa: Mfa::Proven,
                ticket: false,
                review_on,
                approvals: approvals.into_iter().map(person).collect(),
                ours: BTreeSet::new(),
                new_user: new.contains(who).then(|| user(who)),
                states: SubjectStates::default(),
                new_persons: new
                    .into_iter()
                    .map(|name| (user(name), person(name)))
                    .collect(),
                earlier_removals: BTreeSet::new(),
                agreed_removals: BTreeSet::new(),
            },
        )
}

type Finding = (String, String, Option<Remedies>, usize);

/// Merges repeated hits: the reference reports an unknown account once for each person.
fn merged(hits: &[Hit]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for hit in hits {
        let alike = found
            .iter_mut()
            .find(|one| one.0 == hit.rule && one.1 == hit.reason && one.2 == hit.remedy);
        match alike {
            Some(one) => one.3 += hit.gains.len(),
            None => found.push((
                hit.rule.clone(),
                hit.reason.clone(),
                hit.remedy.clone(),
                hit.gains.len(),
            )),
        }
    }
    found
}

fn rows(steps: &Steps) -> Vec<Step> {
    steps.iter().collect()
}

type GainResult = (
    crate::policies::GainKind,
    Vec<String>,
    BTreeSet<(String, String)>,
);

fn of_each(hits: &[Hit], numbers: &[usize]) -> BTreeSet<(String, String)> {
    let named = numbers
        .iter()
        .map(|hit| (hits[*hit].rule.clone(), hits[*hit].reason.clone()));
    named.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evaluating_classes_of_people_gives_what_evaluating_everybody_gives(
        parts in organization(),
        asked in asked(),
        under_way in prop::collection::vec(operation(), 0..5),
        operations in prop::collection::vec(operation(), 1..7),
        strict in any::<bool>(),
    ) {
        let rules = &RULES[usize::from(strict)];
        let snapshot = Snapshot::new(parts.clone());
        let found = evaluate(&snapshot, &under_way, &operations, &asked, rules, NOW, Budget::UNLIMITED).unwrap();
        let mut with_new = parts;
        with_new.persons.extend(asked.new_persons.clone());
        let snapshot = Snapshot::new(with_new);
        let expected = evaluation::evaluate(&snapshot, &under_way, &operations, &asked, rules, NOW);

        prop_assert_eq!(rows(&found.effect.gained), expected.effect.gained.clone());
        prop_assert_eq!(rows(&found.effect.passing), expected.effect.passing.clone());
        prop_assert_eq!(rows(&found.effect.lost), expected.effect.lost.clone());
        prop_assert_eq!(&found.hash, &expected.hash);
        prop_assert_eq!(&found.gaining, &expected.gaining);
        prop_assert_eq!(
            (found.verdict.outcome, found.verdict.approvals, &found.verdict.rules),
            (expected.verdict.outcome, expected.verdict.approvals, &expected.verdict.rules)
        );
        let hits: Vec<Finding> = found.verdict.hits.iter().map(|hit| {
            (hit.rule.clone(), hit.reason.clone(), hit.remedy.clone(), hit.affected)
        }).collect();
        prop_assert_eq!(hits, merged(&expected.verdict.hits));

        let results: BTreeMap<Step, GainResult> = found.gains.iter().flat_map(|gain| {
            let results = (gain.kind, gain.eligible_by.clone(), of_each(&found.verdict.hits, &gain.hits));
            gain.path.steps().map(move |step| (step, results.clone()))
        }).collect();
        prop_assert_eq!(found.gains.iter().map(|gain| gain.path.gainers.count()).sum::<usize>(), results.len());
        let expected: BTreeMap<Step, GainResult> = expected.gains.iter().map(|gain| {
            (gain.step.clone(), (gain.kind, gain.eligible_by.clone(), of_each(&expected.verdict.hits, &gain.hits)))
        }).collect();
        prop_assert_eq!(results, expected);
    }

    #[test]
    fn a_stored_effect_is_read_back_in_both_formats(
        parts in organization(),
        under_way in prop::collection::vec(operation(), 0..5),
        operations in prop::collection::vec(operation(), 1..7),
    ) {
        let snapshot = Snapshot::new(parts);
        let context = crate::subject::SubjectContext { snapshot: &snapshot, states: &crate::subject::SubjectStates::default() };
        let effect = crate::diff::effect(context, &under_way, &operations, Budget::UNLIMITED).unwrap();
        let stored = serde_json::to_string(&effect).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Effect>(&stored).unwrap(), &effect);
        let earlier = serde_json::to_string(&diff::effect(&snapshot, &under_way, &operations)).unwrap();
        // Earlier versions did not store the content of permission sets.
        let effect = Effect { sets: BTreeMap::new(), ..effect };
        prop_assert_eq!(serde_json::from_str::<Effect>(&earlier).unwrap(), effect);
    }
}

#[test]
fn an_evaluation_whose_caller_is_gone_ends_without_a_result() {
    let mut company = Company::new();
    company.group("everyone", Origin::IdentityCenter, &USERS);
    let snapshot = Snapshot::new(company.parts);
    let operations = [Operation::Assign {
        assignment: Assignment {
            pair: pair("cards-prod", "viewer"),
            principal: Principal::Group(group("everyone")),
        },
        term: Term::Standing,
    }];
    let asked = RequestContext {
        requester: PersonId::parse("00000003-0000-4000-8000-000000000001").unwrap(),
        roles: [Role::Administrator].into(),
        mfa: Mfa::Proven,
        ticket: false,
        review_on: None,
        approvals: BTreeSet::new(),
        ours: BTreeSet::new(),
        new_persons: BTreeMap::new(),
        new_user: None,
        earlier_removals: BTreeSet::new(),
        states: SubjectStates::default(),
        agreed_removals: BTreeSet::new(),
    };
    let evaluated = |stop: &dyn Fn() -> bool| {
        evaluate(
            &snapshot,
            &[],
            &operations,
            &asked,
            &RULES[0],
            NOW,
            Budget::until(stop),
        )
    };
    let asked_for = Cell::new(0_usize);
    assert!(
        evaluated(&|| {
            asked_for.set(asked_for.get() + 1);
            false
        })
        .is_ok()
    );
    // At whichever check the caller wants it to end, there is no partial result.
    for last in 0..asked_for.get() {
        let left = Cell::new(last);
        let stopped = evaluated(&|| match left.get().checked_sub(1) {
            Some(fewer) => {
                left.set(fewer);
                false
            }
            None => true,
        });
        assert_eq!(stopped, Err(Stopped), "at check {last}");
    }
}
