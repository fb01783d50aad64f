//! What a classification does to the report of production PCI: the first thing that its requester and its approvers read.

use domain::{
    report_difference::{ReportDifference, ReportPart},
    snapshot::Figure,
};
use leptos::prelude::*;

use super::{Glyph, Icon, Status};

/// One sentence about the accounts, then a line for each thing that goes with them, the gravest first, then what is counted.
#[component]
pub fn ReportConsequence(difference: ReportDifference) -> impl IntoView {
    let (status, glyph) = match (difference.leaves.accounts, difference.enters.accounts) {
        (0, 0) => (Status::Off, Glyph::Info),
        (0, _) => (Status::Info, Glyph::Info),
        _ => (Status::Pending, Glyph::Warning),
    };
    let with = with_them(difference);
    let with = (!with.is_empty()).then(|| {
        let lines = with
            .into_iter()
            .map(|line| view! { <li>{numbered(&line)}</li> });
        view! { <ul data-plain>{lines.collect_view()}</ul> }
    });
    let notes = notes(difference).join(" ");
    view! {
        <section data-consequence data-status=status.token() aria-label="What this does to the production PCI report">
            <Icon glyph />
            <div>
                <div data-lead>{sentence(difference)}</div>
                {with}
                <p data-hint>{notes}</p>
            </div>
        </section>
    }
    .into_any()
}

/// Renders a line with the number that it begins with set apart, so that numbers are compared at a glance.
fn numbered(line: &str) -> AnyView {
    match line.split_once(' ') {
        Some((number, words)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            let words = format!(" {words}");
            view! { <b>{number.to_owned()}</b> {words} }.into_any()
        }
        _ => line.to_owned().into_any(),
    }
}

fn sentence(ReportDifference { leaves, enters }: ReportDifference) -> String {
    let (out, into) = (
        moving(leaves.accounts, "leave"),
        moving(enters.accounts, "enter"),
    );
    match (leaves.accounts, enters.accounts) {
        (0, 0) => "No account leaves or enters the production PCI report".to_owned(),
        (_, 0) => format!("{out} the production PCI report"),
        (0, _) => format!("{into} the production PCI report"),
        (_, _) => format!("{out} the production PCI report, and {into} it"),
    }
}

fn moving(accounts: usize, verb: &str) -> String {
    match accounts {
        1 => format!("1 account {verb}s"),
        several => format!("{several} accounts {verb}"),
    }
}

/// Returns who leaves and what else leaves and enters with the accounts, as far as it is known.
fn with_them(ReportDifference { leaves, enters }: ReportDifference) -> Vec<String> {
    let mut lines = Vec::new();
    if leaves.accounts > 0 {
        lines.extend(unreported(leaves.violations));
        lines.extend(leaving(leaves));
        lines.extend(standing_leaves(leaves.standing));
    }
    if enters.accounts > 0 {
        lines.extend(entering(enters));
    }
    lines
}

/// Returns how many violations the report no longer has; none if it is not known.
fn unreported(violations: Figure) -> Option<String> {
    Some(match violations.known()? {
        0 => "No violations leave the report".to_owned(),
        1 => "1 violation is no longer reported".to_owned(),
        several => format!("{several} violations are no longer reported"),
    })
}

/// Returns how many standing assignments leave the report; none if it is not known.
fn standing_leaves(standing: Figure) -> Option<String> {
    Some(match standing.known()? {
        0 => "No standing assignments leave the report".to_owned(),
        1 => "1 standing assignment leaves the report".to_owned(),
        several => format!("{several} standing assignments leave the report"),
    })
}

fn entering(part: ReportPart) -> Option<String> {
    let with = if part.accounts == 1 { "it" } else { "them" };
    Some(format!(
        "Entering with {with}: {}",
        listed(&figures(&part))?
    ))
}

/// Returns how many people leave the report with accounts, and how many stay in it.
fn leaving(part: ReportPart) -> Option<String> {
    let leave = match part.people.known()? {
        0 => "No people leave the report".to_owned(),
        1 => "1 person leaves the report".to_owned(),
        several => format!("{several} people leave the report"),
    };
    Some(match part.people_of_others {
        Figure::NotKnown | Figure::Known(0) => leave,
        Figure::Known(1) => format!("{leave}, 1 stays through another account"),
        Figure::Known(more) => format!("{leave}, {more} stay through other accounts"),
    })
}

/// Returns what is counted, and what it does not say.
fn notes(ReportDifference { leaves, enters }: ReportDifference) -> Vec<String> {
    let mut notes = vec!["Access in AWS stays as it is.".to_owned()];
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

/// Returns the figures that are known; none if none is.
fn listed(counted: &[(Figure, Noun)]) -> Option<String> {
    let known = counted.iter();
    let known = known.filter_map(|(figure, noun)| Some(noun.with(figure.known()?)));
    let mut all: Vec<String> = known.collect();
    match all.pop() {
        Some(last) if !all.is_empty() => Some(format!("{} and {last}", all.join(", "))),
        last => last,
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
    fn the_first_line_says_which_accounts_leave_and_enter_the_report_and_the_next_what_goes_with_them()
     {
        let said = |leaves, enters| {
            let difference = ReportDifference { leaves, enters };
            (sentence(difference), with_them(difference).join(". "))
        };
        let is = |first: &str, then: &str| (first.to_owned(), then.to_owned());
        let nothing = part(0, NOTHING);
        assert_eq!(
            said(part(2, [21, 12, 11, 9]), nothing),
            is(
                "2 accounts leave the production PCI report",
                "9 violations are no longer reported. \
                 21 people leave the report, 12 stay through other accounts. \
                 11 standing assignments leave the report"
            )
        );
        assert_eq!(
            said(nothing, part(1, [1, 0, 1, 0])),
            is(
                "1 account enters the production PCI report",
                "Entering with it: 1 person, 1 standing assignment and no violations"
            )
        );
        assert_eq!(
            said(part(1, NOTHING), part(2, [3, 0, 2, 1])),
            is(
                "1 account leaves the production PCI report, and 2 accounts enter it",
                "No violations leave the report. \
                 No people leave the report. \
                 No standing assignments leave the report. \
                 Entering with them: 3 people, 2 standing assignments and 1 violation"
            )
        );
        assert_eq!(
            said(nothing, nothing),
            is("No account leaves or enters the production PCI report", "")
        );
    }

    #[test]
    fn what_was_not_read_is_no_number_and_named_as_not_known() {
        let leaves = ReportPart {
            people: Figure::NotKnown,
            people_of_others: Figure::NotKnown,
            violations: Figure::NotKnown,
            ..part(2, [0, 0, 11, 0])
        };
        let difference = ReportDifference {
            leaves,
            enters: part(0, NOTHING),
        };
        assert_eq!(
            with_them(difference),
            ["11 standing assignments leave the report"]
        );
        let notes = notes(difference).join(" ");
        assert!(notes.ends_with("not everything has been read from AWS: people, violations."));
        assert!(!notes.contains("A violation is"), "{notes}");
        let unread = ReportDifference {
            leaves: ReportPart {
                standing: Figure::NotKnown,
                ..leaves
            },
            ..difference
        };
        assert_eq!(with_them(unread), [""; 0]);
    }

    #[test]
    fn people_who_stay_in_the_report_are_counted_apart() {
        let said = |people, others| leaving(part(1, [people, others, 1, 1])).unwrap_or_default();
        assert_eq!(
            said(2, 12),
            "2 people leave the report, 12 stay through other accounts"
        );
        assert_eq!(
            said(1, 1),
            "1 person leaves the report, 1 stays through another account"
        );
        assert_eq!(said(2, 0), "2 people leave the report");
        let unread = ReportPart {
            people: Figure::NotKnown,
            ..part(1, NOTHING)
        };
        assert_eq!(leaving(unread), None);
        let notes = notes(ReportDifference {
            leaves: part(1, NOTHING),
            enters: part(0, NOTHING),
        });
        assert_eq!(notes, ["Access in AWS stays as it is."]);
    }
}
