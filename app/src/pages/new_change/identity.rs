//! The forms of a change about an identity: the identity is fixed, and for a link and the withdrawal of a refusal the user is chosen.

use leptos::prelude::*;

use super::{
    FormPage, Place,
    assignment::after_gain,
    selection::{Field, pick},
};
use crate::{
    backend::{NewChange, change_field},
    components::{ButtonKind, Definition, DefinitionList},
};

/// The list of identities.
const FROM: (&str, &str) = ("/identities", "Identities");

pub(super) const LINK: FormPage = FormPage {
    title: "Link an identity",
    place: Place::Own {
        from: FROM,
        meaning: "Anyone who signs in as this identity acts as the chosen Identity Center user. Two other people must agree, and the holder of the user is not one of them.",
    },
    button: ButtonKind::Primary,
    drawn: &[change_field::SET],
    choose: choose_user,
    // It can give or take access, which lasts as long as what it comes from.
    session: after_gain,
};

pub(super) const UNLINK: FormPage = FormPage {
    title: "End the link of an identity",
    place: Place::Own {
        from: FROM,
        meaning: "The identity keeps its sign-ins and can only read. It stays without a user until another change links it: no crawl and no sign-in does.",
    },
    button: ButtonKind::Danger,
    drawn: &[],
    choose: named,
    // It can give or take access, which lasts as long as what it comes from.
    session: after_gain,
};

pub(super) const REFUSE_CLAIM: FormPage = FormPage {
    title: "Refuse a claim",
    place: Place::Own {
        from: FROM,
        meaning: "The sign-in and the user it claims count as two people from then on. No crawl and no sign-in makes the same claim again.",
    },
    button: ButtonKind::Danger,
    drawn: &[],
    choose: named,
    // It can give or take access, which lasts as long as what it comes from.
    session: after_gain,
};

pub(super) const WITHDRAW_REFUSAL: FormPage = FormPage {
    title: "Withdraw the refusal of a claim",
    place: Place::Own {
        from: FROM,
        meaning: "The sign-in may claim the user again, or be linked to it by its keys, when its person signs in next. Other refusals stay.",
    },
    button: ButtonKind::Primary,
    drawn: &[change_field::SET],
    choose: choose_refused,
    // It can give or take access, which lasts as long as what it comes from.
    session: after_gain,
};

fn named(new: &NewChange) -> AnyView {
    let identity = new.choices.who.first();
    let identity = identity.map_or_else(|| "Not known".to_owned(), |one| one.label.clone());
    view! {
        <DefinitionList><Definition term="Identity">{identity}</Definition></DefinitionList>
    }
    .into_any()
}

fn choose_user(new: &NewChange) -> AnyView {
    choose(new, "Identity Center user")
}

fn choose_refused(new: &NewChange) -> AnyView {
    choose(new, "Refused user")
}

fn choose(new: &NewChange, label: &'static str) -> AnyView {
    let user = pick(
        new,
        Field {
            name: change_field::SET,
            label,
            offered: &new.choices.sets,
            chosen: &new.change_form.set,
            blocked: None,
        },
    );
    view! { {named(new)} {user} }.into_any()
}
