//! The people behind an assignment of a group: their names in one line, which unfolds to each of them. Never says that these are
//! all as long as a filter, a page or a missing read leaves some out.

use domain::snapshot::Figure;
use leptos::prelude::*;

use super::Offers;
use crate::{
    backend::{AccessHolder, AccessRow, PersonAccessRow, PrincipalRef},
    components::{Hits, PersonLink, held, principal_name},
    lists::access::{end_of_access, removal},
    pages::Proposing,
};

/// The number of people who are all named, and that of those who are named of more.
const ALL: usize = 3;
const NAMED: usize = 2;
/// The number of letters of a name in the line.
const LETTERS: usize = 40;

/// Renders the people. What is assigned to a person directly has nobody behind it.
pub(super) fn people(
    assignment: &AccessRow,
    paths: &[PersonAccessRow],
    offers: Offers,
) -> Option<AnyView> {
    let first = paths.first()?;
    first.group.as_ref()?;
    if let AccessHolder::Nobody(principal) = &first.holder {
        return Some(view! { <p class="text-muted">{nobody(principal)}</p> }.into_any());
    }
    let lines = paths
        .iter()
        .map(|path| person(assignment, path, offers))
        .collect_view();
    let list = view! { <ul data-people>{lines}</ul> }.into_any();
    let others = others(assignment.people, paths.len());
    let others = others.map(|words| view! { <span class="text-muted">{words}</span> });
    if paths.len() == 1 {
        return Some(view! { {list} {others} }.into_any());
    }
    let group = principal_name(&assignment.principal).to_owned();
    let path = format!("Path: person → {group} → {}", assignment.set.name);
    let folded = view! {
        <details data-fold="before" data-behind>
            <summary>
                <span class="sr-only">{format!("Members of {group}: ")}</span>
                <span>{names(paths)}</span>
                {others}
            </summary>
            <div data-members>
                <p data-path>{path}</p>
                {list}
            </div>
        </details>
    };
    Some(folded.into_any())
}

/// Returns why nobody is named.
fn nobody(principal: &PrincipalRef) -> &'static str {
    match principal {
        PrincipalRef::Group { members, .. } if *members == 0 => {
            "No members now. Future members get this access."
        }
        _ => "Its members are not known.",
    }
}

/// Returns how many of the members are listed, unless all are.
fn others(members: Figure, listed: usize) -> Option<String> {
    match members {
        Figure::Known(all) if all > listed => Some(format!("{listed} of {all} members listed")),
        Figure::Known(_) => None,
        Figure::NotKnown => Some("not all members are known".to_owned()),
    }
}

/// Renders the first names, and the number of the others.
fn names(paths: &[PersonAccessRow]) -> AnyView {
    let shown = if paths.len() <= ALL {
        paths.len()
    } else {
        NAMED
    };
    let more = paths.len() - shown;
    let names = paths
        .iter()
        .take(shown)
        .enumerate()
        .map(|(at, path)| {
            let is_last = at + 1 == shown && more == 0;
            let between = (at > 0).then_some(if is_last { " and " } else { ", " });
            view! { {between} <bdi>{short(path.holder.name())}</bdi> }
        })
        .collect_view();
    let more = (more > 0).then(|| format!(" and {more} more"));
    view! { {names} {more} }.into_any()
}

/// Returns a name, cut off if it is long.
fn short(name: &str) -> String {
    let shown: String = name.chars().take(LETTERS).collect();
    if shown.len() < name.len() {
        format!("{shown}…")
    } else {
        shown
    }
}

/// Renders one person with what is another for them than for the assignment, and what ends their path.
fn person(assignment: &AccessRow, path: &PersonAccessRow, offers: Offers) -> AnyView {
    let AccessHolder::Person(user) = path.holder.clone() else {
        return ().into_any();
    };
    let differs = (assignment.ends, assignment.review_on) != (path.ends, path.review_on);
    let ends = differs.then(|| end_of_access(path.ends, path.review_on, offers.now));
    let found = (held(&assignment.hits) != held(&path.hits))
        .then(|| view! { <Hits hits=path.hits.clone() /> });
    // What keeps all members is said once.
    let is_offered = offers.proposing == Proposing::Offered && assignment.members_fixed.is_none();
    let removal = is_offered.then(|| removal(path));
    view! {
        <li>
            <span><PersonLink user /> {ends}</span>
            <span>{found}</span>
            <span>{removal}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_are_not_listed_are_counted_and_none_is_denied() {
        assert_eq!(others(Figure::Known(3), 3), None);
        let some = others(Figure::Known(5), 2);
        assert_eq!(some.as_deref(), Some("2 of 5 members listed"));
        let unread = others(Figure::NotKnown, 2);
        assert_eq!(unread.as_deref(), Some("not all members are known"));
    }

    #[test]
    fn a_long_name_is_cut_off_in_the_line() {
        let shown = short(&"م".repeat(300));
        assert!(shown.chars().count() < 50 && shown.ends_with('…'));
        assert_eq!(short("Ann"), "Ann");
    }
}
