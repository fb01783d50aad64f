//! Every path of a person to an account, as a table. What is the same for every row is said once and has no column.

use domain::{
    ids::{Assignment, Pair, Principal},
    snapshot::Knowledge,
    time::Timestamp,
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{ChangeForm, HitView, ListQuery, PathRow, UserRef},
    components::{
        AccountLink, Column, Day, Empty, EmptyFiltered, Glyph, Hits, Icon, Narrow, NotKnown,
        RowAction, Section, SetLink, ShortRowAction, Table, Time, chips, directory_link,
        fixed_groups, list_href, pages,
    },
    pages::{Part, Proposing, filters::chips_of, search_box},
};

/// The filters of the paths.
pub(super) const FILTERS: [(&str, &str); 5] = [
    ("", "All"),
    ("production-pci", "Production PCI"),
    ("standing", "Standing"),
    ("findings", "Policy violations"),
    ("unapproved", "Approval missing"),
];

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
    let fixed = (context.proposing == Proposing::Offered).then(|| fixed(&paths));
    retain(&mut paths, query);
    let Part { rows, place } = Part::of(paths, query, text);
    let search = search_box(base, query, "Filter assignments");
    let narrow = chips(base, query, chips_of(&FILTERS));
    let body = if rows.is_empty() {
        view! { <EmptyFiltered noun="assignments" clear_href=base.to_owned() /> }.into_any()
    } else {
        let mut columns = vec![
            Column::new("Account"),
            Column::new("Permission set and group"),
        ];
        columns.extend(
            differing
                .since
                .then(|| Column::new("First seen").wide_only()),
        );
        columns.extend(differing.ends.then(|| Column::new("Ends")));
        columns.extend([
            Column::new("Policy status"),
            Column::new("Action").unlabelled(),
        ]);
        let lines = rows
            .into_iter()
            .map(|row| line(row, &differing, context))
            .collect_view();
        let (href, words, only) = (base.to_owned(), query.words.clone(), query.only.clone());
        view! {
            <Table caption="Every assignment, account by account" columns id="paths" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "assignments", move |page| list_href(&href, &words, only.as_deref(), page))}
        }
        .into_any()
    };
    view! {
        <Section title="Access" detail=constant actions=search>{fixed} {narrow} {body}</Section>
    }
    .into_any()
}

/// Returns what all paths have in common.
fn constants(paths: &[PathRow], differing: &Differing) -> String {
    let standing = (!differing.ends).then(|| "all standing".to_owned());
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

fn fixed(paths: &[PathRow]) -> Option<AnyView> {
    fixed_groups(paths.iter().filter_map(|path| {
        let (id, name) = path.group.as_ref()?;
        Some((id.as_str(), name.as_str(), path.refused.as_ref()?))
    }))
}

/// Keeps the paths of the filter.
fn retain(paths: &mut Vec<PathRow>, query: &ListQuery) {
    let worst = |path: &PathRow| HitView::strictest(&path.hits);
    match query.only.as_deref() {
        Some("production-pci") => {
            paths.retain(|path| path.account.class.counts_as_production_pci());
        }
        Some("standing") => paths.retain(|path| path.ends.is_none()),
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

fn line(row: PathRow, differing: &Differing, context: &Context<'_>) -> AnyView {
    let Context { proposing, now, .. } = *context;
    let UserRef { id: user, name, .. } = context.user;
    let PathRow {
        account,
        set,
        group,
        since,
        ends,
        hits,
        refused,
        adoption,
    } = row;
    let holder = group.as_ref().map_or(name, |(_, group)| group);
    let approve = adoption.map(|form| {
        let object = format!("of {} in {} for {holder}", set.name, account.name);
        view! { <RowAction label="Request approval" object href=form.href() refused=None /> }
    });
    let (label, change_form, object) = match &group {
        None => (
            "Remove assignment",
            ChangeForm::remove(&Assignment {
                pair: Pair {
                    account: account.id.clone(),
                    set: set.arn.clone(),
                },
                principal: Principal::User(user.clone()),
            }),
            format!("of {} in {} from {name}", set.name, account.name),
        ),
        Some((id, group)) => (
            "Remove from group",
            ChangeForm::leave(id, user),
            format!("{group}: {name}"),
        ),
    };
    let through = match group {
        None => view! { "Assigned directly" }.into_any(),
        Some((id, name)) => view! {
            <span class="inline-flex items-center gap-x-2">
                <Icon glyph=Glyph::Groups label="Through the group" />
                {directory_link(format!("/groups/{id}"), name)}
            </span>
        }
        .into_any(),
    };
    let since = differing
        .since
        .then(|| view! { <td data-wide><Day at=since /></td> });
    let ends = differing.ends.then(|| {
        let at = match ends {
            Some(at) => view! { <Time at now /> }.into_any(),
            None => view! { <span class="text-muted">"Never"</span> }.into_any(),
        };
        view! { <td data-label="Ends">{at}</td> }
    });
    // First what mends what policies find.
    let actions = (proposing == Proposing::Offered).then(|| {
        view! {
            <span data-row-forms>
                {approve} <ShortRowAction label object href=change_form.href() refused />
            </span>
        }
    });
    view! {
        <tr>
            <th scope="row"><AccountLink account /></th>
            <td data-label="Permission set and group">
                <SetLink set />
                <span data-to>{through}</span>
            </td>
            {since}
            {ends}
            <td data-label="Policy status" data-reason-cell><Hits hits /></td>
            <td data-numeric>{actions}</td>
        </tr>
    }
    .into_any()
}
