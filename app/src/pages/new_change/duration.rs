//! How long access lasts, as chips and free entry, and when it begins.

use leptos::prelude::*;

use super::selection::{error_of, own_only};
use crate::{
    backend::{FormOption, NewChange, OTHER, STANDING, change_field},
    components::{Glyph, Icon, Requirement, TextField},
};

/// The duration that is chosen already for somebody who requests access for themselves, in minutes.
const PROPOSED: &str = "60";

/// Renders the duration.
pub(super) fn duration(new: &NewChange) -> AnyView {
    let form = &new.change_form;
    let chosen = match form.term.as_str() {
        "" if own_only(new) => PROPOSED,
        term => term,
    };
    let is_offered = new.choices.terms.iter().any(|term| term.value == chosen);
    let is_other = !chosen.is_empty() && !is_offered;
    let typed = if form.term == OTHER {
        form.length.clone()
    } else if is_other {
        format!("{chosen} min")
    } else {
        form.length.clone()
    };
    let other = FormOption {
        value: OTHER.to_owned(),
        label: "Other".to_owned(),
    };
    // What is chosen most comes first, and what lasts longest comes last.
    let (standing, mut chips): (Vec<FormOption>, Vec<FormOption>) = new
        .choices
        .terms
        .iter()
        .cloned()
        .partition(|term| term.value == STANDING);
    chips.push(other);
    chips.extend(standing);
    let chips = chips
        .into_iter()
        .map(|chip| {
            let checked = chip.value == chosen || (chip.value == OTHER && is_other);
            view! {
                <label>
                    <input type="radio" name=change_field::TERM value=chip.value checked=checked />
                    <span>{chip.label}</span>
                </label>
            }
        })
        .collect_view();
    let error = error_of(new, change_field::TERM);
    let described = (!error.is_empty()).then_some("term-error");
    let error = (!error.is_empty()).then(|| {
        view! { <p id="term-error" data-error><Icon glyph=Glyph::Warning /> <span>{error}</span></p> }
    });
    view! {
        <fieldset id=change_field::TERM data-radios data-term aria-describedby=described>
            <legend>"How long"</legend>
            <div>{chips}</div>
            {error}
            <div data-if-other>
                <TextField
                    name=change_field::LENGTH
                    label="Duration"
                    value=typed
                    hint="Such as 90 min or 1 h 30 min, from 15 minutes to 12 hours."
                    error=error_of(new, change_field::LENGTH)
                    need=Requirement::If("if Other is chosen")
                />
            </div>
        </fieldset>
    }
    .into_any()
}

/// Renders the optional time at which the access begins.
pub(super) fn start(new: &NewChange) -> AnyView {
    let (value, error) = (
        new.change_form.start.clone(),
        error_of(new, change_field::START),
    );
    let open = !value.is_empty() || !error.is_empty();
    view! {
        <details data-fold data-optional open=open>
            <summary>"Start later"</summary>
            <TextField
                name=change_field::START
                label="Start, in UTC"
                kind="datetime-local"
                value
                hint="Empty: as soon as it is approved. The policies are applied again at the start."
                error
                need=Requirement::Optional
            />
        </details>
    }
    .into_any()
}
