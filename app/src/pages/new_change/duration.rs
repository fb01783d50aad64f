//! How long access lasts, as chips and free entry, and when it begins.

use std::collections::BTreeSet;

use domain::{
    grant::{LONGEST_IN_PRODUCTION_PCI, Term},
    time::Duration,
    verdict::Outcome,
};
use leptos::prelude::*;

use super::selection::{error_of, own_only};
use crate::{
    backend::{FormOption, NewChange, OTHER, Preview, STANDING, change_field, instead_of_term},
    components::{
        Button, ButtonKind, FieldCheck, Glyph, Icon, NEW_CHANGE, PREVIEW_HEADING, Requirement,
        TextField, short_duration,
    },
};

/// The duration that is chosen already for somebody who requests access for themselves, in minutes.
const PROPOSED: &str = "60";

/// Returns the duration that is chosen; empty if none is.
pub(super) fn chosen_term(new: &NewChange) -> &str {
    match new.change_form.term.as_str() {
        "" if own_only(new) => PROPOSED,
        term => term,
    }
}

/// Renders the duration.
pub(super) fn duration(new: &NewChange) -> AnyView {
    let (form, chosen) = (&new.change_form, chosen_term(new));
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
    // Access without an end is the last choice.
    let (standing, mut chips): (Vec<FormOption>, Vec<FormOption>) = new
        .choices
        .terms
        .iter()
        .cloned()
        .partition(|term| term.value == STANDING);
    let stands = !standing.is_empty();
    chips.push(other);
    chips.extend(standing);
    let blocked = blocked_words(&chips, &new.blocked_terms, new.blocked_with_session);
    let radio = |chip: FormOption| {
        let checked = chip.value == chosen || (chip.value == OTHER && is_other);
        // What is chosen is sent, also if it is blocked: the verdict says why.
        let is_blocked = new.blocked_terms.contains(&chip.value);
        let disabled = is_blocked && !checked;
        let is_blocked = is_blocked.then_some("");
        let why = is_blocked.filter(|_| checked).map(|_| "term-blocked");
        let (short, title) = (short(&chip), chip.label.clone());
        let standing = (chip.value == STANDING).then_some("");
        view! {
            <label title=title data-standing=standing data-blocked=is_blocked>
                <input type="radio" name=change_field::TERM value=chip.value checked=checked disabled=disabled aria-label=chip.label aria-describedby=why />
                <span>{short}</span>
            </label>
        }
    };
    let chips = chips.into_iter().map(radio).collect_view();
    let hint = stands.then(|| {
        view! { <p data-hint>{standing_words(new)}</p> }
    });
    let error = error_of(new, change_field::TERM);
    let described = [
        (!error.is_empty()).then_some("term-error"),
        blocked.is_some().then_some("term-blocked"),
    ];
    let described: Vec<&str> = described.into_iter().flatten().collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let blocked =
        blocked.map(|words| view! { <p id="term-blocked" data-blocked-terms>{words}</p> });
    let error = (!error.is_empty()).then(|| {
        view! { <p id="term-error" data-error><Icon glyph=Glyph::Warning /> <span>{error}</span></p> }
    });
    view! {
        <fieldset id=change_field::TERM data-radios data-term aria-describedby=described>
            <legend>"How long"</legend>
            <div data-term-windows>{chips}</div>
            {hint}
            {blocked}
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

/// Returns until when standing access stays, and that it is possible although some durations are not.
fn standing_words(new: &NewChange) -> &'static str {
    let Some(preview) = &new.preview else {
        return "Stays until somebody removes it.";
    };
    let blocked = preview.verdict.outcome == Outcome::Refused;
    if blocked || new.blocked_terms.contains(STANDING) {
        return "Would stay until somebody removes it.";
    }
    if new.blocked_terms.is_empty() {
        "Stays until somebody removes it."
    } else {
        "Stays until somebody removes it. No policy blocks standing access here."
    }
}

/// Renders the button that chooses a short duration in place of standing access; none if that is blocked as well.
pub(super) fn less_than_standing(new: &NewChange, preview: &Preview) -> Option<AnyView> {
    let is_offered = new.choices.terms.iter().any(|term| term.value == PROPOSED);
    let possible = is_offered && !new.blocked_terms.contains(PROPOSED);
    let stands = preview.only_term() == Some(Term::Standing);
    if !possible || !stands || preview.verdict.outcome == Outcome::Refused {
        return None;
    }
    let hour = Duration::minutes(PROPOSED.parse().ok()?);
    let label = format!("Preview {} instead", short_duration(hour));
    let button = view! {
        <Button
            kind=ButtonKind::Quiet
            check=FieldCheck::Skipped
            to=format!("{NEW_CHANGE}#{PREVIEW_HEADING}")
            name=change_field::INSTEAD
            value=instead_of_term(hour)
        >
            {label}
        </Button>
    };
    Some(button.into_any())
}

/// Returns which of the offered durations are blocked, and how much they may last with a session of this length if that is why;
/// none if none is.
fn blocked_words(
    offered: &[FormOption],
    blocked: &BTreeSet<String>,
    with_session: Option<Duration>,
) -> Option<String> {
    let found = offered.iter().filter(|one| blocked.contains(&one.value));
    let found: Vec<&FormOption> = found.collect();
    if found.len() == offered.len() {
        return Some("Policies block this request with every duration.".to_owned());
    }
    // No other duration is possible either.
    if blocked.contains(OTHER) {
        return Some("Policies block every duration but standing access.".to_owned());
    }
    let labels: Vec<String> = found.into_iter().map(short).collect();
    let named = match labels.split_last()? {
        (only, []) => format!("Blocked by policy: {only}."),
        (last, rest) => format!("Blocked by policy: {} and {last}.", rest.join(", ")),
    };
    Some(match with_session {
        None => named,
        Some(session) => format!(
            "{named} Temporary access may last {}, its last session of {} included.",
            short_duration(LONGEST_IN_PRODUCTION_PCI),
            short_duration(session)
        ),
    })
}

/// Returns the label of a choice, short enough that all are one row. It begins the whole label.
fn short(option: &FormOption) -> String {
    match option.value.parse::<u16>() {
        Ok(minutes) => short_duration(Duration::minutes(minutes.into())),
        Err(_) if option.value == STANDING => "Standing".to_owned(),
        Err(_) => option.label.clone(),
    }
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
            <summary><Icon glyph=Glyph::Plus /> <span>"Start later"</span></summary>
            <TextField
                name=change_field::START
                label="Start, in UTC"
                kind="datetime-local"
                value
                hint="Such as 2026-11-30 15:04 (year-month-day). Empty: as soon as it is approved. The policies are applied again at the start."
                error
                need=Requirement::Optional
            />
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_durations_that_are_blocked_are_named_as_long_as_another_is_possible() {
        let option = |value: &str| FormOption {
            value: value.to_owned(),
            label: value.to_owned(),
        };
        let offered = ["60", "240", OTHER, STANDING].map(option);
        let said = |blocked: &[&str]| {
            let blocked = blocked.iter().map(|value| (*value).to_owned()).collect();
            blocked_words(&offered, &blocked, None)
        };
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["240"]).as_deref(), Some("Blocked by policy: 4 h."));
        let long = BTreeSet::from(["240".to_owned()]);
        assert_eq!(
            blocked_words(&offered, &long, Some(Duration::hours(1))).as_deref(),
            Some(
                "Blocked by policy: 4 h. Temporary access may last 4 h, its last session of 1 h included."
            )
        );
        assert_eq!(
            said(&["240", STANDING]).as_deref(),
            Some("Blocked by policy: 4 h and Standing.")
        );
        assert_eq!(
            said(&["60", "240", OTHER]).as_deref(),
            Some("Policies block every duration but standing access.")
        );
        assert_eq!(
            said(&["60", "240", OTHER, STANDING]).as_deref(),
            Some("Policies block this request with every duration.")
        );
    }
}
