//! The report, page by page: matching rows are counted without building them, and the counts must agree.

use std::collections::BTreeSet;

use app::backend::{FindingKind, Grouping, ReportChoice, ReportPort as _, ReportRow};
use domain::snapshot::Figure;
use server::service::report::Report;

use super::org::Org;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    the_head_counts_what_the_rows_say,
    a_search_keeps_the_rows_that_hold_every_word_and_no_other,
    rows_by_person_are_together_and_the_orphaned_ones_are_last,
    two_reports_of_the_same_have_one_id_and_a_difference_in_a_row_makes_another,
}

fn every_row(org: &Org) -> Vec<ReportRow> {
    let report = Report::make(org.app_state.clone(), org.app_state.read_model());
    let accounts = report.accounts();
    accounts
        .flat_map(|account| report.rows_of(account, &mut report.existing_access()))
        .collect()
}

async fn the_head_counts_what_the_rows_say(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let rows = every_row(&org);
    let shown = org
        .administrator()
        .access_report(&ReportChoice::default())
        .await
        .unwrap();
    let counts = shown.head.counts;
    let count = |which: fn(&&ReportRow) -> bool| rows.iter().filter(which).count();
    assert_eq!(counts.rows, rows.len());
    assert_eq!(counts.standing, count(|row| row.standing));
    assert_eq!(
        counts.against.known().unwrap().all(),
        count(|row| !row.findings.is_empty())
    );
    assert_eq!(
        shown.page.rows, rows,
        "the report of the sample is one page"
    );
    // The number of assignments that only lack an approval is that of the policies by which they lack it.
    let lacking = counts.assignments_against.known().unwrap().unapproved;
    let by_policy = shown.violations.iter().map(|one| {
        let known = [one.assignments, one.unapproved].map(Figure::known);
        known.map(Option::unwrap)
    });
    assert!(lacking > 0 && by_policy.clone().map(|[_, one]| one).sum::<usize>() >= lacking);
    for [assignments, unapproved] in by_policy {
        assert!(unapproved <= assignments && unapproved <= lacking);
    }
}

async fn a_search_keeps_the_rows_that_hold_every_word_and_no_other(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let rows = every_row(&org);
    let text = |row: &ReportRow| {
        let shown = [
            &row.person,
            &row.account,
            &row.account_id,
            &row.permission_set,
            &row.path,
        ];
        shown.map(|text| text.to_lowercase()).join(" ")
    };
    let mut kept_some = 0;
    for words in [
        "",
        "GROUP:",
        "direct",
        "cards prod",
        "a e",
        "maya",
        "maya group: cards",
        "zzz",
        "direct group:",
        &rows[0].account_id,
    ] {
        let expected: Vec<&ReportRow> = rows
            .iter()
            .filter(|row| {
                let all = words.to_lowercase();
                all.split_whitespace().all(|word| text(row).contains(word))
            })
            .collect();
        let choice = ReportChoice {
            words: words.into(),
            ..ReportChoice::default()
        };
        let shown = org.administrator().access_report(&choice).await.unwrap();
        assert_eq!(shown.page.total, expected.len(), "{words:?}");
        assert_eq!(
            shown.page.rows.iter().collect::<Vec<_>>(),
            expected,
            "{words:?}"
        );
        assert_eq!(
            shown.groups.iter().sum::<usize>(),
            expected.len(),
            "{words:?}"
        );
        let by_person = ReportChoice {
            grouping: Grouping::Person,
            ..choice
        };
        let people = org.administrator().access_report(&by_person).await.unwrap();
        assert_eq!(people.page.total, expected.len(), "{words:?} by person");
        assert_eq!(
            people.groups.iter().sum::<usize>(),
            expected.len(),
            "{words:?} by person"
        );
        assert_eq!(
            sorted(people.page.rows),
            sorted(shown.page.rows.clone()),
            "{words:?} by person"
        );
        kept_some += usize::from(!expected.is_empty() && expected.len() < rows.len());
    }
    assert!(
        kept_some >= 5,
        "most of these searches match some rows only"
    );
}

fn sorted(mut rows: Vec<ReportRow>) -> Vec<ReportRow> {
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

async fn rows_by_person_are_together_and_the_orphaned_ones_are_last(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let choice = ReportChoice {
        grouping: Grouping::Person,
        ..ReportChoice::default()
    };
    let shown = org.administrator().access_report(&choice).await.unwrap();
    let rows = &shown.page.rows;
    let names = rows.iter().filter(|row| !row.orphaned);
    let names: Vec<(&str, &str)> = names
        .map(|row| (row.person.as_str(), row.person_id.as_str()))
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    let first_orphan = rows.iter().position(|row| row.orphaned);
    let from = first_orphan.unwrap_or(rows.len());
    assert!(rows[from..].iter().all(|row| row.orphaned));
    // What Leastwise did not grant has no known start.
    assert!(rows.iter().all(|row| !row.start_known));
    let controls = rows.iter().flat_map(|row| &row.finding_controls);
    assert!(controls.clone().count() > 0 && controls.clone().all(|one| one.starts_with("PCI ")));
    // What an approval would allow lacks one. The policies with a remedy, by the text of the policies.
    let text = include_str!("../../../policies/guardrails.cedar");
    let policies = text.split("@id(\"").skip(1);
    let remedied: BTreeSet<&str> = policies
        .filter(|policy| policy.contains("\n@remedy("))
        .filter_map(|policy| policy.split('"').next())
        .collect();
    let mut kinds = BTreeSet::new();
    for row in rows {
        assert_eq!(row.finding_kinds.len(), row.findings.len());
        for (rule, kind) in row.findings.iter().zip(&row.finding_kinds) {
            let expected = if remedied.contains(rule.as_str()) {
                FindingKind::ApprovalMissing
            } else {
                FindingKind::Violation
            };
            assert_eq!(*kind, expected, "{rule}");
            kinds.insert(kind.as_str());
        }
    }
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

async fn two_reports_of_the_same_have_one_id_and_a_difference_in_a_row_makes_another(
    engine: DatabaseEngine,
) {
    let id = |org: &Org| {
        Report::make(org.app_state.clone(), org.app_state.read_model())
            .head
            .report_id
    };
    let (one, same) = (Org::sample(engine).await, Org::sample(engine).await);
    assert_eq!(id(&one), id(&same));
    let somebody = one
        .app_state
        .read_model()
        .exposure
        .people
        .keys()
        .next()
        .cloned();
    let renamed = Org::of(engine, |parts| {
        let user = parts.users.get_mut(&somebody.unwrap()).unwrap();
        user.display_name.push('!');
    })
    .await;
    assert_ne!(id(&one), id(&renamed));
}
