//! Filters the rows of a table while typing. The input belongs to a GET form, so Enter, the URL and a browser without
//! JavaScript search on the server. Must not be used for a paginated list: filtering a single page would be misleading.

use leptos::prelude::*;

use super::all;

/// A search box that hides the rows that do not contain every word entered.
#[island]
pub fn RowFilter(
    /// The `id` of the table.
    table: String,
    name: String,
    /// The current search.
    value: String,
    /// The accessible name and placeholder, such as "Filter accounts".
    label: String,
) -> impl IntoView {
    let (shown, set_shown) = signal(String::new());
    let narrow = move |event: leptos::ev::Event| {
        let words = event_target_value(&event).to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let rows = all(&format!("#{table} > tbody > tr"));
        let mut left = 0_u32;
        for row in &rows {
            let text = row.text_content().unwrap_or_default().to_lowercase();
            let keep = words.iter().all(|word| text.contains(word));
            row.set_hidden(!keep);
            left += u32::from(keep);
        }
        set_shown.set(format!("{left} of {}", rows.len()));
    };
    view! {
        <span data-search>
            <input type="search" name=name value=value placeholder=label.clone() aria-label=label autocomplete="off" on:input=narrow />
            <span role="status">{shown}</span>
        </span>
    }
}
