//! The foot of the form, which stays in view: the verdict in one line, and the button that submits what the preview shows, or
//! why nothing can be submitted yet.

use domain::{classification::Pci, verdict::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{ClassifyForm, DECLARE, END, NewClassification, classify_field},
    components::{BLOCKED, Button, ButtonKind, LinkButton, submit_button, submit_foot},
    lists::accounts::ACCOUNTS,
};

/// Renders the foot.
pub(super) fn send(new: &NewClassification) -> AnyView {
    let (action, verb) = match (new.form.ends(), new.total - new.unchanged) {
        (false, _) => (DECLARE, "Classify"),
        (true, 1) => (END, "End the declaration"),
        (true, _) => (END, "End the declarations"),
    };
    let Some(preview) = &new.preview else {
        let reason = if new.errors.is_empty() {
            preview_first(&missing(&new.form, new.total))
        } else {
            "Correct the marked fields, then preview the change.".to_owned()
        };
        return view! {
            <div id="send" data-foot>
                {cancel()}
                <Button kind=ButtonKind::Primary disabled_reason=reason>{verb}</Button>
            </div>
        }
        .into_any();
    };
    let outcome = preview.verdict.outcome;
    let (kind, label) = submit_button(outcome, ButtonKind::Primary, verb);
    let blocked = (outcome == Outcome::Refused).then(|| view! { <p data-hint>{BLOCKED}</p> });
    let about = view! {
        {blocked}
        <p role="status" data-outdated-note hidden>
            "The form has changed: update the preview before you submit it."
        </p>
    };
    let button = view! { <Button kind name=classify_field::ACTION value=action>{label}</Button> };
    let buttons = view! { {cancel()} {button} };
    submit_foot(preview, &new.form_key, about.into_any(), buttons.into_any())
}

/// Renders the way back to the list, by which nothing is stored.
fn cancel() -> AnyView {
    view! { <LinkButton href=ACCOUNTS.path kind=ButtonKind::Quiet>"Cancel"</LinkButton> }.into_any()
}

/// Returns what is still to be entered, in the order of the form.
fn missing(form: &ClassifyForm, accounts: usize) -> Vec<&'static str> {
    let is_out = form.pci == Pci::Out.as_str();
    let asked_for = [
        (accounts == 0, "the accounts"),
        (form.environment.is_empty(), "the environment"),
        (form.pci.is_empty(), "the PCI DSS scope"),
        (form.purpose.trim().is_empty(), "the purpose"),
        (
            is_out && form.out_of_scope.trim().is_empty(),
            "the reason for out of scope",
        ),
    ];
    // Declarations end without anything that is declared.
    let asked_for = asked_for
        .into_iter()
        .take(if form.ends() { 1 } else { usize::MAX });
    let missing = asked_for.filter(|(is_missing, _)| *is_missing);
    missing.map(|(_, words)| words).collect()
}

/// Returns why nothing can be submitted yet.
fn preview_first(missing: &[&str]) -> String {
    match missing.split_last() {
        None => "Preview the change first.".to_owned(),
        Some((only, [])) => format!("Enter {only}, then preview the change."),
        Some((last, rest)) => format!(
            "Enter {} and {last}, then preview the change.",
            rest.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_that_cannot_be_pressed_says_what_is_still_to_be_entered() {
        let said = |form: &ClassifyForm, accounts| preview_first(&missing(form, accounts));
        let mut form = ClassifyForm::default();
        assert_eq!(
            said(&form, 0),
            "Enter the accounts, the environment, the PCI DSS scope and the purpose, then preview the change."
        );
        form.environment = "production".into();
        form.pci = "out".into();
        assert_eq!(
            said(&form, 2),
            "Enter the purpose and the reason for out of scope, then preview the change."
        );
        form.pci = "in".into();
        assert_eq!(
            said(&form, 2),
            "Enter the purpose, then preview the change."
        );
        form.purpose = "takes card payments".into();
        assert_eq!(said(&form, 2), "Preview the change first.");
        let ending = ClassifyForm {
            action: END.into(),
            ..ClassifyForm::default()
        };
        assert_eq!(said(&ending, 1), "Preview the change first.");
        assert_eq!(
            said(&ending, 0),
            "Enter the accounts, then preview the change."
        );
    }
}
