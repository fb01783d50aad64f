//! The organization's part of the home page: what needs action, and the exposure of production PCI. Rendered by `home`; not a
//! page.

mod attention;
mod drift;
mod environments;
mod findings;
mod history;
mod line;
mod people;

pub use attention::Acting;

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use self::{drift::DriftList, history::Trend};
use super::finding_stats::FindingStats;
use crate::{
    backend::{Exposure, OrganisationHome},
    components::{AlarmList, Stat, Stats, Status},
};

/// What drawing the section takes besides its view.
pub struct ExposureContext {
    /// The page that lists every change outside Leastwise, if the viewer may see it.
    pub all_drift: Option<&'static str>,
    /// Where the report lists all findings, if the viewer may see it.
    pub all_findings: Option<&'static str>,
    pub now: Timestamp,
}

/// Renders the full-width head, with what needs action first, and the sections below it.
pub fn draw(
    home: OrganisationHome,
    acting: Acting,
    context: &ExposureContext,
) -> (AnyView, AnyView) {
    let OrganisationHome {
        alarms,
        exposure,
        history,
        environments,
        attention,
        exposed,
        findings,
        drift,
        drift_count,
    } = home;
    let ExposureContext {
        all_drift,
        all_findings,
        now,
    } = *context;
    let (chart, trend) = match history::trend(&history) {
        Trend::Chart(chart) => (Some(chart), None),
        Trend::Sentence(trend) => (None, Some(trend)),
    };
    let bars = environments::environments(&exposure, environments, trend);
    let head = head(&exposure, chart, bars);
    let people = people::people(exposed, exposure.people);
    let findings = findings::findings(findings, exposure.against, all_findings);
    let drift = DriftList {
        rows: drift,
        count: drift_count,
        all: all_drift,
    };
    let acts = attention::attention(attention, drift, acting, exposure.disabled_people, now);
    let head = view! { <AlarmList alarms now /> {acts} {head} }.into_any();
    (head, view! { {people} {findings} }.into_any())
}

/// The people who reach production PCI, most exposed first.
const REACHING: &str = "/people?reach=production-pci";

fn head(exposure: &Exposure, chart: Option<AnyView>, bars: AnyView) -> AnyView {
    let people = exposure.people;
    let what = match (exposure.accounts, people) {
        (Figure::Known(0), _) => "No account counts as production PCI",
        (_, Figure::Known(1)) => "person can reach production PCI",
        (_, Figure::Known(_)) => "people can reach production PCI",
        (_, Figure::NotKnown) => "how many people can reach production PCI",
    };
    let tone = match exposure.standing_people {
        Figure::Known(0) => Status::Ok,
        Figure::Known(_) => Status::Danger,
        Figure::NotKnown => Status::Drift,
    };
    let untrended = chart.is_none().then_some("");
    view! {
        <section data-exposure data-untrended=untrended aria-label="Exposure of production PCI">
            <a data-figure data-status=tone.token() href=REACHING>
                <span data-value>{people.to_string()}</span>
                <span data-what>{what}</span>
                <span data-detail>{standing_words(exposure)}</span>
                {beside_people(exposure).map(|words| view! { <span data-beside>{words}</span> })}
            </a>
            {chart}
            {bars}
            {parts(exposure)}
        </section>
    }
    .into_any()
}

/// Renders how many of the people are powerful, and what policies find in the assignments, as parts of all of them.
fn parts(exposure: &Exposure) -> AnyView {
    let against = exposure.against.map(|tally| tally.against);
    let unapproved = exposure.against.map(|tally| tally.unapproved);
    let administrators = exposure.administrators;
    let powerful = match exposure.people {
        Figure::Known(1) => "of 1 person is an administrator or can become one".to_owned(),
        Figure::Known(people) => {
            format!("of {people} people are administrators or can become one")
        }
        Figure::NotKnown => "people are administrators or can become one".to_owned(),
    };
    let all = match (
        exposure.standing_assignments,
        exposure.temporary_assignments,
    ) {
        (Figure::Known(standing), Figure::Known(temporary)) => Figure::Known(standing + temporary),
        _ => Figure::NotKnown,
    };
    let against_href = "/accounts?findings=violations".to_owned();
    let unapproved_href = "/accounts?findings=unapproved".to_owned();
    view! {
        <Stats>
            <Stat
                label="Powerful access"
                value=administrators.to_string()
                href="/people?reach=powerful"
                status=bad(administrators)
                detail=powerful
            />
            <FindingStats all against against_href unapproved unapproved_href />
        </Stats>
    }
    .into_any()
}

/// Returns what is beside the number of production PCI accounts. Accounts that are only assumed to be are counted apart.
pub fn counted(unclassified: Figure) -> String {
    match unclassified {
        Figure::Known(0) | Figure::NotKnown => "count as production PCI".into(),
        Figure::Known(some) => format!("count as production PCI, {some} of them not classified"),
    }
}

/// Returns how many of the people have standing access.
fn standing_words(exposure: &Exposure) -> String {
    match (exposure.standing_people, exposure.people) {
        (Figure::Known(0), _) => "none of them with standing access".to_owned(),
        (Figure::Known(all), Figure::Known(people)) if all == people && people > 1 => {
            "all of them with standing access".to_owned()
        }
        (Figure::Known(some), _) => format!("{some} of them with standing access"),
        (Figure::NotKnown, _) => "not everything has been read from AWS".to_owned(),
    }
}

/// Returns what else belongs beside the number of people: those of them who are disabled, and the assignments that give nobody
/// access because their principal is deleted.
fn beside_people(exposure: &Exposure) -> Option<String> {
    let disabled = match exposure.disabled_people {
        Figure::Known(0) | Figure::NotKnown => None,
        Figure::Known(some) => Some(format!("{some} of them disabled.")),
    };
    let orphaned = match exposure.orphaned_assignments {
        Figure::Known(0) | Figure::NotKnown => None,
        Figure::Known(1) => Some("1 orphaned assignment gives nobody access.".to_owned()),
        Figure::Known(some) => Some(format!("{some} orphaned assignments give nobody access.")),
    };
    let words: Vec<String> = disabled.into_iter().chain(orphaned).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Returns the status for a count that should be zero.
pub fn bad(count: impl Into<Figure>) -> Status {
    match count.into() {
        Figure::Known(0) => Status::Ok,
        Figure::Known(_) => Status::Danger,
        Figure::NotKnown => Status::Drift,
    }
}

/// Returns the status for a count that needs attention unless it is zero.
pub fn wanting(count: impl Into<Figure>) -> Status {
    match count.into() {
        Figure::Known(0) => Status::Ok,
        Figure::Known(_) => Status::Pending,
        Figure::NotKnown => Status::Drift,
    }
}
