//! What the policies say about a permission set in production PCI, without an organization.
//!
//! Evaluates the real policies for a made-up request. `Capability` states in words what the default policies say; the
//! tests hold both together. Never a verdict on a change: that depends on who asks for whom.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    evaluator::{Evaluator, PolicyResponse},
    request_template::{
        ANY, AccessPath, OnRecord, PolicyAction, PolicyPrincipal, PolicyResource, RequestTemplate,
        RequesterContext, SetAttributes,
    },
    rules::Rules,
};
use crate::{
    approval::Mfa,
    authorize::Role,
    classification::{Environment, Pci},
    grant::{LONGEST_IN_PRODUCTION_PCI, SHORTEST_SESSION, SHORTEST_WINDOW},
    org::AccountState,
    permission_set::analysis::{
        Analysis, Capability,
        capability::{Need, ProductionPciNeeds},
    },
    time::Duration,
    verdict::Remedies,
};

/// Evaluates the policies for an administrator who asks, without approvals, for access to a production PCI account for a
/// group of Identity Center, with a permission set whose sessions last so long. Temporary access lasts as long as it may with
/// them, and otherwise as short as any. Policies that ask for fewer than two approvals give `Need::TwoApprovals` as well.
pub fn in_production_pci(
    rules: &Rules,
    analysis: &Analysis,
    session: Duration,
) -> ProductionPciNeeds {
    needs_in(&production_pci(), rules, &analysis.capabilities(), session)
}

/// Returns the capabilities of a set with which alone nobody could have standing access.
pub fn blocked_as_standing(rules: &Rules, analysis: &Analysis) -> BTreeSet<Capability> {
    let place = production_pci();
    let mut capabilities = analysis.capabilities();
    capabilities.retain(|one| standing_in(&place, rules, &[*one].into()) == Need::Blocked);
    capabilities
}

fn production_pci() -> PolicyResource {
    PolicyResource {
        id: ANY.to_owned(),
        environment: Environment::Production,
        pci: Pci::In,
        production_pci: true,
        state: AccountState::Active,
        units: BTreeSet::new(),
    }
}

fn needs_in(
    place: &PolicyResource,
    rules: &Rules,
    capabilities: &BTreeSet<Capability>,
    session: Duration,
) -> ProductionPciNeeds {
    let longest = LONGEST_IN_PRODUCTION_PCI.as_seconds() - session.as_seconds();
    let minutes = longest.max(SHORTEST_WINDOW.as_seconds()) / 60;
    let mut temporary = made_up(place, capabilities, Some(minutes));
    temporary.power.session_seconds = session.as_seconds();
    ProductionPciNeeds {
        standing: standing_in(place, rules, capabilities),
        temporary: need(&answer(rules, &temporary)),
    }
}

fn standing_in(place: &PolicyResource, rules: &Rules, capabilities: &BTreeSet<Capability>) -> Need {
    let standing = made_up(place, capabilities, None);
    let undated = need(&answer(rules, &standing));
    let dated = need(&answer(rules, &with_review_date(standing)));
    match (undated, dated) {
        (Need::Blocked, Need::Blocked) => Need::Blocked,
        (Need::Blocked, dated) => dated.max(Need::ReviewDate),
        (undated, _) => undated,
    }
}

fn answer(rules: &Rules, request: &RequestTemplate) -> Rc<PolicyResponse> {
    let mut evaluator = Evaluator::new(rules);
    let who = PolicyPrincipal::unknown();
    let numbers = (evaluator.frame(request.clone()), evaluator.who(who.clone()));
    evaluator.numbered((numbers.0, request), (numbers.1, &who))
}

fn need(answer: &PolicyResponse) -> Need {
    let evaluated = answer.errors.is_empty() && !answer.permits.is_empty();
    let remedies: Option<Vec<&Remedies>> = answer.forbids.values().map(Option::as_ref).collect();
    match remedies {
        Some(remedies) if evaluated => {
            if remedies.into_iter().any(Remedies::need_step_up) {
                Need::StepUp
            } else {
                Need::TwoApprovals
            }
        }
        _ => Need::Blocked,
    }
}

fn made_up(
    place: &PolicyResource,
    capabilities: &BTreeSet<Capability>,
    minutes: Option<i64>,
) -> RequestTemplate {
    RequestTemplate {
        act: PolicyAction::Grant,
        place: place.clone(),
        power: SetAttributes {
            id: ANY.to_owned(),
            capabilities: capabilities.clone(),
            content_known: true,
            session_seconds: SHORTEST_SESSION.as_seconds(),
        },
        minutes,
        access_path: AccessPath::Group {
            id: ANY.to_owned(),
            scim: false,
        },
        latent: false,
        people: 0,
        record: OnRecord::default(),
        ask: Some(RequesterContext {
            requester: PolicyPrincipal {
                id: "requester".to_owned(),
                ..PolicyPrincipal::unknown()
            },
            roles: [Role::Administrator].into(),
            ticket: false,
            review_date: false,
            mfa: Mfa::Proven,
            at: 0,
        }),
    }
}

fn with_review_date(request: RequestTemplate) -> RequestTemplate {
    let ask = request.ask.map(|ask| RequesterContext {
        review_date: true,
        ..ask
    });
    RequestTemplate { ask, ..request }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::LazyLock};

    use super::*;
    use crate::{grant::outlasts_production_pci, permission_set::analysis::Extent};

    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        Rules::parse(
            include_str!("../../../server/policies/leastwise.cedarschema"),
            include_str!("../../../server/policies/eligibility.cedar"),
            include_str!("../../../server/policies/guardrails.cedar"),
        )
        .expect("the default policies are valid")
    });

    /// The capabilities that no access to production PCI has.
    const LAST_ROW: [Capability; 5] = [
        Capability::Administrator,
        Capability::GrantsRights,
        Capability::Identity,
        Capability::LogsAndGuardrails,
        Capability::Unknown,
    ];

    fn allowing(capabilities: &[Capability]) -> Analysis {
        let one = Extent {
            actions: 1,
            services: 1,
        };
        let extents: BTreeMap<Capability, Extent> =
            capabilities.iter().map(|found| (*found, one)).collect();
        Analysis {
            extents,
            ..Analysis::default()
        }
    }

    /// Each capability alone and each pair.
    fn alone_and_in_pairs() -> impl Iterator<Item = Vec<Capability>> {
        Capability::ALL.into_iter().flat_map(|one| {
            let others = Capability::ALL
                .into_iter()
                .filter(move |other| *other >= one);
            others.map(move |other| {
                if one == other {
                    vec![one]
                } else {
                    vec![one, other]
                }
            })
        })
    }

    fn elsewhere(environment: Environment, pci: Pci) -> PolicyResource {
        PolicyResource {
            id: ANY.to_owned(),
            environment,
            pci,
            production_pci: false,
            state: AccountState::Active,
            units: BTreeSet::new(),
        }
    }

    #[test]
    fn the_policies_say_of_each_capability_and_each_pair_what_the_program_says() {
        let mut tried = 0;
        for capabilities in alone_and_in_pairs() {
            let analysis = allowing(&capabilities);
            let found = in_production_pci(&RULES, &analysis, SHORTEST_SESSION);
            let said = ProductionPciNeeds {
                standing: analysis.standing_in_production_pci(),
                temporary: analysis.temporary_in_production_pci(),
            };
            assert_eq!(found, said, "{capabilities:?}");
            tried += 1;
        }
        assert_eq!(tried, 12 + 66);
        let all = allowing(&Capability::ALL);
        let blocked = Capability::ALL.into_iter();
        let blocked = blocked.filter(|one| one.standing_in_production_pci() == Need::Blocked);
        assert_eq!(blocked_as_standing(&RULES, &all), blocked.collect());
        let nothing = in_production_pci(&RULES, &Analysis::default(), SHORTEST_SESSION);
        assert_eq!(nothing.standing, Need::TwoApprovals);
        assert_eq!(nothing.temporary, Need::TwoApprovals);
    }

    #[test]
    fn a_set_with_sessions_too_long_for_temporary_access_is_blocked_as_such() {
        let analysis = allowing(&[Capability::ReadsData]);
        for (minutes, temporary) in [
            (60, Need::TwoApprovals),
            (225, Need::TwoApprovals),
            (226, Need::Blocked),
            (480, Need::Blocked),
        ] {
            let session = Duration::minutes(minutes);
            let needs = in_production_pci(&RULES, &analysis, session);
            assert_eq!(needs.temporary, temporary, "{minutes}");
            assert_eq!(needs.standing, Need::Blocked, "{minutes}");
            assert_eq!(
                outlasts_production_pci(session),
                temporary == Need::Blocked,
                "{minutes}"
            );
        }
    }

    #[test]
    fn what_approvals_lift_in_production_pci_they_lift_in_twos() {
        for capability in Capability::ALL {
            let capabilities = [capability].into();
            for minutes in [None, Some(180)] {
                let place = PolicyResource {
                    production_pci: true,
                    ..elsewhere(Environment::Production, Pci::In)
                };
                let request = with_review_date(made_up(&place, &capabilities, minutes));
                let answer = answer(&RULES, &request);
                let lifted: Vec<u8> = answer
                    .forbids
                    .values()
                    .flatten()
                    .map(Remedies::approvals)
                    .collect();
                assert!(!lifted.is_empty(), "{capability:?} {minutes:?}");
                assert!(lifted.iter().all(|count| *count == 2), "{lifted:?}");
            }
        }
    }

    #[test]
    fn the_last_row_is_blocked_wherever_it_can_reach_production_pci_and_nothing_else_is() {
        let places = [
            elsewhere(Environment::Production, Pci::Connected),
            elsewhere(Environment::Staging, Pci::Connected),
            elsewhere(Environment::Development, Pci::Connected),
            elsewhere(Environment::Sandbox, Pci::Connected),
            elsewhere(Environment::Staging, Pci::In),
            elsewhere(Environment::Development, Pci::In),
            elsewhere(Environment::Sandbox, Pci::In),
        ];
        for capabilities in alone_and_in_pairs() {
            let last = capabilities.iter().any(|found| LAST_ROW.contains(found));
            let capabilities = capabilities.into_iter().collect();
            for place in &places {
                let found = needs_in(place, &RULES, &capabilities, Duration::hours(1));
                for need in [found.standing, found.temporary] {
                    assert_eq!(need == Need::Blocked, last, "{capabilities:?} {place:?}");
                }
            }
        }
    }

    #[test]
    fn a_policy_that_fails_or_permits_nobody_blocks() {
        let metadata = allowing(&[Capability::Metadata]);
        let schema = include_str!("../../../server/policies/leastwise.cedarschema");
        let eligibility = include_str!("../../../server/policies/eligibility.cedar");
        let fails = r#"@id("fails") @reason("r") @control("c")
            forbid (principal, action, resource) when { context.session_seconds + 9223372036854775807 < 0 };"#;
        for (eligibility, guardrails, need) in [
            ("", "", Need::Blocked),
            (eligibility, fails, Need::Blocked),
            (eligibility, "", Need::TwoApprovals),
        ] {
            let rules = Rules::parse(schema, eligibility, guardrails).expect("valid policies");
            let found = in_production_pci(&rules, &metadata, Duration::hours(1));
            assert_eq!(found.standing, need);
        }
    }
}
