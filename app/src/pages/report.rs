//! The report of who can reach production PCI, for an assessor: first the scope in one line, the numbers, the policies that
//! are violated, a chart, and how complete the data is; then every path. The page, the CSV and the JSON contain the same paths: the files
//! in a row each, the page below what several of them share. The page never computes counts.

mod controls;
mod rows;
mod summary;
mod violations;

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{
        AccessReport, DownloadSource, Grouping, PortResult, ReportChoice, ReportHead, escape,
    },
    components::{
        Empty, EmptyFiltered, FreshnessNotice, Glyph, LinkButton, NotKnown, Notice, PageHeader,
        SearchBox, Section, Status,
    },
    routes::{Page, Visit},
};

use super::filters::{UnknownFilter, known_query};

const PATH: &str = "/reports/production-pci";
/// The name of the grouping in URLs.
const GROUP: &str = "group";

/// What somebody chose of the report.
struct Chosen {
    choice: ReportChoice,
    /// A grouping or filter in the URL that the report does not have.
    unknown_group: Option<String>,
    unknown: Option<UnknownFilter>,
}

impl Chosen {
    fn of(visit: &Visit) -> Self {
        let (query, unknown) = known_query(visit, |_| false);
        let group = visit.query(GROUP);
        let known = Grouping::from_word(group);
        Self {
            choice: ReportChoice {
                words: query.words,
                grouping: known.unwrap_or_default(),
                page: query.page,
            },
            unknown_group: (known.is_none() && !group.is_empty())
                .then(|| group.chars().take(100).collect()),
            unknown,
        }
    }
}

/// Returns the URL of the report for a choice.
fn href(
    ReportChoice {
        words,
        grouping,
        page,
    }: &ReportChoice,
) -> String {
    let mut query = Vec::new();
    if !words.is_empty() {
        query.push(format!("q={}", escape(words)));
    }
    if *grouping != Grouping::default() {
        query.push(format!("{GROUP}={}", grouping.as_str()));
    }
    if *page > 1 {
        query.push(format!("page={page}"));
    }
    if query.is_empty() {
        PATH.to_owned()
    } else {
        format!("{PATH}?{}", query.join("&"))
    }
}

/// Returns the URL of the file with the rows of a search.
fn file(words: &str, ending: &str) -> String {
    if words.is_empty() {
        format!("{PATH}.{ending}")
    } else {
        format!("{PATH}.{ending}?q={}", escape(words))
    }
}

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (chosen, now) = (Chosen::of(&visit), visit.backend.now());
    let report = visit.backend.access_report(&chosen.choice).await?;
    Ok(Page::new("Who can reach production PCI", move || {
        draw(report, chosen, now)
    }))
}

fn draw(report: AccessReport, chosen: Chosen, now: Timestamp) -> AnyView {
    let AccessReport {
        head,
        violations,
        top_accounts,
        page,
        groups,
        files,
    } = report;
    let Chosen {
        choice,
        unknown_group,
        unknown,
    } = chosen;
    let (freshness, foot, top) = (head.freshness.clone(), running(&head), masthead(&head));
    let (known, people) = (head.counts.rows, head.counts.people);
    let listed = if known == 0 {
        nobody(people)
    } else {
        let body = if page.rows.is_empty() {
            view! { <EmptyFiltered noun="paths" clear_href=PATH /> }.into_any()
        } else {
            rows::section(page, groups, &choice)
        };
        view! { {bar(&choice)} {body} }.into_any()
    };
    view! {
        <article data-report data-running=foot>
            {top}
            <PageHeader
                title="Who can reach production PCI"
                detail=view! { "Every person, every path, and what policies find in it." }.into_any()
                actions=actions(files, &choice.words)
            />
            {unknown.map(UnknownFilter::notice)}
            {unknown_group.map(|group| view! {
                <Notice status=Status::Drift title=format!("Unknown grouping “{group}”: the paths are grouped by account")>
                    "The report is grouped by account or by person."
                </Notice>
            })}
            <FreshnessNotice freshness now />
            {summary::section(head, top_accounts, violations, now)}
            {listed}
        </article>
    }
    .into_any()
}

/// Renders what stands at the head of the first printed page: the product, who generated the report, and when.
fn masthead(head: &ReportHead) -> AnyView {
    let by = head.by.as_ref().map(|by| format!(" by {by}"));
    let made = format!(
        "Generated {} UTC{}",
        head.made.minute(),
        by.unwrap_or_default()
    );
    view! { <p data-masthead><b>"Leastwise"</b> <span>{made}</span></p> }.into_any()
}

/// Returns what stands at the foot of each printed page.
fn running(head: &ReportHead) -> String {
    let (report, made) = (&head.report_id, head.made.minute());
    format!("Who can reach production PCI · report {report} · {made} UTC")
}

fn actions(files: DownloadSource, words: &str) -> AnyView {
    match files {
        DownloadSource::Page => view! {
            <LinkButton href=file(words, "csv") icon=Glyph::Download>"Download CSV"</LinkButton>
            <LinkButton href=file(words, "json") icon=Glyph::Download><span class="sr-only">"Download "</span>"JSON"</LinkButton>
        }
        .into_any(),
        DownloadSource::CommandLine => view! {
            <p class="text-muted">"Too many rows to download. Run on the server: " <code>"leastwise report access --csv"</code></p>
        }
        .into_any(),
    }
}

fn nobody(people: Figure) -> AnyView {
    if people == Figure::NotKnown {
        return view! { <Section title="Every path"><NotKnown what="Who can reach production PCI" /></Section> }.into_any();
    }
    view! {
        <Section title="Every path">
            <Empty title="No one can reach production PCI" icon=Glyph::Shield>"People with access appear here until it ends."</Empty>
        </Section>
    }
    .into_any()
}

/// Renders the search and the groupings.
fn bar(choice: &ReportChoice) -> AnyView {
    let group = |grouping: Grouping, label: &'static str| {
        let other = ReportChoice {
            grouping,
            page: 1,
            ..choice.clone()
        };
        let here = (grouping == choice.grouping).then_some("true");
        view! { <li><a href=href(&other) aria-current=here>{label}</a></li> }
    };
    let grouping = (choice.grouping != Grouping::default())
        .then(|| view! { <input type="hidden" name=GROUP value=choice.grouping.as_str() /> });
    view! {
        <div data-list-bar>
            <form method="get" action=PATH role="search">
                <SearchBox label="Search the paths" value=choice.words.clone() />
                {grouping}
            </form>
            <ul data-chips aria-label="Group the paths">
                {group(Grouping::Account, "By account")}
                {group(Grouping::Person, "By person")}
            </ul>
        </div>
    }
    .into_any()
}
