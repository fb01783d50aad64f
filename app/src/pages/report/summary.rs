//! The first page of the report: the numbers, what it covers, the policies that are violated, where most people have access,
//! and how complete the data is.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{FindingGroup, Freshness, ReportAccount, ReportCounts, ReportHead},
    components::{
        AbsoluteTime, Bar, BarChart, Definition, DefinitionList, Glyph, Section, Stat, Stats,
    },
    pages::exposure::{bad, counted, wanting},
};

use super::violations;

/// The number of digits of the id of the report in one line on a screen. The whole id is below, and in print in this line.
const ID: usize = 12;

/// Renders the first page. On paper it ends with the lines that its reviewer signs.
pub(super) fn section(
    head: ReportHead,
    accounts: Vec<ReportAccount>,
    violated: Vec<FindingGroup>,
    now: Timestamp,
) -> AnyView {
    let counts = head.counts;
    let charted = accounts.iter().any(|one| one.people > 0);
    let chart = charted.then(|| chart(accounts, counts.accounts));
    view! {
        <div data-first-page>
            {in_one_line(&head)}
            {numbers(counts)}
            {paths(&counts).map(|words| view! { <p data-paths-line>{words}</p> })}
            {violations::section(violated, counts.people)}
            {chart}
            {completeness(head, now)}
            <div data-sign-off><p>"Reviewed by"</p><p>"Date"</p><p>"Signature"</p></div>
        </div>
    }
    .into_any()
}

/// Renders what the report covers, how complete its data is, and which report it is.
fn in_one_line(head: &ReportHead) -> AnyView {
    let covered = match (head.as_of, head.freshness.unread.is_empty()) {
        (None, _) => "Nothing was read yet".to_owned(),
        (Some(at), true) => format!("Complete, read {} UTC", at.minute()),
        (Some(at), false) => format!("Incomplete, oldest data of {} UTC", at.minute()),
    };
    let (id, rest) = head.report_id.split_at(ID.min(head.report_id.len()));
    let (id, rest) = (id.to_owned(), rest.to_owned());
    view! {
        <p data-scope-line>
            <span>{scope(&head.counts)}</span>
            " "
            <span>{covered} "."</span>
            " "
            <span>"Report " <code title=head.report_id.clone() data-report-id>{id} <span>{rest}</span></code></span>
            " "
            <a href="#scope">"Scope and completeness"</a>
        </p>
    }
    .into_any()
}

fn completeness(head: ReportHead, now: Timestamp) -> AnyView {
    let ReportHead {
        report_id,
        made,
        as_of,
        freshness,
        by,
        instance,
        policies,
        counts,
    } = head;
    let oldest = match as_of {
        Some(at) => view! { <AbsoluteTime at now /> }.into_any(),
        None => "AWS has not been read yet".into_any(),
    };
    let complete = match freshness.complete_at {
        Some(at) => view! { <AbsoluteTime at now /> }.into_any(),
        None => "No complete read has finished yet".into_any(),
    };
    let by = by.map(|by| view! { " by " {by} });
    view! {
        <div id="scope">
            <Section title="Scope and completeness">
                <div data-body>
                    <DefinitionList>
                        <Definition term="Scope">{scope(&counts)}</Definition>
                        <Definition term="Production PCI">"Production accounts in PCI scope, and all security and management accounts."</Definition>
                        <Definition term="Data coverage">{coverage(freshness, as_of)}</Definition>
                        <Definition term="Oldest data">{oldest}</Definition>
                        <Definition term="Last complete read">{complete}</Definition>
                        <Definition term="Generated"><AbsoluteTime at=made now /> {by}</Definition>
                        <Definition term="Identity Center instance"><code class="select-all break-all">{instance}</code></Definition>
                        <Definition term="Report ID"><code class="select-all break-all">{report_id}</code></Definition>
                        <Definition term="Policies (SHA-256)"><code class="select-all break-all">{policies}</code></Definition>
                    </DefinitionList>
                    <p class="text-muted mt-4 max-w-[80ch]">
                        "Paths are derived from account assignments, group memberships and permission sets. Other access, such as IAM users or roles created inside an account, is not included. Each download is recorded in the ledger with its report ID."
                        <span data-on-screen>" Printed by the browser, this page fits A4, with the report ID on each page."</span>
                    </p>
                </div>
            </Section>
        </div>
    }
    .into_any()
}

fn numbers(counts: ReportCounts) -> AnyView {
    let ReportCounts {
        people,
        disabled,
        accounts,
        unclassified,
        rows,
        standing,
        against,
        assignments_against,
        ..
    } = counts;
    let violations = assignments_against.map(|tally| tally.against);
    let unapproved = assignments_against.map(|tally| tally.unapproved);
    let shown = people.map(|_| rows);
    let reach = match disabled {
        Figure::Known(0) => "can reach it".to_owned(),
        Figure::Known(some) => format!("can reach it, {some} of them disabled"),
        Figure::NotKnown => "not everything has been read from AWS".to_owned(),
    };
    let kinds = match standing {
        Figure::Known(standing) if standing == rows => "all standing".to_owned(),
        Figure::Known(standing) => format!("{standing} standing"),
        Figure::NotKnown => format!("{rows} are known"),
    };
    let of_violations = in_paths(violations, against.map(|tally| tally.against));
    let of_unapproved = in_paths(unapproved, against.map(|tally| tally.unapproved));
    view! {
        <Stats>
            <Stat label="Policy violations" value=violations.to_string() href="#violations" detail=of_violations status=bad(violations) />
            <Stat label="Only approval missing" value=unapproved.to_string() href="#violations" detail=of_unapproved status=wanting(unapproved) glyph=Glyph::Approval />
            <Stat label="People" value=people.to_string() href="/people?reach=production-pci" detail=reach />
            <Stat label="Accounts" value=accounts.to_string() href="/accounts?scope=production-pci" detail=counted(unclassified) />
            <Stat label="Paths" value=shown.to_string() href="#rows" detail=kinds />
        </Stats>
    }
    .into_any()
}

/// Says what the paths are: each is in exactly one of three parts. None as long as not everything is known.
fn paths(counts: &ReportCounts) -> Option<String> {
    let (Figure::Known(tally), Figure::Known(within)) = (counts.against, counts.within) else {
        return None;
    };
    let orphaned = match counts.orphaned {
        Figure::Known(0) | Figure::NotKnown => String::new(),
        Figure::Known(1) => format!(
            " 1 of the {} is orphaned and gives nobody access.",
            counts.rows
        ),
        Figure::Known(some) => format!(
            " {some} of the {} are orphaned and give nobody access.",
            counts.rows
        ),
    };
    Some(format!(
        "Of the {} paths, {} violate a policy, {} only lack an approval, and {within} are within policy.{orphaned}",
        counts.rows, tally.against, tally.unapproved
    ))
}

/// Returns the unit of a number of assignments, with the paths that they give.
fn in_paths(assignments: Figure, paths: Figure) -> String {
    let unit = match assignments {
        Figure::Known(1) => "assignment",
        Figure::Known(_) | Figure::NotKnown => "assignments",
    };
    match paths {
        Figure::Known(1) => format!("{unit}, 1 path"),
        Figure::Known(paths) => format!("{unit}, {paths} paths"),
        Figure::NotKnown => unit.to_owned(),
    }
}

fn scope(counts: &ReportCounts) -> String {
    let accounts = match counts.accounts {
        Figure::NotKnown => {
            return "Accounts that count as production PCI. The accounts have not been read from AWS yet."
                .to_owned();
        }
        Figure::Known(1) => "1 account that counts".to_owned(),
        Figure::Known(accounts) => format!("All {accounts} accounts that count"),
    };
    let assumed = match counts.unclassified {
        Figure::Known(0) | Figure::NotKnown => String::new(),
        Figure::Known(some) => {
            format!(" Nothing classifies {some} of them, so the strictest is assumed.")
        }
    };
    format!("{accounts} as production PCI.{assumed}")
}

/// Says whether all data was read. Shown even if it is complete and fresh, because assessors require it.
fn coverage(freshness: Freshness, as_of: Option<Timestamp>) -> AnyView {
    if freshness.unread.is_empty() {
        let words = if as_of.is_some() {
            "Complete: every account, assignment, group and permission set was read."
        } else {
            "Nothing was read yet."
        };
        return words.into_any();
    }
    let items = freshness
        .unread
        .into_iter()
        .map(|what| view! { <li>{what}</li> })
        .collect_view();
    view! { <span data-coverage>"Incomplete. Not read:" <ul>{items}</ul></span> }.into_any()
}

fn chart(accounts: Vec<ReportAccount>, all: Figure) -> AnyView {
    let shown = accounts.len();
    let detail = match all {
        Figure::Known(all) if all > shown => {
            format!("the {shown} of {all} accounts with the most people")
        }
        _ => String::new(),
    };
    let bars = accounts.into_iter().map(|one| Bar {
        href: format!("/accounts/{}", one.account.id),
        id: one.account.id.to_string(),
        environment: one.account.class.environment,
        label: one.account.name,
        value: one.people,
    });
    let bars: Vec<Bar> = bars.collect();
    view! {
        <Section title="People by account" detail>
            <div data-body><BarChart caption="Number of people who can reach each account" bars /></div>
        </Section>
    }
    .into_any()
}
