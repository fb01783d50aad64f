//! Says once which groups nobody can be removed from here, and why, instead of in every row.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{Glyph, Icon, directory_link};
use crate::backend::Refused;

/// Renders the groups, by id and name, whose members cannot be removed by Leastwise; nothing if there are none.
pub fn fixed_groups<'r>(
    found: impl Iterator<Item = (&'r str, &'r str, &'r Refused)>,
) -> Option<AnyView> {
    let mut why = None;
    let mut groups = BTreeMap::new();
    for (id, name, refused) in found {
        why = Some(refused.reason.clone());
        groups.entry(name).or_insert(id);
    }
    let why = why?;
    let links = groups
        .into_iter()
        .enumerate()
        .map(|(at, (name, id))| {
            let link = directory_link(format!("/groups/{id}"), name.to_owned());
            view! { {(at > 0).then_some(", ")} {link} }
        })
        .collect_view();
    let note = view! {
        <p data-fixed><Icon glyph=Glyph::Info /> <span>"Nobody can be removed here from " {links} ". " {why}</span></p>
    };
    Some(note.into_any())
}
