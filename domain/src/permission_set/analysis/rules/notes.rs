//! What to know about a result: which buckets count as log buckets, what was not compared, and what in a permission set has
//! no effect, so that a typing error is seen.
//!
//! A note never counts for or against a set.

use crate::permission_set::analysis::{LogBuckets, allowed::Permissions};

/// The maximum number of notes.
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
    notes.extend(without_effect(permissions));
    notes
}

fn without_effect(permissions: &Permissions) -> Vec<String> {
    let catalogue = permissions.catalogue;
    let mut notes = Vec::new();
    for allowed in &permissions.statements {
        let place = format!("Statement {}", allowed.statement.index + 1);
        for pattern in &allowed.void {
            if notes.len() >= MOST {
                return notes;
            }
            let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, ""));
            let proposal = catalogue
                .service(prefix)
                .and_then(|service| catalogue.nearest(service, name))
                .map_or_else(String::new, |near| format!(" Did you mean {near}?"));
            notes.push(format!(
                "{place}: {pattern} matches no action of {prefix}, so it allows nothing.{proposal}"
            ));
        }
        // One note for each service: its patterns stand one after another.
        let mut last = None;
        for pattern in &allowed.unknown {
            if notes.len() >= MOST {
                return notes;
            }
            let prefix = pattern.split(':').next().unwrap_or_default();
            if last.replace(prefix) == Some(prefix) {
                continue;
            }
            let proposal = catalogue
                .nearest_service(prefix)
                .map_or_else(String::new, |near| format!(" Did you mean {near}?"));
            notes.push(format!(
                "{place}: {prefix} is no service of the catalogue.{proposal}"
            ));
        }
    }
    notes
}
