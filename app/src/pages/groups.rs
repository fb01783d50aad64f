//! The groups page.

use leptos::prelude::*;

use crate::{
    backend::Answer,
    routes::{Page, Visit},
};

/// Makes the page.
pub async fn page(_visit: Visit) -> Answer<Page> {
    Ok(Page::new("groups", || {
        view! { <p>"Under construction"</p> }.into_any()
    }))
}
