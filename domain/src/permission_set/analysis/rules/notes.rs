//! What to know about a result: which buckets count as log buckets, what was not compared, and what in a permission set has
//! no effect, so that a typing error is seen.
//!
//! A note never counts for or against a set.

use crate::permission_set::analysis::{
    LogBuckets, PolicyRef,
    allowed::{Because, Permissions, Source, Unreached},
    catalogue::ActionCatalogue,
    labels::{counted, grouped},
    pattern::Expansion,
    policy::{Effect, Statement},
};

/// The maximum number of notes about what has no effect.
const MOST: usize = 20;

pub(in super::super) fn of(permissions: &Permissions, log_buckets: &LogBuckets) -> Vec<String> {
    let catalogue = permissions.catalogue;
    let mut notes = Vec::new();
    // Whether writing to a bucket is a change or destroys evidence depends on it.
    if catalogue.samples().log_buckets.meets(&permissions.total) {
        notes.push(log_buckets.explanation());
    }
    if permissions.incomplete {
        notes.push(
            "The policies have more resources than are compared, so Deny statements and the boundary may remove \
             more than is shown."
                .to_owned(),
        );
    }
    for source in permissions.sources {
        notes.extend(source.policy.refused.iter().cloned());
    }
    notes.extend(without_effect(permissions));
    notes
}

/// Returns the first notes about what has no effect, and how many there are more.
fn without_effect(permissions: &Permissions) -> Vec<String> {
    let catalogue = permissions.catalogue;
    let mut notes = Notes::default();
    for allowed in &permissions.statements {
        let place = place(allowed.policy, allowed.statement);
        let names = Names {
            void: &allowed.void,
            unknown: &allowed.unknown,
        };
        notes.add_names(catalogue, &place, allowed.statement, &names);
        // A single action that is named in full has a note of its own.
        let is_whole = allowed.pointless > allowed.unreached.len().min(1);
        if is_whole {
            notes.add(|| {
                let actions = match allowed.pointless {
                    1 => "its action".to_owned(),
                    some => format!("any of its {} actions", grouped(some)),
                };
                format!("{place} allows nothing: none of its resources can be that of {actions}.")
            });
        }
        for one in allowed.unreached.iter().filter(|_| !is_whole) {
            notes.add(|| unreached(catalogue, &place, *one));
        }
    }
    for source in permissions.sources {
        notes.add_denials(catalogue, source);
    }
    notes.all()
}

/// Names the statement, and its policy if that is not the inline one.
fn place(policy: &PolicyRef, statement: &Statement) -> String {
    let number = statement.index + 1;
    match policy {
        PolicyRef::Inline => format!("Statement {number}"),
        other => format!("Statement {number} of {}", other.short_name()),
    }
}

fn unreached(catalogue: &ActionCatalogue, place: &str, one: Unreached) -> String {
    let name = catalogue.name(one.action);
    match one.because {
        Because::NoResource => {
            format!(
                "{place}: {name} has none of the resources of the statement, so it allows nothing."
            )
        }
        Because::OtherResourceMissing => format!(
            "{place}: {name} also needs a resource of another kind, which no statement allows, so it allows nothing."
        ),
    }
}

/// The names of a statement that find nothing in the catalogue.
struct Names<'a> {
    void: &'a [String],
    unknown: &'a [String],
}

fn proposal(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(" Did you mean {near}?"))
}

/// Notes, of which only the first are written: a proposal is looked up among all names.
#[derive(Default)]
struct Notes {
    first: Vec<String>,
    more: usize,
}

impl Notes {
    /// Adds what the Deny statements of an inline policy name without effect: they deny less than their authors mean.
    fn add_denials(&mut self, catalogue: &ActionCatalogue, source: &Source) {
        if source.name != PolicyRef::Inline {
            return;
        }
        let statements = source.policy.statements.iter();
        for statement in statements.filter(|one| one.effect == Effect::Deny) {
            let Expansion { void, unknown, .. } = statement.actions.expand(catalogue);
            let names = Names {
                void: &void,
                unknown: &unknown,
            };
            let place = place(&source.name, statement);
            self.add_names(catalogue, &place, statement, &names);
        }
    }

    fn add_names(
        &mut self,
        catalogue: &ActionCatalogue,
        place: &str,
        statement: &Statement,
        names: &Names,
    ) {
        let verb = match (statement.actions.are_all_but(), statement.effect) {
            (true, _) => "excepts",
            (false, Effect::Allow) => "allows",
            (false, Effect::Deny) => "denies",
        };
        for pattern in names.void {
            self.add(|| {
                let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, ""));
                let near = catalogue
                    .service(prefix)
                    .and_then(|service| catalogue.nearest(service, name));
                let proposal = proposal(near.as_deref());
                format!(
                    "{place}: {pattern} matches no action of {prefix}, so it {verb} nothing.{proposal}"
                )
            });
        }
        // One note for each service: its patterns stand one after another.
        let mut last = None;
        for pattern in names.unknown {
            let prefix = pattern.split(':').next().unwrap_or_default();
            if last.replace(prefix) != Some(prefix) {
                self.add(|| {
                    let proposal = proposal(catalogue.nearest_service(prefix));
                    format!("{place}: {prefix} is no service of the catalogue.{proposal}")
                });
            }
        }
    }

    fn add(&mut self, note: impl FnOnce() -> String) {
        if self.first.len() < MOST {
            self.first.push(note());
        } else {
            self.more += 1;
        }
    }

    fn all(mut self) -> Vec<String> {
        if self.more > 0 {
            let more = counted(self.more, "more such name");
            self.first.push(format!("And {more}."));
        }
        self.first
    }
}
