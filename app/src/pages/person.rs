//! A person: every path to an account, and their directory data.

use domain::{
    authorize::Action,
    directory::Origin,
    ids::{Assignment, Pair, Principal, UserId},
    snapshot::Knowledge,
    time::Timestamp,
    verdict::{Outcome, Tally},
};
use leptos::prelude::*;

use crate::{
    backend::{
        AccountStatus, ChangeForm, Freshness, HitView, ListQuery, PathRow, PersonView, PortResult,
        UserRef,
    },
    components::{
        AccountLink, AccountStatusMark, ButtonKind, Column, Crumb, Day, Definition, DefinitionList,
        Empty, EmptyFiltered, FreshnessNotice, Glyph, Hits, LinkButton, Narrow, NotKnown, Notice,
        PageHeader, RecentChanges, RowAction, Section, SetLink, Stat, Stats, Status, Table, Time,
        chips, ledger_link, list_href, pages, path_diagram,
    },
    lists::entries::ABOUT,
    routes::{Page, Visit},
};

use super::{
    Part,
    exposure::{bad, wanting},
    filters::{UnknownFilter, chips_of, holds, known_query},
};

/// The filters of the paths.
const FILTERS: [(&str, &str); 5] = [
    ("", "All"),
    ("production-pci", "Production PCI"),
    ("standing", "Standing"),
    ("findings", "Policy violations"),
    ("unapproved", "Approval missing"),
];

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: UserId = visit.param("id")?;
    let person = visit.backend.person(&id).await?;
    let own = visit.backend.viewer().await?.user.as_ref() == Some(&id);
    let (query, unknown) = known_query(&visit, |only| holds(&FILTERS, only));
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        directory: visit.backend.may(Action::SeeDirectory).is_ok(),
        proposes: visit.backend.may(Action::Propose).is_ok(),
        asks: own && visit.backend.may(Action::ProposeOwn).is_ok(),
        query,
        unknown,
    };
    let title = person.user.name.clone();
    Ok(Page::new(title, move || draw(person, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    directory: bool,
    proposes: bool,
    asks: bool,
    query: ListQuery,
    unknown: Option<UnknownFilter>,
}

fn draw(person: PersonView, context: PageContext) -> AnyView {
    let PersonView {
        user,
        user_name,
        email,
        title,
        origin,
        groups,
        paths,
        known,
        findings,
        accounts,
        production_pci,
        changes,
    } = person;
    let PageContext {
        freshness,
        now,
        directory,
        proposes,
        asks,
        query,
        unknown,
    } = context;
    let base = format!("/people/{}", user.id);
    let new = ChangeForm::grant_to(&Principal::User(user.id.clone())).href();
    let actions = (proposes || asks).then(|| {
        let words = if proposes { "Grant access" } else { "Request access" };
        view! { <LinkButton href=new kind=ButtonKind::Primary icon=Glyph::Plus>{words}</LinkButton> }
    });
    let standing = known.figure(paths.iter().filter(|path| path.ends.is_none()).count());
    let tally = Tally::of(paths.iter().map(|path| HitView::strictest(&path.hits)));
    let against = findings.figure(tally.against);
    let unapproved = findings.figure(tally.unapproved);
    let disabled = user.status == AccountStatus::Disabled && !paths.is_empty();
    let crumbs = if directory {
        vec![Crumb::new("/people", "People")]
    } else {
        Vec::new()
    };
    let member_of = groups
        .into_iter()
        .map(|(id, name)| {
            let name = if directory {
                view! { <a href=format!("/groups/{id}")>{name}</a> }.into_any()
            } else {
                name.into_any()
            };
            view! { <li>{name}</li> }
        })
        .collect_view();
    let diagram = diagram(&user, &paths, &base);
    let list = reaches(paths, known, &base, &user, &query, directory, proposes, now);
    let entries = ledger_link(
        ABOUT,
        user.id.as_str(),
        "All entries of the ledger by or about this person",
    );
    view! {
        <PageHeader
            title=user.name.clone()
            crumbs
            marks=view! { <AccountStatusMark status=user.status /> }.into_any()
            detail=view! { {title.unwrap_or_else(|| "No job title in the directory".into())} }.into_any()
            actions=actions.into_any()
        />
        {unknown.map(UnknownFilter::notice)}
        <FreshnessNotice freshness now />
        {disabled
            .then(|| {
                view! {
                    <Notice status=Status::Pending title="Disabled user with assigned access">
                        "Assignments of a disabled user remain and take effect again when the user is enabled. Remove access that is no longer needed."
                    </Notice>
                }
            })}
        <Stats>
            <Stat label="Accounts" value=accounts.to_string() href=base.clone() detail="by any path" />
            <Stat label="Production PCI" value=production_pci.to_string() href=format!("{base}?only=production-pci") detail="accounts" status=bad(production_pci) />
            <Stat label="Standing" value=standing.to_string() href=format!("{base}?only=standing") detail="paths" />
            <Stat label="Policy violations" value=against.to_string() href=format!("{base}?only=findings") detail="paths" status=bad(against) />
            <Stat label="Approval missing" value=unapproved.to_string() href=format!("{base}?only=unapproved") detail="paths that only lack an approval" status=wanting(unapproved) />
        </Stats>
        {diagram}
        {list}
        <Section title="Directory">
            <div data-body>
                <DefinitionList>
                    <Definition term="Sign-in name">{user_name}</Definition>
                    <Definition term="Email">{email.unwrap_or_else(|| "none".into())}</Definition>
                    <Definition term="Managed by">{origin_words(origin)}</Definition>
                    <Definition term="User ID"><span class="font-mono text-xs">{user.id.to_string()}</span></Definition>
                    <Definition term="Groups"><ul data-plain>{member_of}</ul></Definition>
                </DefinitionList>
            </div>
        </Section>
        {(!changes.is_empty())
            .then(|| view! { <Section title="Changes" detail="the last ten"><RecentChanges changes now /></Section> })}
        {entries}
    }
    .into_any()
}

/// Returns where a user or a group is managed, for display.
pub fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::IdentityCenter => "Identity Center",
        Origin::External => "Identity provider, which may overwrite changes made through AWS",
    }
}

/// Renders the paths as a diagram. What the filters of the list leave out stays in it.
fn diagram(user: &UserRef, paths: &[PathRow], base: &str) -> Option<AnyView> {
    if paths.is_empty() {
        return None;
    }
    let detail = if paths.len() == 1 {
        "1 path".to_owned()
    } else {
        format!("{} paths; a shield marks production PCI", paths.len())
    };
    let drawn = path_diagram(user, paths, base);
    Some(view! { <Section title="How they reach accounts" detail>{drawn}</Section> }.into_any())
}

#[expect(clippy::too_many_arguments, reason = "one section with all its inputs")]
fn reaches(
    mut paths: Vec<PathRow>,
    known: Knowledge,
    base: &str,
    user: &UserRef,
    query: &ListQuery,
    directory: bool,
    removes: bool,
    now: Timestamp,
) -> AnyView {
    if paths.is_empty() && known == Knowledge::NeverRead {
        return view! { <Section title="Access"><NotKnown what="Part of the access" /></Section> }
            .into_any();
    }
    if paths.is_empty() {
        return view! {
            <Section title="Access">
                <Empty title="No access" icon=Glyph::Accounts>"Neither the user nor a group of the user has an assignment."</Empty>
            </Section>
        }
        .into_any();
    }
    match query.only.as_deref() {
        Some("production-pci") => {
            paths.retain(|path| path.account.class.counts_as_production_pci());
        }
        Some("standing") => paths.retain(|path| path.ends.is_none()),
        Some("findings") => {
            paths.retain(|path| HitView::strictest(&path.hits) == Outcome::Refused);
        }
        Some("unapproved") => {
            paths.retain(|path| HitView::strictest(&path.hits) == Outcome::NeedsApproval);
        }
        _ => {}
    }
    let part = Part::of(paths, query, text);
    let search = super::search_box(base, query, "Filter paths");
    let Part { rows, place } = part;
    let narrow = chips(base, query, chips_of(&FILTERS));
    let body = if rows.is_empty() {
        view! { <EmptyFiltered noun="paths" clear_href=base.to_owned() /> }.into_any()
    } else {
        let columns = vec![
            Column::new("Account"),
            Column::new("Permission set"),
            Column::new("Through"),
            Column::new("Since").wide_only(),
            Column::new("Ends"),
            Column::new("Policy status"),
            Column::new("Action").unlabelled(),
        ];
        let lines = rows
            .into_iter()
            .map(|row| line(row, user, directory, removes, now))
            .collect_view();
        let (href, words, only) = (base.to_owned(), query.words.clone(), query.only.clone());
        view! {
            <Table caption="Every path to every account" columns id="paths" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "paths", move |page| list_href(&href, &words, only.as_deref(), page))}
        }
        .into_any()
    };
    view! { <Section title="Access" actions=search>{narrow} {body}</Section> }.into_any()
}

fn text(row: &PathRow) -> String {
    let group = row.group.as_ref().map_or("", |(_, name)| name.as_str());
    format!(
        "{} {} {} {group}",
        row.account.name, row.account.id, row.set.name
    )
}

fn line(row: PathRow, user: &UserRef, directory: bool, removes: bool, now: Timestamp) -> AnyView {
    let (name, user) = (&user.name, &user.id);
    let PathRow {
        account,
        set,
        group,
        since,
        ends,
        hits,
        refused,
    } = row;
    let direct = group.is_none();
    let change_form = match &group {
        None => ChangeForm::remove(&Assignment {
            pair: Pair {
                account: account.id.clone(),
                set: set.arn.clone(),
            },
            principal: Principal::User(user.clone()),
        }),
        Some((id, _)) => ChangeForm::leave(id, user),
    };
    let object = match &group {
        None => format!("{} in {} from {}", set.name, account.name, name),
        Some((_, group)) => format!("{group}: {name}"),
    };
    let through = match group {
        None => view! { "assigned directly" }.into_any(),
        Some((id, name)) if directory => {
            view! { <a href=format!("/groups/{id}")>{name}</a> }.into_any()
        }
        Some((_, name)) => name.into_any(),
    };
    let ends = match ends {
        Some(at) => view! { <Time at now /> }.into_any(),
        None => view! { <span class="text-muted">"Never"</span> }.into_any(),
    };
    let label = if direct {
        "Remove"
    } else {
        "Remove from group"
    };
    view! {
        <tr>
            <th scope="row"><AccountLink account /></th>
            <td data-label="Permission set"><SetLink set /></td>
            <td data-label="Through">{through}</td>
            <td data-wide><Day at=since /></td>
            <td data-label="Ends">{ends}</td>
            <td data-label="Policy status" data-reason-cell><Hits hits /></td>
            <td data-numeric>{removes.then(|| view! { <RowAction label object href=change_form.href() refused /> })}</td>
        </tr>
    }
    .into_any()
}
