//! A link to a permission set, with its capabilities.

use leptos::prelude::*;

use super::{CapabilityList, directory_link};
use crate::backend::SetRef;

/// The link and the capability badges.
#[component]
pub fn SetLink(set: SetRef) -> impl IntoView {
    let href = format!("/permission-sets/{}", set.key());
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(href, set.name)}
            <CapabilityList capabilities=set.capabilities />
        </span>
    }
    .into_any()
}
