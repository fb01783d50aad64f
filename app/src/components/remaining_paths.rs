//! The paths by which people still reach the accounts of a removal. Displays them and never finds them.

use leptos::prelude::*;

use crate::backend::{RemainingPath, RemainingPaths};

/// Empty if no path remains.
#[component]
pub fn RemainingPathList(remaining: RemainingPaths) -> impl IntoView {
    let RemainingPaths { paths, more } = remaining;
    if paths.is_empty() {
        return ().into_any();
    }
    let paths = paths
        .into_iter()
        .map(|path| view! { <li>{words(&path)}</li> })
        .collect_view();
    let more = (more > 0).then(|| view! { <li>{format!("and {more} more")}</li> });
    view! { <ul data-plain class="text-muted text-xs">{paths} {more}</ul> }.into_any()
}

fn words(path: &RemainingPath) -> String {
    let RemainingPath {
        user,
        account,
        set,
        via,
    } = path;
    format!(
        "{} still reaches {} with {} {via}",
        user.name, account.name, set.name
    )
}
