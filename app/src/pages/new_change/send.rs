//! The foot of the form, which stays in view: the verdict in one line, and the button that submits what the preview shows.

use domain::verdict::Outcome;
use leptos::prelude::*;

use super::{FormPage, duration::chosen_term};
use crate::{
    backend::{ChangeForm, ChangeKind, NewChange, Preview, change_field, gains_and_losses},
    components::{BLOCKED, Button, RECORD, submit_button, submit_foot},
};

/// Renders the foot. Replaced together with the preview.
pub(super) fn send(page: &FormPage, new: &NewChange) -> AnyView {
    let Some(preview) = &new.preview else {
        let reason = if new.errors.is_empty() {
            let form = ChangeForm {
                term: chosen_term(new).to_owned(),
                ..new.change_form.clone()
            };
            choose_first(&missing(page.drawn, &form))
        } else {
            "Correct the selection first.".to_owned()
        };
        let gives = new.change_form.known_kind().is_some_and(ChangeKind::gives);
        let (kind, verb) = if gives {
            submit_button(Outcome::NeedsApproval, page.button, page.title)
        } else {
            (page.button, page.title)
        };
        return view! {
            <div id="send" data-foot data-foot-empty><Button kind disabled_reason=reason>{verb}</Button></div>
        }
        .into_any();
    };
    let outcome = preview.verdict.outcome;
    let (kind, verb) = submit_button(outcome, page.button, page.title);
    let concerned = preview.gainers.rows + preview.losers.rows > 0;
    if outcome == Outcome::Refused {
        return blocked_foot(
            preview,
            &new.form_key,
            view! { <Button kind>{verb}</Button> }.into_any(),
        );
    }
    let about = if concerned {
        format!("{}.", gains_and_losses(preview.gainers, preview.losers))
    } else {
        String::new()
    };
    let about = view! {
        <p data-hint>{about} " " <a href=format!("#{}", change_field::JUSTIFICATION) data-missing>"The justification is missing."</a></p>
    };
    let button = view! { <Button kind>{verb}</Button> };
    submit_foot(preview, &new.form_key, about.into_any(), button.into_any())
}

/// Renders the foot of a blocked request. A link shows the fields of the reason, which nobody reads unless it is recorded; the button
/// stands in its place as soon as they are shown.
fn blocked_foot(preview: &Preview, form_key: &str, button: AnyView) -> AnyView {
    let about = view! { <p data-hint>{BLOCKED}</p> }.into_any();
    let href = format!("#{}", change_field::JUSTIFICATION);
    let button = view! {
        <a href=href data-kind="secondary" data-anyway><span>{RECORD}</span></a>
        {button}
    };
    submit_foot(preview, form_key, about, button.into_any())
}

/// Returns what is still to be chosen, in the order of the form.
fn missing(drawn: &[&str], form: &ChangeForm) -> Vec<&'static str> {
    let asked_for = [
        (
            change_field::WHO,
            &form.who,
            if form.is_membership() {
                "a user"
            } else {
                "a user or group"
            },
        ),
        (change_field::ACCOUNT, &form.account, "an account"),
        (
            change_field::SET,
            &form.set,
            if form.is_membership() {
                "a group"
            } else if form.is_identity() {
                "a user"
            } else {
                "a permission set"
            },
        ),
        (change_field::TERM, &form.term, "a duration"),
    ];
    let missing = asked_for
        .into_iter()
        .filter(|(name, value, _)| drawn.contains(name) && value.trim().is_empty());
    missing.map(|(_, _, words)| words).collect()
}

/// Returns why nothing can be submitted yet.
fn choose_first(missing: &[&str]) -> String {
    match missing.split_last() {
        None => "Fill in the form first.".to_owned(),
        Some((only, [])) => format!("Choose {only} first."),
        Some((last, rest)) => format!("Choose {} and {last} first.", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_that_cannot_be_pressed_says_what_is_still_to_be_chosen() {
        let mut form = ChangeForm {
            who: "user:1".into(),
            kind: "grant".into(),
            ..ChangeForm::default()
        };
        let drawn = super::super::assignment::GRANT.drawn;
        let said = |form: &ChangeForm| choose_first(&missing(drawn, form));
        assert_eq!(
            said(&form),
            "Choose an account, a permission set and a duration first."
        );
        form.term = "60".into();
        assert_eq!(said(&form), "Choose an account and a permission set first.");
        form.account = "111122223333".into();
        assert_eq!(said(&form), "Choose a permission set first.");
        form.set = "ps-1".into();
        assert_eq!(said(&form), "Fill in the form first.");
        let join = ChangeForm {
            kind: "join".into(),
            ..ChangeForm::default()
        };
        let drawn = super::super::membership::JOIN.drawn;
        assert_eq!(missing(drawn, &join), ["a user", "a group"]);
    }
}
