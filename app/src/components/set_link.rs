//! A link to a permission set, with its risks.

use leptos::prelude::*;

use super::{RiskList, directory_link};
use crate::backend::SetRef;

/// The link and the risk badges.
#[component]
pub fn SetLink(set: SetRef) -> impl IntoView {
    let href = format!("/permission-sets/{}", set.key());
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(href, set.name)}
            <RiskList risks=set.risks />
        </span>
    }
    .into_any()
}
