//! The first page of the report: the numbers, the scope, how complete the data is, and where most people have access.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{Freshness, ReportAccount, ReportCounts, ReportHead},
    components::{AbsoluteTime, Bar, BarChart, Definition, DefinitionList, Section, Stat, Stats},
    pages::exposure::{bad, counted, wanting},
};

/// Renders the first page.
pub(super) fn section(head: ReportHead, accounts: Vec<ReportAccount>, now: Timestamp) -> AnyView {
    let ReportHead {
        report_id,
        made,
        as_of,
        freshness,
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
    let charted = accounts.iter().any(|one| one.people > 0);
    view! {
        <div data-first-page>
            {numbers(counts)}
            <div data-columns="even">
                <Section title="Scope and completeness">
                    <div data-body>
                        <DefinitionList>
                            <Definition term="Scope">{scope(&counts)}</Definition>
                            <Definition term="Data coverage">{coverage(freshness, as_of)}</Definition>
                            <Definition term="Oldest data">{oldest}</Definition>
                            <Definition term="Last complete read">{complete}</Definition>
                            <Definition term="Generated"><AbsoluteTime at=made now /></Definition>
                            <Definition term="Report ID"><code class="select-all break-all">{report_id}</code></Definition>
                        </DefinitionList>
                        <p class="text-muted mt-4 max-w-[80ch]">
                            "Rows are derived from account assignments, group memberships and permission sets. Other access, such as IAM users or roles created inside an account, is not included. Each download is recorded in the ledger with its report ID."
                        </p>
                    </div>
                </Section>
                {charted.then(|| chart(accounts, counts.accounts))}
            </div>
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
        orphaned,
        against,
    } = counts;
    let (violations, unapproved) = (
        against.map(|tally| tally.against),
        against.map(|tally| tally.unapproved),
    );
    let shown = people.map(|_| rows);
    let reach = match disabled {
        Figure::Known(0) => "can reach it".to_owned(),
        Figure::Known(some) => format!("can reach it, {some} of them disabled"),
        Figure::NotKnown => "not everything has been read from AWS".to_owned(),
    };
    let kinds = match (standing, orphaned) {
        (Figure::Known(standing), Figure::Known(0)) => format!("{standing} standing"),
        (Figure::Known(standing), Figure::Known(some)) => {
            format!("{standing} standing, {some} of them orphaned")
        }
        _ => format!("{rows} are known"),
    };
    view! {
        <Stats>
            <Stat label="People" value=people.to_string() href="/people?reach=production-pci" detail=reach status=bad(people) />
            <Stat label="Accounts" value=accounts.to_string() href="/accounts?scope=production-pci" detail=counted(unclassified) />
            <Stat label="Paths" value=shown.to_string() href="#rows" detail=kinds />
            <Stat label="Policy violations" value=violations.to_string() href="#violations" detail="paths" status=bad(violations) />
            <Stat label="Approval missing" value=unapproved.to_string() href="#violations" detail="paths that only lack one" status=wanting(unapproved) />
        </Stats>
    }
    .into_any()
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
