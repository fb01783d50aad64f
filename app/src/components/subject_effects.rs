//! What a change changes besides access: each property of each subject, before and after. Knows no kind of subject.

use leptos::prelude::*;

use super::{AccountLink, Column, Day, Narrow, PersonLink, Table};
use crate::backend::{PropertyRow, PropertyView, SubjectEffectRow, SubjectRef};

/// The number of subjects that are named at once.
const SUBJECTS: usize = 6;

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
    let lines = alike(rows).into_iter().map(lines).collect_view();
    view! {
        <div data-properties><Table caption="What changes" columns narrow=Narrow::Cards>{lines}</Table></div>
        {match pager {
            Some(pager) => Some(pager),
            None => (left_out > 0).then(|| view! { <p data-body class="text-muted">{format!("and {left_out} more")}</p> }.into_any()),
        }}
    }
    .into_any()
}

/// Subjects that change alike.
struct Alike {
    subjects: Vec<SubjectRef>,
    properties: Vec<PropertyRow>,
}

/// Returns the rows with equal changes as one, in their order.
fn alike(rows: Vec<SubjectEffectRow>) -> Vec<Alike> {
    let mut all: Vec<Alike> = Vec::new();
    for row in rows {
        // At most one page of rows, so that a search costs little.
        match all.iter_mut().find(|one| one.properties == row.properties) {
            Some(one) => one.subjects.push(row.subject),
            None => all.push(Alike {
                subjects: vec![row.subject],
                properties: row.properties,
            }),
        }
    }
    all
}

fn lines(alike: Alike) -> AnyView {
    let Alike {
        subjects,
        properties,
    } = alike;
    let span = properties.len().max(1).to_string();
    let mut subjects = Some(subjects);
    properties
        .into_iter()
        .map(|property| {
            let head = subjects.take().map(|subjects| {
                view! { <th scope="rowgroup" rowspan=span.clone()>{all_named(subjects)}</th> }
            });
            line(head, property)
        })
        .collect_view()
        .into_any()
}

/// Renders subjects, with their number if there are several.
fn all_named(subjects: Vec<SubjectRef>) -> AnyView {
    let count = subjects.len();
    let are_accounts = subjects
        .iter()
        .all(|one| matches!(one, SubjectRef::Account(_)));
    let noun = if are_accounts { "accounts" } else { "subjects" };
    let names = subjects
        .into_iter()
        .map(|one| view! { <div>{named(one)}</div> });
    let names = names.collect_view();
    let words = format!("{count} {noun} alike");
    match count {
        1 => view! { {names} }.into_any(),
        count if count <= SUBJECTS => view! { <p>{words}</p> {names} }.into_any(),
        _ => view! {
            <details data-fold><summary>{words}</summary>{names}</details>
        }
        .into_any(),
    }
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
