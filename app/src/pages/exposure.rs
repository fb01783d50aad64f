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
    /// The oldest read that the numbers rest on.
    pub read: Option<Timestamp>,
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
        read,
        now,
    } = *context;
    let (chart, trend) = match history::trend(&history, read, now) {
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
    let acts = attention::attention(attention, drift, acting, now);
    let head = view! { <AlarmList alarms now /> {acts} {head} }.into_any();
    (head, view! { {people} {findings} }.into_any())
}

/// The people who reach production PCI, most exposed first.
const REACHING: &str = "/people?reach=production-pci";

fn head(exposure: &Exposure, chart: Option<AnyView>, bars: AnyView) -> AnyView {
    let against = exposure.against.map(|tally| tally.against);
    let unapproved = exposure.against.map(|tally| tally.unapproved);
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
    let administrators = exposure.administrators;
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
            <Stats>
                <Stat
                    label="Powerful access"
                    value=administrators.to_string()
                    href="/people?reach=powerful"
                    status=bad(administrators)
                    detail="people who are administrators, grant rights or change identities"
                />
                <Stat
                    label="Policy violations"
                    value=against.to_string()
                    href="/accounts?findings=violations"
                    status=bad(against)
                    detail=assignments(against, "violates a policy", "violate policies")
                />
                <Stat
                    label="Only approval missing"
                    value=unapproved.to_string()
                    href="/accounts?findings=unapproved"
                    status=wanting(unapproved)
                    detail=assignments(unapproved, "only lacks an approval", "only lack an approval")
                />
            </Stats>
        </section>
    }
    .into_any()
}

/// Returns what is beside the number of production PCI accounts. Accounts that are only assumed to be are counted apart.
pub fn counted(unclassified: Figure) -> String {
    match unclassified {
        Figure::Known(0) | Figure::NotKnown => "count as production PCI".into(),
        Figure::Known(some) => format!("count as production PCI; {some} of them not classified"),
    }
}

/// Returns what a number of assignments counts.
fn assignments(count: Figure, one: &str, several: &str) -> String {
    match count {
        Figure::Known(1) => format!("assignment to production PCI {one}"),
        Figure::Known(_) => format!("assignments to production PCI {several}"),
        Figure::NotKnown => "assignments to production PCI, not read completely".to_owned(),
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

/// Returns what else belongs beside the number of people: how many are disabled, and the assignments that give nobody access
/// because their principal is deleted.
fn beside_people(exposure: &Exposure) -> Option<String> {
    let disabled = match exposure.disabled_people {
        Figure::Known(0) | Figure::NotKnown => None,
        Figure::Known(1) => Some("1 of them is disabled.".to_owned()),
        Figure::Known(some) => Some(format!("{some} of them are disabled.")),
    };
    let orphans = match exposure.orphaned_assignments {
        Figure::Known(0) | Figure::NotKnown => None,
        Figure::Known(1) => Some("1 orphaned assignment gives nobody access.".to_owned()),
        Figure::Known(some) => Some(format!("{some} orphaned assignments give nobody access.")),
    };
    let parts: Vec<String> = [disabled, orphans].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
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
