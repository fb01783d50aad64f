//! What a change changes besides access: each property of each subject, before and after. Knows no kind of subject.

use leptos::prelude::*;

use super::{AccountLink, Day, PersonLink};
use crate::backend::{PropertyRow, PropertyView, SubjectEffectRow, SubjectRef};

/// The number of subjects that are named at once.
const SUBJECTS: usize = 6;

/// The properties below what they are of. The subjects that are left out are counted, unless `pager` leads to them.
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
    let changes = alike(rows).into_iter().map(change).collect_view();
    view! {
        <ul data-plain data-properties>{changes}</ul>
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

fn change(alike: Alike) -> AnyView {
    let Alike {
        subjects,
        properties,
    } = alike;
    let properties = properties.into_iter().map(property).collect_view();
    view! {
        <li>
            <div data-subjects>{all_named(subjects)}</div>
            <dl>{properties}</dl>
        </li>
    }
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

fn property(row: PropertyRow) -> AnyView {
    let PropertyRow {
        name,
        before,
        after,
    } = row;
    view! {
        <div>
            <dt>{name}</dt>
            <dd>
                <span class="text-muted">{value(before)}</span>
                <span class="sr-only">" becomes "</span>
                <span data-after>{value(after)}</span>
            </dd>
        </div>
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
