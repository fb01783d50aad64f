//! A permission set as it stands everywhere: link, name, and what it could be abused for.

use leptos::prelude::*;

use super::{RiskList, directory_link};
use crate::backend::SetRef;

/// Link, and its risks in words under it.
#[component]
pub fn SetLink(
    /// Which.
    set: SetRef,
) -> impl IntoView {
    let href = format!("/permission-sets/{}", set.key());
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(href, set.name)}
            <RiskList risks=set.risks />
        </span>
    }
    .into_any()
}
