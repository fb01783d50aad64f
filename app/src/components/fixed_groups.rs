//! Says once which groups nobody can be removed from here, and why, instead of in every row.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{Glyph, Icon, directory_link};
use crate::backend::Refused;

/// Renders the groups, by id and name, whose members cannot be removed by Leastwise; nothing if there are none. The only lasting
/// reason against every change of the members of a group is that an identity provider manages them.
pub fn fixed_groups<'r>(
    found: impl Iterator<Item = (&'r str, &'r str, &'r Refused)>,
) -> Option<AnyView> {
    let groups: BTreeMap<&str, &str> = found.map(|(id, name, _)| (name, id)).collect();
    if groups.is_empty() {
        return None;
    }
    let (these, them) = if groups.len() == 1 {
        ("this group", "it")
    } else {
        ("these groups", "them")
    };
    let links = groups
        .into_iter()
        .enumerate()
        .map(|(at, (name, id))| {
            let link = directory_link(format!("/groups/{id}"), name.to_owned());
            view! { {(at > 0).then_some(", ")} {link} }
        })
        .collect_view();
    Some(
        view! {
            <p data-fixed>
                <Icon glyph=Glyph::Info />
                <span>
                    {format!("Who is in {these} is managed in the identity provider. Remove people from {them} there: ")} {links}
                </span>
            </p>
        }
        .into_any(),
    )
}
