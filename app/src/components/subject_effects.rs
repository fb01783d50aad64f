//! What a change changes besides access: each property of each subject, before and after. Knows no kind of subject.

use leptos::prelude::*;

use super::{AccountLink, Column, Day, Narrow, PersonLink, Table};
use crate::backend::{PropertyRow, PropertyView, SubjectEffectRow, SubjectRef};

/// The table of properties. The subjects that are left out are counted, unless `pager` leads to them.
#[component]
pub fn SubjectEffects(
    /// The subjects on this page.
    rows: Vec<SubjectEffectRow>,
    /// The number of all subjects.
    total: usize,
    /// Links to the other pages.
    #[prop(optional)]
    pager: Option<AnyView>,
) -> impl IntoView {
    let left_out = total.saturating_sub(rows.len());
    let columns = vec![
        Column::new("Subject"),
        Column::new("Property"),
        Column::new("Before"),
        Column::new("After"),
    ];
    let lines = rows.into_iter().map(lines).collect_view();
    view! {
        <Table caption="What changes" columns narrow=Narrow::Cards>{lines}</Table>
        {match pager {
            Some(pager) => Some(pager),
            None => (left_out > 0).then(|| view! { <p data-body class="text-muted">{format!("and {left_out} more")}</p> }.into_any()),
        }}
    }
    .into_any()
}

fn lines(row: SubjectEffectRow) -> AnyView {
    let SubjectEffectRow {
        subject,
        properties,
    } = row;
    let span = properties.len().max(1).to_string();
    let mut subject = Some(subject);
    properties
        .into_iter()
        .map(|property| {
            let head = subject.take().map(|subject| {
                view! { <th scope="rowgroup" rowspan=span.clone()>{named(subject)}</th> }
            });
            line(head, property)
        })
        .collect_view()
        .into_any()
}

fn line(head: Option<impl IntoView + 'static>, property: PropertyRow) -> AnyView {
    let PropertyRow {
        name,
        before,
        after,
    } = property;
    view! {
        <tr>
            {head}
            <td data-property data-label="Property">{name}</td>
            <td class="text-muted" data-label="Before">{value(before)}</td>
            <td data-label="After">{value(after)}</td>
        </tr>
    }
    .into_any()
}

fn named(subject: SubjectRef) -> AnyView {
    match subject {
        SubjectRef::Account(account) => view! { <AccountLink account /> }.into_any(),
        SubjectRef::User(user) => view! { <PersonLink user /> }.into_any(),
        SubjectRef::Text(text) => text.into_any(),
    }
}

fn value(value: Option<PropertyView>) -> AnyView {
    match value {
        None => view! { <span class="text-muted">"none"</span> }.into_any(),
        Some(PropertyView::Text(text)) => {
            view! { <span class="break-words">{text}</span> }.into_any()
        }
        Some(PropertyView::User(user)) => view! { <PersonLink user /> }.into_any(),
        Some(PropertyView::Time(at)) => view! { <Day at /> }.into_any(),
    }
}
