//! The first form of a change about an identity: the identity is fixed, and the user is chosen.

use leptos::prelude::*;

use super::pick;
use crate::{
    backend::{ChangeKind, NewChange, change_field},
    components::{Button, ButtonKind, Definition, DefinitionList, Section},
};

/// Returns the title of the page.
pub(super) const fn title(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Link => "Link an identity",
        ChangeKind::Unlink => "End the link of an identity",
        ChangeKind::RefuseClaim => "Refuse a claim",
        ChangeKind::Grant | ChangeKind::Remove | ChangeKind::Join | ChangeKind::Leave => {
            "New change"
        }
    }
}

/// Returns what the change means.
pub(super) const fn detail(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Link => {
            "Anyone who signs in as this identity acts as the chosen Identity Center user. Two other people must agree, and the holder of the user is not one of them."
        }
        ChangeKind::Unlink => {
            "The identity keeps its sign-ins and can only read. It stays without a user until another change links it: no crawl and no sign-in does."
        }
        ChangeKind::RefuseClaim => {
            "The sign-in and the user it claims count as two people from then on. No crawl and no sign-in makes the same claim again."
        }
        ChangeKind::Grant | ChangeKind::Remove | ChangeKind::Join | ChangeKind::Leave => "",
    }
}

/// Renders the first form, a GET form. Without a user to choose, the identity alone is shown.
pub(super) fn choose(new: &NewChange, kind: ChangeKind) -> AnyView {
    let form = &new.change_form;
    let identity = new.choices.who.first();
    let identity = identity.map_or_else(|| "Not known".to_owned(), |one| one.label.clone());
    let named = view! {
        <DefinitionList><Definition term="Identity">{identity}</Definition></DefinitionList>
    };
    if kind != ChangeKind::Link {
        return view! { <Section title="Selection"><div id="choose" data-body>{named}</div></Section> }
            .into_any();
    }
    let again = new.preview.is_some();
    let button = if again {
        ButtonKind::Secondary
    } else {
        ButtonKind::Primary
    };
    let (kind, who) = (form.kind.clone(), form.who.clone());
    let user = pick(
        new,
        change_field::SET,
        "Identity Center user",
        &new.choices.sets,
        &form.set,
        None,
    );
    let words = if again {
        "Update the preview"
    } else {
        "Preview"
    };
    view! {
        <Section title="Selection">
            <form id="choose" method="get" action="/changes/new" data-body>
                <input type="hidden" name=change_field::KIND value=kind />
                <input type="hidden" name=change_field::WHO value=who />
                {named}
                {user}
                <Button kind=button>{words}</Button>
            </form>
        </Section>
    }
    .into_any()
}
