//! Filter-as-you-type over the rows of a table that is wholly on the page. The box belongs to the page's
//! own GET form, so that Enter, the URL and a browser without script all ask the server instead. Not for a
//! paged list: a filter that sees only one page would lie.

use leptos::prelude::*;

use super::all;

/// A search box that hides the rows that do not hold every word typed into it.
#[island]
pub fn RowFilter(
    /// The `id` of the table.
    table: String,
    /// Sent with the form.
    name: String,
    /// What was asked for already.
    value: String,
    /// The box's accessible name and its placeholder, such as "Filter accounts".
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
