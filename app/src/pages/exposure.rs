//! The organization's part of the home page: the exposure of production PCI. Rendered by `home`; not a page.

mod attention;
mod drift;
mod environments;
mod history;
mod notices;

pub use attention::{Acting, Deciding};

use domain::{snapshot::Figure, time::Timestamp, verdict::Tally};
use leptos::prelude::*;

use self::{
    drift::{drift_section, no_drift},
    notices::{confirm_notice, waiting_notice},
};
use crate::{
    backend::{ExposedPerson, Exposure, FindingGroup, OrganisationHome, escape},
    components::{
        AccountNames, AlarmList, Column, Empty, Glyph, HitWords, NotKnown, PersonLink, Section,
        SetLink, Stat, Stats, Status, StatusBadge, Table,
    },
};

/// What drawing the section takes besides its view.
pub struct ExposureContext {
    /// The page that lists every change outside Leastwise, if the viewer may see it.
    pub all_drift: Option<&'static str>,
    pub acting: Acting,
    /// The oldest read that the numbers rest on.
    pub read: Option<Timestamp>,
    pub now: Timestamp,
}

/// Renders the full-width head and the sections below it.
pub fn draw(home: OrganisationHome, context: &ExposureContext) -> (AnyView, AnyView) {
    let OrganisationHome {
        alarms,
        exposure,
        history,
        environments,
        attention,
        waiting_accounts,
        accounts_to_confirm,
        exposed,
        findings,
        drift,
        drift_count,
    } = home;
    let ExposureContext {
        all_drift,
        acting,
        read,
        now,
    } = *context;
    let chart = history::history(&history, read, now);
    let bars = environments::environments(&exposure, environments);
    let head = head(&exposure, chart, bars);
    let total = exposure.people;
    let (people, guardrails) = (
        people(exposed, total),
        guardrails(findings, exposure.against),
    );
    let acts = attention::attention(attention, drift_count, acting, now);
    // Drift comes first; its empty state comes last.
    let (first, last) = if drift.is_empty() {
        (None, Some(no_drift()))
    } else {
        let drift = drift_section(drift, drift_count, all_drift, acting.proposing, now);
        (Some(drift), None)
    };
    let waiting = waiting_notice(waiting_accounts);
    let confirm = confirm_notice(accounts_to_confirm);
    let head =
        view! { <AlarmList alarms now /> {waiting} {confirm} {head} {acts} {first} }.into_any();
    (head, view! { {people} {guardrails} {last} }.into_any())
}

fn head(exposure: &Exposure, chart: AnyView, bars: AnyView) -> AnyView {
    let against = exposure.against.map(|tally| tally.against);
    let beside = match exposure.against.map(|tally| tally.unapproved) {
        Figure::Known(0) => "assignments".to_owned(),
        Figure::Known(some) => format!("assignments; {some} more lack an approval"),
        Figure::NotKnown => "assignments, not read completely".to_owned(),
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
    let (administrators, accounts) = (exposure.administrators, exposure.accounts);
    view! {
        <section data-exposure aria-label="Exposure of production PCI">
            <a data-figure data-status=tone.token() href="/people?reach=production-pci">
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
                    href="/people?reach=powerful"
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
        (Figure::Known(0), _) => "none of them permanently".to_owned(),
        (Figure::Known(all), Figure::Known(people)) if all == people && people > 1 => {
            "all of them permanently".to_owned()
        }
        (Figure::Known(some), _) => format!("{some} of them permanently"),
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

fn people(exposed: Vec<ExposedPerson>, total: Figure) -> AnyView {
    if exposed.is_empty() && total == Figure::NotKnown {
        return view! { <Section title="People with access"><NotKnown what="Who can reach production PCI" /></Section> }
            .into_any();
    }
    if exposed.is_empty() {
        return view! {
            <Section title="People with access">
                <Empty title="No one can reach production PCI" icon=Glyph::Shield>"People with temporary access appear here until it ends."</Empty>
            </Section>
        }
        .into_any();
    }
    let all = match total {
        Figure::Known(total) => format!("All {total}"),
        Figure::NotKnown => "All that are known".to_owned(),
    };
    let more = match total {
        Figure::Known(total) => total.saturating_sub(exposed.len()),
        Figure::NotKnown => 0,
    };
    let columns = vec![
        Column::new("Person"),
        Column::new("Accounts"),
        Column::new("Permission sets"),
        Column::new("Paths"),
    ];
    let rows = exposed.into_iter().map(person).collect_view();
    let href = "/people?reach=production-pci";
    view! {
        <Section title="People with access" detail="most exposed first" actions=view! { <a href=href>{all}</a> }.into_any()>
            <Table caption="People who can reach production PCI" columns id="exposed">{rows}</Table>
            {(more > 0).then(|| view! { <p data-more>{format!("and {more} more")}</p> })}
        </Section>
    }
    .into_any()
}

fn person(person: ExposedPerson) -> impl IntoView {
    let ExposedPerson {
        user,
        title,
        accounts,
        account_count,
        sets,
        set_count,
        paths,
        direct,
        standing,
    } = person;
    let way = match (paths, direct) {
        (Figure::NotKnown, _) => "paths not known".to_owned(),
        (Figure::Known(1), 1) => "assigned directly".to_owned(),
        (Figure::Known(1), _) => "through a group".to_owned(),
        (Figure::Known(n), 0) => format!("{n} paths, all through groups"),
        (Figure::Known(n), d) if n == d => format!("{n} paths, all direct"),
        (Figure::Known(n), d) => format!("{n} paths, {d} direct"),
    };
    let long = if standing {
        view! { <StatusBadge status=Status::Danger label="Standing" glyph=Glyph::Standing /> }
            .into_any()
    } else {
        view! { <StatusBadge status=Status::Pending label="Ends" glyph=Glyph::Temporary /> }
            .into_any()
    };
    let more = set_count.map(|count| count.saturating_sub(sets.len()));
    let more = match more {
        Figure::Known(0) => None,
        Figure::Known(more) => Some(format!("and {more} more")),
        Figure::NotKnown => Some("and others that are not known".to_owned()),
    };
    let sets = sets
        .into_iter()
        .map(|set| view! { <li><SetLink set /></li> })
        .collect_view();
    let href = format!("/people/{}", user.id);
    view! {
        <tr>
            <th scope="row">
                <PersonLink user />
                {title.map(|title| view! { <div class="text-muted text-xs font-normal">{title}</div> })}
            </th>
            <td><AccountNames accounts total=account_count /></td>
            <td data-sets><ul data-plain>{sets} {more.map(|more| view! { <li class="text-muted">{more}</li> })}</ul></td>
            <td>{long} <div><a href=format!("{href}?only=production-pci") class="text-xs">{way}</a></div></td>
        </tr>
    }
}

fn guardrails(findings: Vec<FindingGroup>, against: Figure<Tally>) -> AnyView {
    if findings.is_empty() && against == Figure::NotKnown {
        return view! { <Section title="Policy findings"><NotKnown what="Part of the access to production PCI" /></Section> }
            .into_any();
    }
    if findings.is_empty() {
        return view! {
            <Section title="Policy findings">
                <Empty title="No policy findings" icon=Glyph::Check>"Every assignment in production PCI was evaluated against the policies in effect."</Empty>
            </Section>
        }
        .into_any();
    }
    let columns = vec![
        Column::new("Reason"),
        Column::new("Assignments").numeric(),
        Column::new("People").numeric(),
        Column::new("Accounts").wide_only(),
    ];
    let rows = findings
        .into_iter()
        .map(|found| {
            let href = format!("/accounts?policy={}", escape(&found.hit.rule));
            view! {
                <tr>
                    <th scope="row" data-reason-cell><HitWords hit=found.hit /></th>
                    <td data-numeric><a href=href>{found.assignments.to_string()}</a></td>
                    <td data-numeric>{found.people.to_string()}</td>
                    <td data-wide><AccountNames accounts=found.accounts total=found.account_count /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Policy findings" detail="existing access">
            <Table caption="Policy findings on existing access" columns>{rows}</Table>
        </Section>
    }
    .into_any()
}
