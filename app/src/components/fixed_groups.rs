//! Says once which groups nobody can be removed from here, and why, instead of in every row.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{Glyph, Icon, directory_link};
use crate::backend::Refused;

/// Renders the groups, by id and name, whose members cannot be removed by Leastwise, one line for each kind of reason;
/// nothing if there are none.
pub fn fixed_groups<'r>(
    found: impl Iterator<Item = (&'r str, &'r str, &'r Refused)>,
) -> Option<AnyView> {
    let mut kinds: BTreeMap<&str, BTreeMap<&str, (&str, &Refused)>> = BTreeMap::new();
    for (id, name, refused) in found {
        let groups = kinds.entry(&refused.title).or_default();
        groups.insert(name, (id, refused));
    }
    let lines = kinds.into_iter().map(|(title, groups)| {
        // The reason of one group names it.
        let why = match groups.values().next() {
            Some((_, refused)) if groups.len() == 1 => refused.reason.clone(),
            _ => format!("{title}."),
        };
        let links = groups
            .into_iter()
            .enumerate()
            .map(|(at, (name, (id, _)))| {
                let link = directory_link(format!("/groups/{id}"), name.to_owned());
                view! { {(at > 0).then_some(", ")} {link} }
            })
            .collect_view();
        view! {
            <p data-fixed><Icon glyph=Glyph::Info /> <span>"Nobody can be removed here from " {links} ". " {why}</span></p>
        }
    });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| lines.into_any())
}
