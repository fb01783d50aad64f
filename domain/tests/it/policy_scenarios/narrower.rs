//! The effect of a change now, compared with the approved one: a subset leaves approvals valid, and everything else
//! voids them.

use domain::{
    access::Path,
    budget::Budget,
    change::Operation,
    classification::{DeclarationProof, Declared, Environment, Source},
    diff::{ApprovedEffect, Effect, EffectComparison, Gainer, Step, compare, covers, effect_hash},
    grant::Term,
    ids::EffectHash,
    policies::Evaluation,
    time::{Duration, Timestamp},
};
use proptest::prelude::*;

use super::fixture::*;

fn requested() -> Vec<Operation> {
    vec![window(the_group("operators"), "cards-prod", "viewer", 60)]
}

/// Compares what the change would do in one company with what was approved in another.
fn compared(now: &Company, approved: &Evaluation) -> EffectComparison {
    let evaluation = now.evaluate(&requested(), &ann());
    with(now, &approved.effect, &approved.hash, &evaluation)
}

fn with(
    now: &Company,
    effect: &Effect,
    hash: &EffectHash,
    evaluation: &Evaluation,
) -> EffectComparison {
    compare(
        &now.snapshot(),
        (&requested(), None),
        ApprovedEffect { effect, hash },
        (&evaluation.effect, &evaluation.hash),
        default_rules().version(),
        Budget::UNLIMITED,
    )
    .unwrap()
}

fn without(mut fixture: Company, who: &str) -> Company {
    let members = fixture.parts.members.get_mut(&group("operators")).unwrap();
    assert!(members.remove(&user(who)));
    fixture
}

#[test]
fn who_leaves_makes_an_effect_narrower_and_who_joins_exceeds_it() {
    let company = Company::new();
    let approved = company.evaluate(&requested(), &ann());
    assert_eq!(compared(&company, &approved), EffectComparison::Same);
    let fewer = without(company.clone(), "eve");
    assert_eq!(compared(&fewer, &approved), EffectComparison::Narrower);
    let mut nobody = without(fewer.clone(), "bob");
    assert_eq!(compared(&nobody, &approved), EffectComparison::Narrower);
    let members = nobody.parts.members.get_mut(&group("operators")).unwrap();
    members.insert(user("fay"));
    assert_eq!(compared(&nobody, &approved), EffectComparison::Exceeds);
}

#[test]
fn a_narrower_effect_under_another_content_classification_or_policy_is_not_comparable() {
    let company = Company::new();
    let approved = company.evaluate(&requested(), &ann());
    let fewer = without(company, "eve");
    let mut edited = fewer.clone();
    let viewer = edited.parts.sets.get_mut(&set("viewer")).unwrap();
    viewer.content.session_seconds += 1;
    viewer.hash = viewer.content.hash();
    let mut moved = fewer.clone();
    let (_, class) = moved
        .parts
        .accounts
        .get_mut(&account("cards-prod"))
        .unwrap();
    class.pci = domain::classification::Pci::Connected;
    let mut deleted = fewer.clone();
    deleted.parts.sets.remove(&set("viewer"));
    for now in [&edited, &moved, &deleted] {
        assert_eq!(compared(now, &approved), EffectComparison::Exceeds);
    }
    let evaluation = fewer.evaluate(&requested(), &ann());
    let other = with_guardrails(&rule(
        "more",
        "",
        "principal, action, resource) when { context.session_seconds < 0 }",
    ));
    let comparison = compare(
        &fewer.snapshot(),
        (&requested(), None),
        ApprovedEffect {
            effect: &approved.effect,
            hash: &approved.hash,
        },
        (&evaluation.effect, &evaluation.hash),
        other.version(),
        Budget::UNLIMITED,
    )
    .unwrap();
    assert_eq!(comparison, EffectComparison::Exceeds);
}

/// Whoever can alter the row of a change cannot widen what was approved: the effect must prove the approved hash.
#[test]
fn an_effect_that_does_not_prove_the_approved_hash_covers_nothing() {
    let company = Company::new();
    let approved = company.evaluate(&requested(), &ann());
    let mut joined = company;
    let members = joined.parts.members.get_mut(&group("operators")).unwrap();
    members.insert(user("fay"));
    let now = joined.evaluate(&requested(), &ann());
    // The effect with Fay, under the hash without her.
    assert_eq!(
        with(&joined, &now.effect, &approved.hash, &now),
        EffectComparison::Exceeds
    );
}

#[test]
fn losses_matter_only_to_a_change_that_only_removes() {
    let lost = |who: &str| Step {
        gainer: Gainer::User(user(who)),
        pair: pair("web-dev", "viewer"),
        path: Path::Group(group("operators")),
        term: Term::Standing,
    };
    let removal = |all: &[&str]| Effect {
        lost: all.iter().map(|who| lost(who)).collect(),
        ..Effect::default()
    };
    assert!(covers(&removal(&["bob", "eve"]), &removal(&["bob"])));
    assert!(!covers(&removal(&["bob"]), &removal(&["bob", "eve"])));
    let gaining = |all: &[&str]| Effect {
        gained: [lost("fay")].into_iter().collect(),
        ..removal(all)
    };
    assert!(covers(&gaining(&["bob"]), &gaining(&["bob", "eve"])));
}

fn step() -> impl Strategy<Value = Step> {
    let gainer = prop_oneof![
        prop::sample::select(vec!["bob", "eve", "fay"]).prop_map(|who| Gainer::User(user(who))),
        Just(Gainer::FutureMember(group("operators"))),
    ];
    let path = prop_oneof![
        Just(Path::Direct),
        Just(Path::Group(group("operators"))),
        Just(Path::Group(group("empty"))),
    ];
    let term = prop_oneof![
        Just(Term::Standing),
        prop::sample::select(vec![30, 60]).prop_map(|n| Term::For(Duration::minutes(n))),
    ];
    let at = prop::sample::select(vec!["cards-prod", "web-dev"]);
    (gainer, at, path, term).prop_map(|(gainer, at, path, term)| Step {
        gainer,
        pair: pair(at, "viewer"),
        path,
        term,
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    let steps =
        || prop::collection::vec(step(), 0..4).prop_map(|steps| steps.into_iter().collect());
    (steps(), steps(), steps()).prop_map(|(gained, passing, lost)| Effect {
        gained,
        passing,
        lost,
        ..Effect::default()
    })
}

/// Whether one of the steps is the same access for at least as long.
fn there(approved: &[Step], step: &Step) -> bool {
    approved.iter().any(|one| {
        (&one.gainer, &one.pair, &one.path) == (&step.gainer, &step.pair, &step.path)
            && step.term <= one.term
    })
}

/// One person can declare what an account is already, and end that again, as often as they like.
#[test]
fn a_declaration_that_changes_no_value_leaves_approvals_valid() {
    let company = Company::new();
    let approved = company.evaluate(&requested(), &ann());
    let mut declared = company.clone();
    let (_, class) = declared
        .parts
        .accounts
        .get_mut(&account("cards-prod"))
        .unwrap();
    let same = Declared {
        environment: class.environment,
        pci: class.pci,
        against: class.reported(),
        without: class.strictness(),
        valid_until: Timestamp(i64::MAX),
        proof: DeclarationProof::Confirmed,
    };
    *class = class.under(Some(same), Timestamp(0));
    assert_eq!(class.environment_source, Source::Declared);
    assert_eq!(compared(&declared, &approved), EffectComparison::Same);
    let (_, class) = declared
        .parts
        .accounts
        .get_mut(&account("cards-prod"))
        .unwrap();
    let looser = Declared {
        environment: Environment::Sandbox,
        ..same
    };
    *class = class.under(Some(looser), Timestamp(0));
    assert_eq!(compared(&declared, &approved), EffectComparison::Exceeds);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_effect_is_covered_when_each_gain_is_there_for_as_long_and_as_permanently(a in effect(), b in effect()) {
        let permanent: Vec<Step> = a.gained.iter().collect();
        let any: Vec<Step> = a.evaluated_steps().collect();
        let gains = b.gained.iter().all(|step| there(&permanent, &step)) && b.passing.iter().all(|step| there(&any, &step));
        let losses: Vec<Step> = a.lost.iter().collect();
        let losses = !any.is_empty() || b.lost.iter().all(|step| there(&losses, &step));
        prop_assert_eq!(covers(&a, &b), gains && losses);
    }

    #[test]
    fn an_effect_covers_itself_and_whatever_is_taken_from_it_and_nothing_that_is_added(
        whole in effect(),
        drop in 0usize..4,
        added in step(),
    ) {
        prop_assert!(covers(&whole, &whole));
        let known: Vec<Step> = whole.gained.iter().collect();
        let others = |steps: &[Step]| -> Vec<Step> {
            let kept = steps.iter().enumerate().filter(|(at, _)| *at != drop);
            kept.map(|(_, step)| step.clone()).collect()
        };
        let passing: Vec<Step> = whole.passing.iter().collect();
        let less = Effect {
            gained: others(&known).into_iter().collect(),
            passing: others(&passing).into_iter().collect(),
            lost: whole.lost.clone(),
            ..Effect::default()
        };
        prop_assert!(covers(&whole, &less));
        let more = Effect {
            gained: less.gained.iter().chain([added.clone()]).collect(),
            ..less
        };
        prop_assert_eq!(covers(&whole, &more), there(&known, &added));
    }

    #[test]
    fn what_covers_an_effect_covers_all_that_the_effect_covers(a in effect(), b in effect(), c in effect()) {
        if covers(&a, &b) && covers(&b, &c) {
            prop_assert!(covers(&a, &c));
        }
    }

    /// Only the approved effect itself has the approved hash, so `compare` never trusts another one.
    #[test]
    fn two_effects_never_share_a_hash(a in effect(), b in effect()) {
        let snapshot = Company::new().snapshot();
        let rules = default_rules().version();
        let hash = |effect| effect_hash(&snapshot, &[], effect, None, rules, Budget::UNLIMITED).unwrap();
        prop_assert_eq!(hash(&a) == hash(&b), a == b);
    }
}
