//! The organisation's half of the home page: production PCI in numbers, names and reasons. A part of `home`,
//! not a page of its own.

use domain::{time::Timestamp, verdict::Tally};
use leptos::prelude::*;

use crate::{
    backend::{ExposedPerson, Exposure, FindingGroup, OrganisationHome, OutsideRow, escape},
    components::{
        AccountLink, AccountNames, Column, Empty, Glyph, HitWords, PersonLink, PrincipalLink,
        Section, SetLink, Stat, Stats, Status, StatusBadge, Table, Time,
    },
};

/// The head over the whole width, and the rest under it.
pub fn draw(home: OrganisationHome, now: Timestamp) -> (AnyView, AnyView) {
    let OrganisationHome {
        exposure,
        exposed,
        findings,
        outside,
        outside_count,
    } = home;
    let head = head(&exposure);
    let total = exposure.people;
    let (people, guardrails) = (people(exposed, total), guardrails(findings));
    // What nobody was asked about comes before everything else; that there is nothing of it, last.
    let (first, last) = if outside.is_empty() {
        (None, Some(none_past()))
    } else {
        (Some(past(outside, outside_count, now)), None)
    };
    let head = view! { {first} {head} }.into_any();
    (head, view! { {people} {guardrails} {last} }.into_any())
}

fn head(exposure: &Exposure) -> AnyView {
    let Tally {
        against,
        unapproved,
    } = exposure.against;
    let beside = match unapproved {
        0 => "assignments".to_owned(),
        some => format!("assignments, and {some} not approved here"),
    };
    let people = exposure.people;
    let what = match (exposure.accounts, people) {
        (0, _) => "No account counts as production PCI",
        (_, 1) => "person can reach production PCI",
        _ => "people can reach production PCI",
    };
    let permanent = match exposure.standing_people {
        0 => "none of them permanently".to_owned(),
        all if all == people && people > 1 => "all of them permanently".to_owned(),
        some => format!("{some} of them permanently"),
    };
    let tone = if exposure.standing_people > 0 {
        Status::Danger
    } else {
        Status::Ok
    };
    let (administrators, accounts, share) =
        (exposure.administrators, exposure.accounts, share(exposure));
    view! {
        <section data-exposure aria-label="Exposure of production PCI">
            <a data-figure data-status=tone.token() href="/people?only=production-pci">
                <span data-value>{people}</span>
                <span data-what>{what}</span>
                <span data-detail>{permanent}</span>
            </a>
            <div>
                {share}
                <Stats>
                    <Stat
                        label="Administrators"
                        value=administrators.to_string()
                        href="/people?only=powerful"
                        status=bad(administrators)
                        detail="or could make themselves one"
                    />
                    <Stat
                        label="Against the rules"
                        value=against.to_string()
                        href="/accounts?only=findings"
                        status=bad(against)
                        detail=beside
                    />
                    <Stat label="Accounts" value=accounts.to_string() href="/accounts?only=production-pci" detail="count as production PCI" />
                </Stats>
            </div>
        </section>
    }
    .into_any()
}

/// The colour for a number that ought to be nought.
pub const fn bad(count: usize) -> Status {
    if count == 0 {
        Status::Ok
    } else {
        Status::Danger
    }
}

/// The colour for a number that wants somebody's look.
pub const fn wanting(count: usize) -> Status {
    if count == 0 {
        Status::Ok
    } else {
        Status::Pending
    }
}

/// Standing against temporary, as a bar and in words. The goal is a bar without its dark part.
fn share(exposure: &Exposure) -> AnyView {
    let (standing, temporary) = (
        exposure.standing_assignments,
        exposure.temporary_assignments,
    );
    let total = (standing + temporary).max(1);
    let width = format!("{}%", standing * 100 / total);
    let none = standing + temporary == 0;
    view! {
        <div data-share>
            <p>
                <StatusBadge status=if standing == 0 { Status::Ok } else { Status::Danger } label=format!("{standing} standing") />
                <StatusBadge status=Status::Pending label=format!("{temporary} with an end") />
                <span class="text-muted">"assignments in production PCI; the goal is none that stands"</span>
            </p>
            <svg width="100%" height="8" aria-hidden="true" focusable="false">
                <rect width="100%" height="8" rx="4" fill=if none { "var(--line)" } else { "var(--pending)" } />
                {(standing > 0).then(|| view! { <rect width=width height="8" rx="4" fill="var(--danger)" /> })}
            </svg>
        </div>
    }
    .into_any()
}

fn people(exposed: Vec<ExposedPerson>, total: usize) -> AnyView {
    if exposed.is_empty() {
        return view! {
            <Section title="Who they are">
                <Empty title="Nobody can reach production PCI" icon=Glyph::Shield>"Whoever is given a window appears here for as long as it lasts."</Empty>
            </Section>
        }
        .into_any();
    }
    let shown = exposed.len();
    let columns = vec![
        Column::new("Person"),
        Column::new("Reaches"),
        Column::new("With"),
        Column::new("How"),
    ];
    let rows = exposed.into_iter().map(person).collect_view();
    let all = "/people?only=production-pci";
    view! {
        <Section title="Who they are" detail="most exposed first" actions=view! { <a href=all>{format!("All {total}")}</a> }.into_any()>
            <Table caption="People who can reach production PCI" columns id="exposed">{rows}</Table>
            {(total > shown).then(|| view! { <p data-more>{format!("and {} more", total - shown)}</p> })}
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
        (1, 1) => "assigned directly".to_owned(),
        (1, _) => "through a group".to_owned(),
        (n, 0) => format!("{n} paths, all through groups"),
        (n, d) if n == d => format!("{n} paths, all direct"),
        (n, d) => format!("{n} paths, {d} direct"),
    };
    let long = if standing {
        view! { <StatusBadge status=Status::Danger label="Standing" /> }.into_any()
    } else {
        view! { <StatusBadge status=Status::Pending label="Ends" /> }.into_any()
    };
    let more = set_count.saturating_sub(sets.len());
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
            <td data-sets><ul data-plain>{sets} {(more > 0).then(|| view! { <li class="text-muted">{format!("and {more} more")}</li> })}</ul></td>
            <td>{long} <div><a href=format!("{href}?only=production-pci") class="text-xs">{way}</a></div></td>
        </tr>
    }
}

fn guardrails(findings: Vec<FindingGroup>) -> AnyView {
    if findings.is_empty() {
        return view! {
            <Section title="What the guardrails say">
                <Empty title="Nothing stands against them" icon=Glyph::Check>"Every assignment in production PCI was judged by the rules in force."</Empty>
            </Section>
        }
        .into_any();
    }
    let columns = vec![
        Column::new("Why"),
        Column::new("Assignments").numeric(),
        Column::new("People").numeric(),
        Column::new("Where").wide_only(),
    ];
    let rows = findings
        .into_iter()
        .map(|found| {
            let href = format!("/accounts?only=rule:{}", escape(&found.hit.rule));
            view! {
                <tr>
                    <th scope="row" data-reason-cell><HitWords hit=found.hit /></th>
                    <td data-numeric><a href=href>{found.assignments}</a></td>
                    <td data-numeric>{found.people}</td>
                    <td data-wide><AccountNames accounts=found.accounts total=found.account_count /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="What the guardrails say" detail="of the access that exists">
            <Table caption="Guardrails that existing access breaks" columns>{rows}</Table>
        </Section>
    }
    .into_any()
}

fn none_past() -> AnyView {
    view! {
        <Section title="Made past Leastwise">
            <Empty title="Nothing was changed past Leastwise" icon=Glyph::Drift>"What appears or goes in AWS without a change of ours is listed here after the next read."</Empty>
        </Section>
    }
    .into_any()
}

fn past(outside: Vec<OutsideRow>, count: usize, now: Timestamp) -> AnyView {
    let more = count.saturating_sub(outside.len());
    let lines = outside
        .into_iter()
        .map(|row| {
            view! {
                <li>
                    <div class="flex flex-wrap items-center gap-x-2">
                        <StatusBadge status=Status::Drift label=row.what />
                        {row.principal.map(|principal| view! { <PrincipalLink principal /> })}
                        {row.account.map(|account| view! { <AccountLink account /> })}
                    </div>
                    <p class="text-muted text-xs">"Seen " <Time at=row.by now /> ", not yet there " <Time at=row.after now /></p>
                </li>
            }
        })
        .collect_view();
    view! {
        <Section title="Made past Leastwise" detail=count.to_string()>
            <ul data-lines>{lines}</ul>
            {(more > 0).then(|| view! { <p data-more>{format!("and {more} earlier")}</p> })}
        </Section>
    }
    .into_any()
}
