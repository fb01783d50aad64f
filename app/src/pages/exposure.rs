//! The organization's part of the home page: what needs action, and the exposure of production PCI. Rendered by `home`; not a
//! page.

mod attention;
mod drift;
mod environments;
mod findings;
mod history;
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

/// The people who reach production PCI, those with the most accounts of it first.
const REACHING: &str = "/people?reach=production-pci&sort=-production_pci";

fn head(exposure: &Exposure, chart: Option<AnyView>, bars: AnyView) -> AnyView {
    let against = exposure.against.map(|tally| tally.against);
    let noun = if against == 1 {
        "assignment"
    } else {
        "assignments"
    };
    let beside = match exposure.against.map(|tally| tally.unapproved) {
        Figure::Known(0) => noun.to_owned(),
        Figure::Known(1) => format!("{noun}; 1 more only lacks an approval"),
        Figure::Known(some) => format!("{noun}; {some} more only lack an approval"),
        Figure::NotKnown => format!("{noun}, not read completely"),
    };
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
    let beside_accounts = counted(exposure.unclassified);
    let detail = beside_people(exposure);
    let untrended = chart.is_none().then_some("");
    let (administrators, accounts) = (exposure.administrators, exposure.accounts);
    view! {
        <section data-exposure data-untrended=untrended aria-label="Exposure of production PCI">
            <a data-figure data-status=tone.token() href=REACHING>
                <span data-value>{people.to_string()}</span>
                <span data-what>{what}</span>
                <span data-detail>{detail}</span>
            </a>
            {chart}
            {bars}
            <Stats>
                <Stat
                    label="Powerful access"
                    value=administrators.to_string()
                    href="/people?reach=powerful&sort=-production_pci"
                    status=bad(administrators)
                    detail="people who are administrators, grant rights or change identities"
                />
                <Stat
                    label="Policy violations"
                    value=against.to_string()
                    href="/accounts?findings=violations"
                    status=bad(against)
                    detail=beside
                />
                <Stat label="Accounts" value=accounts.to_string() href="/accounts?scope=production-pci" detail=beside_accounts />
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

/// Returns what belongs beside the number of people: how many have standing access, how many are disabled, and the
/// assignments that give nobody access because their principal is deleted.
fn beside_people(exposure: &Exposure) -> String {
    let mut parts = vec![match (exposure.standing_people, exposure.people) {
        (Figure::Known(0), _) => "none of them with standing access".to_owned(),
        (Figure::Known(all), Figure::Known(people)) if all == people && people > 1 => {
            "all of them with standing access".to_owned()
        }
        (Figure::Known(some), _) => format!("{some} of them with standing access"),
        (Figure::NotKnown, _) => "not everything has been read from AWS".to_owned(),
    }];
    if let Figure::Known(disabled @ 1..) = exposure.disabled_people {
        parts.push(format!("{disabled} of them disabled"));
    }
    let said = parts.join(", ");
    match exposure.orphaned_assignments {
        Figure::Known(0) | Figure::NotKnown => said,
        Figure::Known(1) => format!("{said}. 1 orphaned assignment gives nobody access."),
        Figure::Known(some) => {
            format!("{said}. {some} orphaned assignments give nobody access.")
        }
    }
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
