//! Says what permission sets are evaluated with: the data about AWS, its age, and the log buckets. `leastwise lint` and
//! `leastwise check-config` say it with the same words.

use catalogue::Catalogue;
use domain::permission_set::analysis::{DataAge, labels::grouped};

/// Returns what is known.
pub(super) fn explanation(catalogue: &Catalogue, age: DataAge) -> String {
    let (actions, policies) = (&catalogue.actions, &catalogue.policies);
    let mut text = format!(
        "{} actions of {} services, of {}, {} of them reviewed; {} AWS managed policies, of {}.",
        grouped(actions.actions()),
        grouped(actions.services()),
        age.actions.words(),
        grouped(actions.reviewed()),
        grouped(policies.len()),
        age.policies.words()
    );
    for (count, what) in [
        (
            actions.lacking().len(),
            "of the reviewed actions are not in it and count on every resource",
        ),
        (
            actions.corrections_without_effect().len(),
            "of the corrections do not apply to it",
        ),
    ] {
        if count > 0 {
            text = format!("{text} {} {what}.", grouped(count));
        }
    }
    format!("{text} {}", catalogue.log_buckets.explanation())
}

#[cfg(test)]
mod tests {
    use catalogue::Catalogue;
    use domain::{permission_set::analysis::ActionCatalogue, time::Timestamp};

    use super::*;

    #[test]
    fn numbers_dates_and_what_the_catalogue_lacks_are_said() {
        let now = Timestamp::parse_rfc3339("2026-09-27T00:00:00Z").unwrap();
        let mut catalogue = Catalogue::embedded().unwrap();
        let text = explanation(&catalogue, catalogue.age(now));
        assert!(
            text.starts_with("22,091 actions of 464 services, of 2026-09-26 (1 day old), "),
            "{text}"
        );
        assert!(
            text.contains("1,594 AWS managed policies, of 2026-08-26 (32 days old). No log bucket"),
            "{text}"
        );
        let facts = "here\t1\t2026-09-26\nS\tiam\n";
        let review = ("iam", "CreateUser grants_rights\n");
        let correction = "one-type iam:PassRole  # Reason.";
        catalogue.actions = ActionCatalogue::parse(facts, correction, [review]).unwrap();
        let text = explanation(&catalogue, catalogue.age(now));
        assert!(
            text.contains(
                ". 1 of the reviewed actions are not in it and count on every resource. 1 of the corrections do"
            ),
            "{text}"
        );
    }
}
