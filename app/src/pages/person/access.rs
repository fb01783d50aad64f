//! Every path of a person to accounts, as a table: by group and permission set, with the accounts that it leads to. A group is one
//! membership, so what ends it stands once, in the head of the group. What is the same for every path is said once and has no
//! column.

mod actions;

use std::collections::BTreeMap;

use domain::{
    ids::{GroupId, PermissionSetArn},
    permission_set::analysis::labels::counted,
    snapshot::Knowledge,
    time::Timestamp,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{ChangeForm, HitView, ListQuery, PathRow, UserRef},
    components::{
        AccountLink, CapabilityList, Column, Day, Empty, EmptyFiltered, Glyph, Hits, Icon, Narrow,
        NotKnown, RowAction, Section, SeverityWord, Table, Time, chips, directory_link, list_href,
        pages,
    },
    pages::{Part, Proposing, filters::chips_of, search_box},
};

/// The filters of the paths.
pub(super) const FILTERS: [(&str, &str); 5] = [
    ("", "All"),
    ("production-pci", "Production PCI"),
    (STANDING, "Standing"),
    ("findings", "Policy violations"),
    ("unapproved", "Approval missing"),
];

/// The filter of access without an end.
const STANDING: &str = "standing";

/// What is said of paths that all have no end.
const ALL_STANDING: &str = "all standing";

/// Where and for whom the paths are shown.
pub(super) struct Context<'c> {
    pub base: &'c str,
    pub user: &'c UserRef,
    pub query: &'c ListQuery,
    pub proposing: Proposing,
    pub now: Timestamp,
}

/// The columns whose values differ between rows.
struct Differing {
    since: bool,
    ends: bool,
}

impl Differing {
    fn of(paths: &[PathRow]) -> Self {
        let mut days = paths.iter().map(day);
        let first = days.next();
        Self {
            since: days.any(|day| Some(day) != first),
            ends: paths.iter().any(|path| path.ends.is_some()),
        }
    }

    /// Whether two paths of one permission set are told by one row: nothing that has a column differs, and what can be done is
    /// the same. A direct assignment is removed on its own.
    fn are_alike(&self, one: &PathRow, next: &PathRow) -> bool {
        one.hits == next.hits
            && one.ends == next.ends
            && one.adoption.is_some() == next.adoption.is_some()
            && one.group.is_some()
            && (!self.since || day(one) == day(next))
    }
}

/// Renders the paths that the query keeps.
pub(super) fn section(mut paths: Vec<PathRow>, known: Knowledge, context: &Context<'_>) -> AnyView {
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
    let Context { base, query, .. } = *context;
    let differing = Differing::of(&paths);
    // A path that was not read may differ.
    let constant = match known {
        Knowledge::Read => constants(&paths, &differing),
        Knowledge::NeverRead => String::new(),
    };
    let groups = PathGroups::of(&paths);
    retain(&mut paths, query);
    groups.order(&mut paths);
    let Part { rows, place } = Part::of(paths, query, text);
    let search = search_box(base, query, "Search assignments");
    let mut filters = chips_of(&FILTERS);
    // Where all access is standing, the filter for it leaves nothing out.
    if constant.contains(ALL_STANDING) && query.only.as_deref() != Some(STANDING) {
        filters.retain(|filter| filter.only != STANDING);
    }
    let narrow = chips(base, query, filters);
    let body = if rows.is_empty() {
        view! { <EmptyFiltered noun="assignments" clear_href=base.to_owned() /> }.into_any()
    } else {
        let mut columns = vec![Column::new("Permission set"), Column::new("Accounts")];
        columns.extend(
            differing
                .since
                .then(|| Column::new("First seen").wide_only()),
        );
        columns.extend(differing.ends.then(|| Column::new("Ends")));
        columns.push(Column::new("Policy status"));
        let width = columns.len();
        let lines = lines(&rows, (&groups, width), &differing, context);
        let (href, words, only) = (base.to_owned(), query.words.clone(), query.only.clone());
        view! {
            <Table caption="Every assignment, by group and permission set" columns id="paths" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "assignments", move |page| list_href(&href, &words, only.as_deref(), page))}
        }
        .into_any()
    };
    view! { <Section title="Access" detail=constant actions=search>{narrow} {body}</Section> }
        .into_any()
}

/// Returns what all paths have in common.
fn constants(paths: &[PathRow], differing: &Differing) -> String {
    let standing = (!differing.ends).then(|| ALL_STANDING.to_owned());
    let first = paths.first().filter(|_| !differing.since);
    let since = first.map(|path| format!("first seen {}", day(path)));
    standing
        .into_iter()
        .chain(since)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns the day on which a path was first seen, as `YYYY-MM-DD`.
fn day(path: &PathRow) -> String {
    path.since.minute().chars().take(10).collect()
}

/// What a path leads through: a group, or nothing if the person is assigned directly.
fn through(path: &PathRow) -> Option<&GroupId> {
    path.group.as_ref().map(|(id, _)| id)
}

/// How many paths lead through one group, and how many of them to production PCI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct GroupReach {
    paths: usize,
    production_pci: usize,
}

/// The groups and permission sets of all paths of a person, whatever a filter leaves out: their order, and how far each group
/// reaches. The first path of each gives its place.
#[derive(Debug, Default)]
struct PathGroups {
    groups: BTreeMap<Option<GroupId>, (usize, GroupReach)>,
    sets: BTreeMap<(Option<GroupId>, PermissionSetArn), usize>,
}

impl PathGroups {
    fn of(paths: &[PathRow]) -> Self {
        let mut found = Self::default();
        for (place, path) in paths.iter().enumerate() {
            let group = through(path).cloned();
            let set = (group.clone(), path.set.arn.clone());
            found.sets.entry(set).or_insert(place);
            let (_, reach) = found
                .groups
                .entry(group)
                .or_insert((place, GroupReach::default()));
            reach.paths += 1;
            reach.production_pci += usize::from(path.account.class.counts_as_production_pci());
        }
        found
    }

    /// Puts the paths of one group, and of one permission set of it, one after the other.
    fn order(&self, paths: &mut [PathRow]) {
        paths.sort_by_cached_key(|path| {
            let group = through(path).cloned();
            let of_group = self.groups.get(&group).map(|(place, _)| *place);
            let of_set = self.sets.get(&(group, path.set.arn.clone())).copied();
            (of_group, of_set)
        });
    }

    fn reach(&self, group: Option<&GroupId>) -> GroupReach {
        let found = self.groups.get(&group.cloned());
        found.map(|(_, reach)| *reach).unwrap_or_default()
    }
}

/// Returns how far a group reaches, of which `shown` paths are listed.
fn reach_words(reach: GroupReach, shown: usize) -> String {
    let GroupReach {
        paths,
        production_pci,
    } = reach;
    let assignments = counted(paths, "assignment");
    if shown < paths {
        return format!("{shown} of {assignments}");
    }
    match production_pci {
        0 => format!("{assignments}, none in production PCI"),
        all if all == paths => format!("{assignments}, in production PCI"),
        some => format!("{assignments}, {some} in production PCI"),
    }
}

/// Keeps the paths of the filter.
fn retain(paths: &mut Vec<PathRow>, query: &ListQuery) {
    let worst = |path: &PathRow| HitView::strictest(&path.hits);
    match query.only.as_deref() {
        Some("production-pci") => {
            paths.retain(|path| path.account.class.counts_as_production_pci());
        }
        Some(STANDING) => paths.retain(|path| path.ends.is_none()),
        Some("findings") => paths.retain(|path| worst(path) == Outcome::Refused),
        Some("unapproved") => paths.retain(|path| worst(path) == Outcome::NeedsApproval),
        _ => {}
    }
}

fn text(row: &PathRow) -> String {
    let group = row.group.as_ref().map_or("", |(_, name)| name.as_str());
    format!(
        "{} {} {} {group}",
        row.account.name, row.account.id, row.set.name
    )
}

/// Renders a head for each group, and below it a row for the accounts of one permission set that policies judge alike. The
/// number of all columns comes with the groups.
fn lines(
    rows: &[PathRow],
    (groups, width): (&PathGroups, usize),
    differing: &Differing,
    context: &Context<'_>,
) -> Vec<AnyView> {
    let mut lines = Vec::new();
    for group in rows.chunk_by(|one, next| through(one) == through(next)) {
        lines.push(head(group, (groups, width), context));
        for set in group.chunk_by(|one, next| one.set.arn == next.set.arn) {
            let alike: Vec<&[PathRow]> = set
                .chunk_by(|one, next| differing.are_alike(one, next))
                .collect();
            let mut span = Some(alike.len());
            for paths in alike {
                lines.push(line(paths, span.take(), differing, context));
            }
        }
    }
    lines
}

/// Renders the head of a group: how far the membership reaches, and what ends it.
fn head(
    group: &[PathRow],
    (groups, width): (&PathGroups, usize),
    context: &Context<'_>,
) -> AnyView {
    let Some(first) = group.first() else {
        return ().into_any();
    };
    let UserRef { id: user, name, .. } = context.user;
    let words = reach_words(groups.reach(through(first)), group.len());
    let offered = context.proposing == Proposing::Offered;
    let (of, action) = match &first.group {
        None => (view! { "Assigned directly" }.into_any(), None),
        Some((id, group)) => {
            let link = directory_link(format!("/groups/{id}"), group.clone());
            let of = view! { <Icon glyph=Glyph::Groups label="Through the group" /> {link} };
            let object = format!("{group}: {name}");
            let (href, refused) = (ChangeForm::leave(id, user).href(), first.refused.clone());
            let action = offered.then(|| {
                view! { <RowAction label="Remove from group" object href refused /> }
            });
            (of.into_any(), action)
        }
    };
    view! {
        <tr data-group>
            <th scope="rowgroup" colspan=width.to_string()>
                <span data-group-head>
                    <span data-group-name>{of} " " <span class="text-muted font-normal">{words}</span></span>
                    {action}
                </span>
            </th>
        </tr>
    }
    .into_any()
}

/// Renders the accounts of one permission set that policies judge alike. The first row of a permission set names it, for
/// `span` rows.
fn line(
    paths: &[PathRow],
    span: Option<usize>,
    differing: &Differing,
    context: &Context<'_>,
) -> AnyView {
    let Some(first) = paths.first() else {
        return ().into_any();
    };
    let set = span.map(|span| {
        view! { <th scope="row" rowspan=span.to_string()>{set_cell(first)}</th> }
    });
    let accounts = paths
        .iter()
        .map(|path| view! { <li><AccountLink account=path.account.clone() /></li> })
        .collect_view();
    let since = differing
        .since
        .then(|| view! { <td data-wide><Day at=first.since /></td> });
    let ends = differing.ends.then(|| {
        let at = match first.ends {
            Some(at) => view! { <Time at now=context.now /> }.into_any(),
            None => view! { <span class="text-muted">"Never"</span> }.into_any(),
        };
        view! { <td data-label="Ends">{at}</td> }
    });
    let hits = first.hits.clone();
    view! {
        <tr>
            {set}
            <td data-label="Accounts"><ul data-plain>{accounts}</ul></td>
            {since}
            {ends}
            <td data-label="Policy status" data-reason-cell><Hits hits /> {actions::of_row(paths, context)}</td>
        </tr>
    }
    .into_any()
}

/// Renders the permission set, and below it how bad it is in the wrong hands and what it allows.
fn set_cell(path: &PathRow) -> AnyView {
    let set = &path.set;
    let name = directory_link(format!("/permission-sets/{}", set.key()), set.name.clone());
    let severity = set.capabilities.first().map(|worst| worst.severity());
    let severity = severity.map(|severity| view! { <SeverityWord severity /> });
    let capabilities = set.capabilities.clone();
    view! {
        <span class="block">{name}</span>
        <span data-set-marks>{severity} " " <CapabilityList capabilities /></span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_group_says_how_far_all_of_it_reaches_and_what_a_filter_leaves_out() {
        let of = |paths: usize, production_pci: usize, shown: usize| {
            let reach = GroupReach {
                paths,
                production_pci,
            };
            reach_words(reach, shown)
        };
        assert_eq!(of(16, 7, 16), "16 assignments, 7 in production PCI");
        assert_eq!(of(1, 1, 1), "1 assignment, in production PCI");
        assert_eq!(of(3, 0, 3), "3 assignments, none in production PCI");
        assert_eq!(of(16, 7, 2), "2 of 16 assignments");
    }
}
