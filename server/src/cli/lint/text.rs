//! The results of `leastwise lint` for people: the worst file first, and in each file the worst finding.

use std::fmt::Write as _;

use domain::permission_set::analysis::capability::{Need, Severity};

use super::{
    Outcome,
    evaluation::{Basis, Evaluation, FindingLine, Verdict},
    paint::{Output, Tone},
};
use crate::cli::{counted, known_data, print};

/// Where the text beside a label starts.
const TEXT: usize = 12;

/// The maximum number of findings of one file that are printed. `--json` has all.
const MOST_FINDINGS: usize = 60;

/// The maximum number of actions against standing access that are printed. `--json` has all.
const MOST_ACTIONS: usize = 40;

/// Prints the outcomes: files that cannot be read to standard error, and the others to standard output.
pub(super) fn show(outcomes: &[Outcome], basis: &Basis, output: Output) -> std::io::Result<()> {
    for outcome in outcomes {
        if let Outcome::Unreadable(one) = outcome {
            let line = crate::cli::table::printable(&format!("{}: {}", one.file, one.error));
            eprintln!("leastwise: {line}");
        }
    }
    print(text(outcomes, basis, output))
}

/// Returns the text about the files that can be read, the worst first, and about all of them together.
fn text(outcomes: &[Outcome], basis: &Basis, output: Output) -> String {
    let mut readable: Vec<&Evaluation> = outcomes.iter().filter_map(Outcome::evaluation).collect();
    readable.sort_by_key(|one| std::cmp::Reverse(rank(one)));
    let mut text = String::new();
    for one in readable {
        text.push_str(&evaluation(one, output));
        text.push('\n');
    }
    text.push_str(&summary(outcomes, basis, output));
    text
}

fn rank(one: &Evaluation) -> (Verdict, Verdict, usize) {
    (
        one.standing_in_production_pci,
        one.temporary_in_production_pci,
        one.findings.len(),
    )
}

/// Returns the text about a file.
fn evaluation(one: &Evaluation, output: Output) -> String {
    let mut text = format!("{}\n", output.paint(Tone::Strong, &one.file));
    let _ = writeln!(text, "  {}", output.wrap(&one.analysis.summary(), 2, 2));
    text.push_str("  Access to production PCI:\n");
    for (kind, need) in [
        ("standing", one.needs.standing),
        ("temporary", one.needs.temporary),
    ] {
        let words = output.wrap(need.words(), TEXT, TEXT);
        let lines: Vec<String> = words
            .lines()
            .map(|line| {
                let start = line.len() - line.trim_start().len();
                format!(
                    "{}{}",
                    &line[..start],
                    output.paint(tone(need), &line[start..])
                )
            })
            .collect();
        let _ = writeln!(text, "  {kind:<9} {}", lines.join("\n"));
    }
    let against = &one.against_standing;
    if !against.is_empty() && one.standing_in_production_pci == Verdict::Blocked {
        let actions = counted(against.len(), "action", "actions");
        let named = &against[..against.len().min(MOST_ACTIONS)];
        let list = list(named, against.len() - named.len());
        let words = format!("{actions} against standing access: {list}");
        let _ = writeln!(text, "  {:<9} {}", "", output.wrap(&words, TEXT, TEXT));
    }
    for finding in one.findings.iter().take(MOST_FINDINGS) {
        text.push_str(&of_finding(finding, output));
    }
    if one.findings.len() > MOST_FINDINGS {
        let more = one.findings.len() - MOST_FINDINGS;
        let _ = writeln!(
            text,
            "  and {}; --json lists all",
            counted(more, "finding", "findings")
        );
    }
    for note in &one.notes {
        let note = output.wrap(note, TEXT, TEXT);
        let _ = writeln!(
            text,
            "  {:<9} {note}",
            output.paint(Tone::Quiet, "note     ")
        );
    }
    text
}

fn of_finding(finding: &FindingLine, output: Output) -> String {
    let tone = match finding.kind.severity() {
        Severity::Critical => Tone::Bad,
        Severity::High | Severity::Medium => Tone::Doubtful,
        Severity::Low | Severity::Info => Tone::Quiet,
    };
    let severity = output.paint(tone, &format!("{:<9}", finding.severity));
    let place = match finding.statement {
        Some(number) => format!("{}, statement {number}", finding.policy),
        None => finding.policy.clone(),
    };
    let label = finding.kind.label();
    let words = format!("{label}: {} ({place})", finding.reason);
    let mut text = format!("  {severity} {}\n", output.wrap(&words, TEXT, TEXT));
    if !finding.actions.is_empty() {
        let actions = output.wrap(&list(&finding.actions, finding.more), TEXT, TEXT);
        let _ = writeln!(text, "{:TEXT$}{actions}", "");
    }
    text
}

fn tone(need: Need) -> Tone {
    match need {
        Need::Blocked => Tone::Bad,
        Need::StepUp => Tone::Doubtful,
        Need::TwoApprovals | Need::ReviewDate => Tone::Good,
    }
}

fn list(names: &[String], more: usize) -> String {
    let names = names.join(", ");
    match more {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// Returns the last lines: how many files are what, and what they were compared with.
fn summary(outcomes: &[Outcome], basis: &Basis, output: Output) -> String {
    let of = |code: u8| {
        outcomes
            .iter()
            .filter(|one| one.exit_code() == code)
            .count()
    };
    let parts = [
        (of(2), "cannot be read"),
        (of(1), "not allowed as standing access in production PCI"),
        (of(0), "possible with approvals"),
    ];
    let counts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let files = counted(outcomes.len(), "file", "files");
    let facts = known_data::explanation(&basis.catalogue, basis.age);
    format!(
        "{}\n{}\n",
        output.wrap(&format!("{files}: {}.", counts.join(", ")), 0, 0),
        output.wrap(&facts, 0, 0)
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use catalogue::Catalogue;
    use domain::{permission_set::analysis::policy_file, policies::RemovalLimits, time::Timestamp};

    use super::*;
    use crate::{cli::lint::input, state};

    fn basis() -> Basis {
        let catalogue = Catalogue::embedded().unwrap();
        Basis {
            age: catalogue.age(Timestamp(0)),
            rules: state::rules(RemovalLimits::default()).unwrap(),
            catalogue,
        }
    }

    fn evaluated(name: &str, text: &str, basis: &Basis) -> Outcome {
        let read = policy_file::read(text).unwrap();
        Outcome::Evaluated(Box::new(Evaluation::of(name.to_owned(), &read, basis)))
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_the_worst_finding_comes_first() {
        let basis = basis();
        let outcome = evaluated(
            "set.json",
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": ["s3:GetObject", "ec2:DescribeInstances", "s3:GetObjekt"], "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}]}"#,
            &basis,
        );
        let Outcome::Evaluated(one) = &outcome else {
            panic!()
        };
        let text = evaluation(one, Output::plain(Some(70)));
        for line in text.lines() {
            assert!(line.chars().count() <= 70, "{line}");
        }
        let (critical, medium) = (text.find("critical").unwrap(), text.find("medium").unwrap());
        assert!(critical < medium, "{text}");
        assert!(text.contains("Did you mean s3:GetObject?"), "{text}");
        assert!(text.contains("inline, statement 2"), "{text}");
        assert!(text.contains("standing  Not allowed\n"), "{text}");
    }

    #[test]
    fn the_worst_file_comes_first_and_the_counts_last() {
        let basis = basis();
        let statement = |action| {
            format!(
                r#"{{"Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
            )
        };
        let outcomes = [
            evaluated("reads.json", &statement("ec2:DescribeInstances"), &basis),
            evaluated("runs.json", &statement("ec2:RunInstances"), &basis),
            Outcome::Unreadable(input::read(Path::new("/")).unwrap_err()),
            evaluated("all.json", &statement("*"), &basis),
        ];
        let text = text(&outcomes, &basis, Output::plain(None));
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
        let counts = "4 files: 1 cannot be read, 2 not allowed as standing access in production PCI, 1 possible with approvals.\n";
        let order = [
            at("all.json\n"),
            at("runs.json\n"),
            at("reads.json\n"),
            at(counts),
        ];
        assert!(order.is_sorted(), "{order:?} {text}");
        assert!(text.contains("No log bucket is declared"), "{text}");
    }
}
