//! Puts facts, corrections and reviews together.
//!
//! Never lets facts that lack something make an action harmless: an action that people have reviewed and that the facts do
//! not have keeps its judgement, on every resource.

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use super::{
    AccessLevel, Action, ActionCatalogue, ActionSet, CatalogueError, Glob, ResourceType, Service,
    corrections,
    facts::{ActionFacts, Facts, ResourceTypeFacts, ServiceFacts},
    key,
    names::Names,
    review::{self, ReviewLine},
};

impl ActionCatalogue {
    /// Reads the facts, their corrections, and the reviews by service.
    pub fn parse<'a>(
        facts: &str,
        corrections: &str,
        reviews: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CatalogueError> {
        let mut facts = Facts::read(facts)?;
        let without_effect = corrections::apply(corrections, &mut facts)?;
        let mut judgements: BTreeMap<&str, Vec<ReviewLine>> = BTreeMap::new();
        for (service, text) in reviews {
            judgements.insert(service, review::read(service, text)?);
        }
        let mut catalogue = Self {
            lacking: add_lacking(&mut facts, &judgements),
            without_effect,
            date: facts.date,
            services: Vec::with_capacity(facts.services.len()),
            by_prefix: HashMap::new(),
            actions: Vec::new(),
            by_capability: HashMap::new(),
            reviewed: ActionSet::default(),
            reasons: HashMap::new(),
            explained: ActionSet::default(),
            samples: OnceLock::new(),
        };
        for (prefix, service) in facts.services {
            catalogue.add_service(prefix, service);
        }
        for (service, judgements) in judgements {
            for judgement in judgements {
                catalogue.judge(service, judgement);
            }
        }
        catalogue.judge_by_access_level();
        Ok(catalogue)
    }

    fn add_service(&mut self, prefix: String, facts: ServiceFacts) {
        let (at, from) = (self.services.len(), self.actions.len());
        let (mut names, mut keys) = (Names::default(), Vec::with_capacity(facts.actions.len()));
        for (lower, action) in facts.actions {
            names.push(&lower);
            keys.push(key(&lower, 0));
            let (resource_types, narrowing_types) = if action.required.is_empty() {
                (action.possible, Vec::new())
            } else {
                (action.required, action.possible)
            };
            self.actions.push(Action {
                name: format!("{prefix}:{}", action.name),
                lower,
                service: at,
                level: action.level,
                resource_types,
                narrowing_types,
            });
        }
        self.by_prefix.insert(prefix.clone(), at);
        let resource_types: Vec<ResourceType> =
            facts.resource_types.iter().map(resource_type).collect();
        let of_types = resource_types.iter().map(|one| one.arn_service.clone());
        let mut arn_services: Vec<Option<String>> = of_types
            .chain(facts.arn_services.into_iter().map(Some))
            .chain([Some(prefix.clone())])
            .collect();
        arn_services.sort();
        arn_services.dedup();
        self.services.push(Service {
            from,
            to: self.actions.len(),
            resource_types,
            arn_services,
            names,
            keys,
            nothing_named: nothing_named(&prefix),
            condition_keys: facts.condition_keys,
            key_forms: facts.key_forms,
            prefix,
        });
    }

    /// Gives an action the capabilities that people say it has.
    fn judge(&mut self, service: &str, judgement: ReviewLine) {
        // A service without facts is unknown as a whole.
        let Some(action) = self.number(&format!("{service}:{}", judgement.name)) else {
            return;
        };
        for capability in judgement.capabilities {
            self.by_capability
                .entry(capability)
                .or_default()
                .insert(action);
        }
        self.reviewed.insert(action);
        if let Some(reason) = judgement.reason {
            self.reasons.insert(action, reason.to_owned());
            self.explained.insert(action);
        }
    }

    /// Gives each action that nobody has reviewed what its access level suggests at worst.
    fn judge_by_access_level(&mut self) {
        for (action, row) in self.actions.iter().enumerate() {
            if !self.reviewed.contains(action) {
                let name = row.name.split(':').next_back().unwrap_or_default();
                self.by_capability
                    .entry(row.level.of_unreviewed(name))
                    .or_default()
                    .insert(action);
            }
        }
    }
}

/// The form of any ARN.
const ANY_ARN: &str = "arn:${Partition}:${Service}:${RegionOrNone}:${AccountOrNone}:${Anything}";

/// Adds the reviewed actions that the facts lack to the services that they have. They count on every resource, because
/// nothing is known about their resource types. Returns the names of all that the facts lack.
fn add_lacking(facts: &mut Facts, judgements: &BTreeMap<&str, Vec<ReviewLine>>) -> Vec<String> {
    let mut lacking = Vec::new();
    for (prefix, judgements) in judgements {
        let mut service = facts.services.get_mut(*prefix);
        for judgement in judgements {
            let lower = judgement.name.to_ascii_lowercase();
            if service
                .as_ref()
                .is_some_and(|service| service.actions.contains_key(&lower))
            {
                continue;
            }
            lacking.push(format!("{prefix}:{}", judgement.name));
            if let Some(service) = &mut service {
                let any = ResourceTypeFacts {
                    name: lower.clone(),
                    arn: ANY_ARN.to_owned(),
                };
                let action = ActionFacts {
                    name: judgement.name.to_owned(),
                    // Without meaning, because people have judged it.
                    level: AccessLevel::Write,
                    required: vec![service.resource_types.len()],
                    possible: Vec::new(),
                };
                service.resource_types.push(any);
                service.actions.insert(lower, action);
            }
        }
    }
    lacking
}

/// Returns an ARN of a service whose last part is a character that no ARN contains.
fn nothing_named(service: &str) -> Glob {
    Glob::template(&format!(
        "arn:${{Partition}}:{service}:${{RegionOrNone}}:${{Account}}:\u{7f}"
    ))
}

fn resource_type(facts: &ResourceTypeFacts) -> ResourceType {
    ResourceType {
        arn: Glob::template(&facts.arn),
        arn_service: facts
            .arn
            .split(':')
            .nth(2)
            .filter(|service| !service.contains(['$', '*']))
            .map(str::to_ascii_lowercase),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission_set::analysis::Capability;

    const FACTS: &str = "here\t1\t2026-11-01\nS\tiam\nR\trole\tarn:${Partition}:iam::${Account}:role/${Role}\n\
        A\tPassRole\tW\t0!\nS\tssm\nR\tdocument\tarn:ssm:document\nR\texecution\tarn:ssm:execution\nA\tRun\tW\t0!,1\n";

    fn parse(corrections: &str, reviews: &[(&'static str, &'static str)]) -> ActionCatalogue {
        ActionCatalogue::parse(FACTS, corrections, reviews.iter().copied()).unwrap()
    }

    fn error(facts: &str, corrections: &str, review: &str) -> String {
        let error = ActionCatalogue::parse(facts, corrections, [("iam", review)]);
        error.unwrap_err().to_string()
    }

    #[test]
    fn a_reviewed_action_that_the_facts_lack_keeps_its_judgement_on_every_resource() {
        let catalogue = parse(
            "",
            &[
                (
                    "iam",
                    "PassRole runs_code\nCreateUser grants_rights  # New.\n",
                ),
                ("new", "Start changes\n"),
            ],
        );
        assert_eq!(catalogue.lacking(), ["iam:CreateUser", "new:Start"]);
        let found = catalogue.capabilities_named("iam:CreateUser");
        assert_eq!(found, [Capability::GrantsRights]);
        let number = catalogue.number("iam:createuser").unwrap();
        let kinds = &catalogue.action(number).resource_types;
        let service = catalogue.service_of(number);
        let arn = Glob::template("arn:aws:iam::${Account}:user/anna");
        assert!(
            kinds
                .iter()
                .any(|kind| service.resource_types[*kind].arn.can_meet(&arn))
        );
        // A service without facts is unknown, and none of its actions is known.
        assert!(catalogue.service("new").is_none());
    }

    #[test]
    fn corrections_change_forms_and_required_types_or_are_reported() {
        let catalogue = parse(
            "# Comment.\narn iam:role arn:${Partition}:iam::${Account}:role/own/${Role}  # Reason.\none-type ssm:Run  # Reason.\n\
             one-type iam:PassRole  # It has one type.\narn iam:user arn:x  # No such type.\n",
            &[],
        );
        assert_eq!(
            catalogue.corrections_without_effect(),
            ["iam:PassRole", "iam:user"]
        );
        let run = catalogue.number("ssm:Run").unwrap();
        assert_eq!(catalogue.action(run).resource_types, [1, 0]);
        let role = &catalogue.service("iam").unwrap().resource_types[0].arn;
        assert!(!role.can_meet(&Glob::template("arn:aws:iam::${Account}:role/other")));
    }

    #[test]
    fn what_is_not_in_the_form_described_is_an_error_with_its_line() {
        for (facts, corrections, review, expected) in [
            (
                "",
                "",
                "",
                "catalogue, line 1: expected the source, its version and its date",
            ),
            (
                "a\t1\t2026\n",
                "",
                "",
                "catalogue, line 1: expected a date such as 2026-11-23",
            ),
            (
                "a\t1\t2026-11-01\nA\tX\tW\t",
                "",
                "",
                "catalogue, line 2: expected a line of a service, key, resource type or action",
            ),
            (
                "a\t1\t2026-11-01\nS\tb\nS\ta",
                "",
                "",
                "catalogue, line 3: expected services ordered by prefix",
            ),
            (
                "a\t1\t2026-11-01\nS\tb\nA\tY\tW\t\nA\tX\tW\t",
                "",
                "",
                "catalogue, line 4: expected actions ordered by name",
            ),
            (
                "a\t1\t2026-11-01\nS\tb\nA\tX\tQ\t",
                "",
                "",
                "catalogue, line 3: expected an access level (L, R, W, T or P)",
            ),
            (
                "a\t1\t2026-11-01\nS\tb\nA\tX\tW\t0",
                "",
                "",
                "catalogue, line 3: expected indices of resource types",
            ),
            (
                FACTS,
                "one-type ssm:Run",
                "",
                "corrections, line 1: expected # and a reason",
            ),
            (
                FACTS,
                "\nboth ssm:Run # Reason.",
                "",
                "corrections, line 2: expected `arn`, `one-type`, `also-type`, `also-arn` or `arns-of` with its words",
            ),
            (
                FACTS,
                "",
                "# IAM\nPassRole",
                "iam, line 2: expected a capability",
            ),
            (
                FACTS,
                "",
                "PassRole unreviewed_change",
                "iam, line 1: expected a capability",
            ),
            (
                FACTS,
                "",
                "PassRole changes because",
                "iam, line 1: expected # before the reason",
            ),
            (
                FACTS,
                "",
                "PassRole changes\npassrole changes",
                "iam, line 2: expected each action once",
            ),
        ] {
            assert_eq!(error(facts, corrections, review), expected);
        }
    }
}
