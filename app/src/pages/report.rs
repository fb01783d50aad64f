//! The report of who can reach production PCI, for an assessor: counts, coverage, and one row per person, account,
//! permission set and path. The page, the CSV and the JSON contain the same rows; the page never computes counts.

use domain::{org::AccountState, snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{
        self, AccessReport, DownloadSource, ListQuery, PortResult, ReportCounts, ReportHead,
        ReportRow,
    },
    components::{
        AbsoluteTime, BadgeWeight, CapabilityList, Column, Definition, DefinitionList, Empty,
        EmptyFiltered, FreshnessNotice, Glyph, LinkButton, ListBar, NotKnown, PageHeader,
        PagePosition, Section, Stat, Stats, Status, StatusBadge, Table, account_state_words,
        list_href, pages,
    },
    routes::{Page, Visit},
};

use super::{
    exposure::{bad, counted, wanting},
    filters::{UnknownFilter, known_query},
};

const PATH: &str = "/reports/production-pci";

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let ((query, unknown), now) = (known_query(&visit, |_| false), visit.backend.now());
    let report = visit.backend.access_report(&query).await?;
    Ok(Page::new("Who can reach production PCI", move || {
        draw(report, query, unknown, now)
    }))
}

fn draw(
    report: AccessReport,
    query: ListQuery,
    unknown: Option<UnknownFilter>,
    now: Timestamp,
) -> AnyView {
    let AccessReport { head, page, files } = report;
    let ReportCounts {
        people,
        disabled,
        accounts,
        unclassified,
        rows,
        standing,
        orphaned,
        against,
    } = head.counts;
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
            format!("{standing} standing, {some} orphaned")
        }
        _ => format!("{rows} are known"),
    };
    let actions = match files {
        DownloadSource::Page => view! {
            <LinkButton href=list_href(&format!("{PATH}.csv"), &query.words, None, 1) icon=Glyph::Download>"Download CSV"</LinkButton>
            <LinkButton href=list_href(&format!("{PATH}.json"), &query.words, None, 1) icon=Glyph::Download>"Download JSON"</LinkButton>
        }
        .into_any(),
        DownloadSource::CommandLine => view! {
            <p class="text-muted">"Too many rows to download. Run on the server: " <code>"leastwise report access --csv"</code></p>
        }
        .into_any(),
    };
    view! {
        <PageHeader
            title="Who can reach production PCI"
            detail=view! { "Every person and every path, as last read from AWS." }.into_any()
            actions
        />
        {unknown.map(UnknownFilter::notice)}
        <FreshnessNotice freshness=head.freshness.clone() now />
        <Stats>
            <Stat label="People" value=people.to_string() href="/people?reach=production-pci" detail=reach status=bad(people) />
            <Stat label="Accounts" value=accounts.to_string() href="/accounts?scope=production-pci" detail=counted(unclassified) />
            <Stat label="Rows" value=shown.to_string() href="#rows" detail=kinds />
            <Stat label="Policy violations" value=violations.to_string() href="#rows" detail="rows" status=bad(violations) />
            <Stat label="Approval missing" value=unapproved.to_string() href="#rows" detail="rows that only lack an approval" status=wanting(unapproved) />
        </Stats>
        {coverage(head, now)}
        {table(page, rows, people, query)}
    }
    .into_any()
}

/// Renders the coverage of the report. Shown even if the data is complete and fresh, because assessors require it.
fn coverage(head: ReportHead, now: Timestamp) -> AnyView {
    let ReportHead {
        report_id,
        made,
        as_of,
        freshness,
        ..
    } = head;
    let oldest = match as_of {
        Some(at) => view! { <AbsoluteTime at now /> }.into_any(),
        None => "AWS has not been read yet".into_any(),
    };
    let complete = match freshness.complete_at {
        Some(at) => view! { <AbsoluteTime at now /> }.into_any(),
        None => "No complete read has finished yet".into_any(),
    };
    let unread = if freshness.unread.is_empty() && as_of.is_some() {
        view! { <StatusBadge status=Status::Ok label="Complete" /> }.into_any()
    } else if freshness.unread.is_empty() {
        view! { <StatusBadge status=Status::Drift label="Nothing read yet" /> }.into_any()
    } else {
        let items = freshness
            .unread
            .into_iter()
            .map(|what| view! { <li>{what}</li> })
            .collect_view();
        view! { <span>"Incomplete. Not read:"</span> <ul data-plain>{items}</ul> }.into_any()
    };
    view! {
        <Section title="Coverage">
            <div data-body>
                <DefinitionList>
                    <Definition term="Generated"><AbsoluteTime at=made now /></Definition>
                    <Definition term="Oldest data">{oldest}</Definition>
                    <Definition term="Last complete read">{complete}</Definition>
                    <Definition term="Data coverage">{unread}</Definition>
                    <Definition term="Report ID"><code class="select-all break-all">{report_id}</code></Definition>
                </DefinitionList>
                <p class="text-muted mt-4 max-w-[80ch]">
                    "Rows are derived from account assignments, group memberships and permission sets. Other access, such as IAM users or roles created inside an account, is not included. Each download is recorded in the ledger with its report ID."
                </p>
            </div>
        </Section>
    }
    .into_any()
}

fn table(
    page: backend::Page<ReportRow>,
    known: usize,
    people: Figure,
    query: ListQuery,
) -> AnyView {
    if known == 0 && people == Figure::NotKnown {
        return view! { <Section title="Rows"><NotKnown what="Who can reach production PCI" /></Section> }.into_any();
    }
    if known == 0 {
        return view! {
            <Section title="Rows">
                <Empty title="No one can reach production PCI" icon=Glyph::Shield>"People with access appear here until it ends."</Empty>
            </Section>
        }
        .into_any();
    }
    let bar = view! { <ListBar path=PATH query=query.clone() label="Search the rows" /> };
    if page.rows.is_empty() {
        return view! { {bar} <EmptyFiltered noun="rows" clear_href=PATH /> }.into_any();
    }
    let shown = page.rows;
    let place = PagePosition::of(page.number, page.size, shown.len(), page.total);
    let columns = vec![
        Column::new("Person"),
        Column::new("Account"),
        Column::new("Permission set"),
        Column::new("Path"),
        Column::new("Since").wide_only(),
        Column::new("Duration"),
        Column::new("Policy status"),
    ];
    let lines = shown.into_iter().map(line).collect_view();
    view! {
        {bar}
        <div id="rows">
            <Section title="Rows" detail="one for each person, account, permission set and path, and one for each orphaned assignment">
                <Table caption="Who can reach production PCI, by path" columns id="report">{lines}</Table>
                {pages(place, "rows", move |page| list_href(PATH, &query.words, None, page))}
            </Section>
        </div>
    }
    .into_any()
}

fn line(row: ReportRow) -> impl IntoView {
    let ReportRow {
        person_id,
        person,
        enabled,
        orphaned,
        account_id,
        account,
        account_state,
        permission_set,
        permission_set_arn,
        path,
        standing,
        since,
        capabilities,
        findings,
        finding_titles,
        ..
    } = row;
    let set = permission_set_arn
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let day: String = since.chars().take(10).collect();
    let long = if standing {
        view! { <StatusBadge status=Status::Danger label="Standing" /> }.into_any()
    } else {
        view! { <StatusBadge status=Status::Pending label="Ends" /> }.into_any()
    };
    let who = if orphaned {
        let (kind, id) = person.rsplit_once(' ').unwrap_or(("Orphaned", &person));
        view! {
            <StatusBadge status=Status::Drift label=kind.to_owned() />
            " "
            <span class="text-muted font-mono text-xs break-all">{id.to_owned()}</span>
        }
        .into_any()
    } else {
        let mark = match enabled {
            Some(true) => None,
            Some(false) => Some((Status::Off, "Disabled")),
            None => Some((Status::Drift, "Not read")),
        };
        let name = if enabled.is_none() {
            view! { <span class="font-mono text-xs">{person}</span> }.into_any()
        } else {
            view! { <a href=format!("/people/{person_id}")>{person}</a> }.into_any()
        };
        view! {
            {name}
            {mark.map(|(status, label)| view! { " " <StatusBadge status label /> })}
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row">{who}</th>
            <td>
                <a href=format!("/accounts/{account_id}")>{account}</a>
                {state(&account_state).map(|label| view! { " " <StatusBadge status=Status::Off label /> })}
                <div class="text-muted font-mono text-xs">{account_id}</div>
            </td>
            <td>
                <a href=format!("/permission-sets/{set}")>{permission_set}</a>
                " "
                <CapabilityList capabilities />
            </td>
            <td>{path}</td>
            <td data-wide><time datetime=since>{day}</time></td>
            <td>{long}</td>
            <td>{broken(findings, finding_titles)}</td>
        </tr>
    }
}

/// Returns the words for the state of an account that is not in use, given AWS's name for it.
fn state(name: &str) -> Option<&'static str> {
    let states = [
        AccountState::PendingActivation,
        AccountState::Active,
        AccountState::Suspended,
        AccountState::PendingClosure,
        AccountState::Closed,
    ];
    account_state_words(states.into_iter().find(|state| state.as_str() == name))
}

/// Renders the policies that a row violates: the short name, with the id that the files contain.
fn broken(rules: Vec<String>, titles: Vec<String>) -> AnyView {
    if rules.is_empty() {
        return view! { <StatusBadge status=Status::Ok label="No violations" /> }.into_any();
    }
    let items = rules
        .into_iter()
        .zip(titles)
        .map(|(rule, title)| {
            view! {
                <li>
                    <StatusBadge status=Status::Danger label=title weight=BadgeWeight::Plain />
                    " "
                    <span class="text-muted font-mono text-xs inline-block">{rule}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ul data-plain>{items}</ul> }.into_any()
}
