//! What a classification does to the report of production PCI: the first thing that its requester and its approvers read.

use domain::{
    report_difference::{ReportDifference, ReportPart},
    snapshot::Figure,
};
use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// One sentence with the numbers, and below it what is counted.
#[component]
pub fn ReportConsequence(difference: ReportDifference) -> impl IntoView {
    let (status, glyph) = match (difference.leaves.accounts, difference.enters.accounts) {
        (0, 0) => (Status::Off, Glyph::Info),
        (0, _) => (Status::Info, Glyph::Info),
        _ => (Status::Pending, Glyph::Warning),
    };
    let notes = notes(difference).join(" ");
    view! {
        <section data-consequence data-status=status.token() aria-label="What this does to the production PCI report">
            <Icon glyph />
            <div>
                <div data-lead>{sentences(difference)}</div>
                <p data-hint>{notes}</p>
            </div>
        </section>
    }
    .into_any()
}

fn sentences(ReportDifference { leaves, enters }: ReportDifference) -> String {
    let (out, into) = (listed(leaves), listed(enters));
    match (leaves.accounts, enters.accounts) {
        (0, 0) => "No account leaves or enters the production PCI report".to_owned(),
        (_, 0) => format!("Takes {out} out of the production PCI report"),
        (0, _) => format!("Brings {into} into the production PCI report"),
        (_, _) => {
            format!("Takes {out} out of the production PCI report. Brings {into} into it")
        }
    }
}

/// Returns what is counted, and what it does not say.
fn notes(ReportDifference { leaves, enters }: ReportDifference) -> Vec<String> {
    let mut notes = vec!["Access in AWS stays as it is.".to_owned()];
    if leaves.accounts > 0 {
        notes.extend(match (leaves.people, leaves.people_of_others) {
            (Figure::Known(0), Figure::Known(0)) | (_, Figure::NotKnown) => None,
            (_, Figure::Known(0)) => {
                Some("None of them reaches another production PCI account.".to_owned())
            }
            (_, Figure::Known(1)) => Some(
                "1 more person reaches another production PCI account and stays in the report."
                    .to_owned(),
            ),
            (_, Figure::Known(more)) => Some(format!(
                "{more} more people reach other production PCI accounts and stay in the report."
            )),
        });
    }
    if enters.accounts > 0 {
        notes.extend(match enters.people_of_others {
            Figure::Known(1) => Some("1 more person is in the report already.".to_owned()),
            Figure::Known(0) | Figure::NotKnown => None,
            Figure::Known(more) => Some(format!("{more} more people are in the report already.")),
        });
    }
    let counts = |part: ReportPart| part.violations.known().is_some_and(|count| count > 0);
    if counts(leaves) || counts(enters) {
        notes.push("A violation is an assignment that violates a policy.".to_owned());
    }
    let mut unknown: Vec<&str> = Vec::new();
    for (figure, what) in [leaves, enters].iter().flat_map(figures) {
        if figure == Figure::NotKnown && !unknown.contains(&what.several) {
            unknown.push(what.several);
        }
    }
    if !unknown.is_empty() {
        notes.push(format!(
            "Not known, because not everything has been read from AWS: {}.",
            unknown.join(", ")
        ));
    }
    notes
}

/// What a figure counts.
#[derive(Clone, Copy)]
struct Noun {
    one: &'static str,
    several: &'static str,
}

impl Noun {
    fn with(self, count: usize) -> String {
        match count {
            0 => format!("no {}", self.several),
            1 => format!("1 {}", self.one),
            count => format!("{count} {}", self.several),
        }
    }
}

fn figures(part: &ReportPart) -> [(Figure, Noun); 3] {
    let noun = |one, several| Noun { one, several };
    [
        (part.people, noun("person", "people")),
        (
            part.standing,
            noun("standing assignment", "standing assignments"),
        ),
        (part.violations, noun("violation", "violations")),
    ]
}

/// Returns the accounts and what goes with them, as far as it is known.
fn listed(part: ReportPart) -> String {
    let accounts = Noun {
        one: "account",
        several: "accounts",
    };
    let known = figures(&part).into_iter();
    let known = known.filter_map(|(figure, noun)| Some(noun.with(figure.known()?)));
    let mut all: Vec<String> = [accounts.with(part.accounts)]
        .into_iter()
        .chain(known)
        .collect();
    match all.pop() {
        Some(last) if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(accounts: usize, numbers: [usize; 4]) -> ReportPart {
        let [people, people_of_others, standing, violations] = numbers.map(Figure::Known);
        ReportPart {
            accounts,
            people,
            people_of_others,
            standing,
            violations,
        }
    }

    const NOTHING: [usize; 4] = [0; 4];

    #[test]
    fn the_first_line_says_what_leaves_and_enters_the_report() {
        let said = |leaves, enters| sentences(ReportDifference { leaves, enters });
        let nothing = part(0, NOTHING);
        assert_eq!(
            said(part(2, [21, 12, 11, 9]), nothing),
            "Takes 2 accounts, 21 people, 11 standing assignments and 9 violations out of the production PCI report"
        );
        assert_eq!(
            said(nothing, part(1, [1, 0, 1, 0])),
            "Brings 1 account, 1 person, 1 standing assignment and no violations into the production PCI report"
        );
        assert_eq!(
            said(part(1, NOTHING), part(1, [3, 0, 2, 1])),
            "Takes 1 account, no people, no standing assignments and no violations out of the production PCI report. \
             Brings 1 account, 3 people, 2 standing assignments and 1 violation into it"
        );
        assert_eq!(
            said(nothing, nothing),
            "No account leaves or enters the production PCI report"
        );
    }

    #[test]
    fn what_was_not_read_is_no_number_and_named_as_not_known() {
        let difference = ReportDifference {
            leaves: ReportPart {
                people: Figure::NotKnown,
                people_of_others: Figure::NotKnown,
                violations: Figure::NotKnown,
                ..part(2, [0, 0, 11, 0])
            },
            enters: part(0, NOTHING),
        };
        assert_eq!(
            sentences(difference),
            "Takes 2 accounts and 11 standing assignments out of the production PCI report"
        );
        let notes = notes(difference).join(" ");
        assert!(notes.ends_with("not everything has been read from AWS: people, violations."));
        assert!(!notes.contains("A violation is"), "{notes}");
    }

    #[test]
    fn people_who_stay_in_the_report_are_counted_apart() {
        let notes = |leaves| {
            let enters = part(0, NOTHING);
            notes(ReportDifference { leaves, enters }).join(" ")
        };
        assert!(
            notes(part(1, [2, 12, 1, 1]))
                .contains("12 more people reach other production PCI accounts and stay")
        );
        assert!(notes(part(1, [2, 1, 1, 1])).contains("1 more person reaches another"));
        assert!(notes(part(1, [2, 0, 1, 1])).contains("None of them reaches another"));
        assert_eq!(notes(part(1, NOTHING)), "Access in AWS stays as it is.");
    }
}
