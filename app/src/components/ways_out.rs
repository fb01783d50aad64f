//! What is possible in place of a blocked request: one sentence, and buttons that choose it in the form. It was found by an
//! evaluation; whatever is chosen is evaluated again.

use leptos::prelude::*;

use super::{Button, FieldCheck, NEW_CHANGE, PREVIEW_HEADING};
use crate::backend::{OfferedSet, WayOut, WaysOut, change_field, instead_of_term};

/// Renders the ways out.
pub(super) fn ways_out(found: WaysOut) -> AnyView {
    let sentence = sentence(&found);
    let buttons = found.ways.into_iter().map(buttons).collect_view();
    view! {
        <div data-ways>
            <p>{sentence}</p>
            <div>{buttons}</div>
        </div>
    }
    .into_any()
}

fn sentence(found: &WaysOut) -> String {
    let approvals = match found.approvals {
        None => String::new(),
        Some(0) => ", without approval".to_owned(),
        Some(1) => ", with 1 approval".to_owned(),
        Some(count) => format!(", with {count} approvals"),
    };
    let mut ways: Vec<String> = Vec::new();
    let mut why = "";
    for way in &found.ways {
        match way {
            WayOut::OtherSet { .. } => {
                why = "This permission set is blocked here with every duration. ";
                ways.push("in its place".to_owned());
            }
            WayOut::ReviewDate => ways.push("with a review date".to_owned()),
            WayOut::Duration { longest } => ways.push(format!("for at most {}", longest.words())),
            WayOut::Sessions {
                set,
                session,
                shortened,
                longest,
            } => {
                return format!(
                    "Sessions of {set} last {}, so no duration fits. Once they are set to {} in IAM Identity Center, this is \
                     possible for at most {}{approvals}.",
                    session.words(),
                    shortened.words(),
                    longest.words()
                );
            }
        }
    }
    format!("{why}Possible {}{approvals}:", ways.join(", or "))
}

fn buttons(way: WayOut) -> AnyView {
    match way {
        WayOut::OtherSet { sets, more } => {
            let more = match more {
                0 => None,
                1 => Some("and 1 more permission set".to_owned()),
                more => Some(format!("and {more} more permission sets")),
            };
            let more = more.map(|more| view! { <span class="text-muted">{more}</span> });
            let sets = sets
                .into_iter()
                .map(|set| choose(label(&set), set.instead()))
                .collect_view();
            view! { {sets} {more} }.into_any()
        }
        WayOut::ReviewDate => {
            let field = format!("#{}", change_field::REVIEW_ON);
            view! { <a href=field data-kind="secondary"><span>"State a review date"</span></a> }
                .into_any()
        }
        WayOut::Duration { longest } => {
            choose(format!("Use {}", longest.words()), instead_of_term(longest))
        }
        WayOut::Sessions { .. } => ().into_any(),
    }
}

fn label(set: &OfferedSet) -> String {
    match set.only_for {
        Some(window) => format!("Use {} for {}", set.name, window.words()),
        None => format!("Use {}", set.name),
    }
}

/// Renders a button that sends the form with something else chosen and gets it back with the preview of that.
fn choose(label: String, instead: String) -> AnyView {
    view! {
        <Button
            check=FieldCheck::Skipped
            to=format!("{NEW_CHANGE}#{PREVIEW_HEADING}")
            name=change_field::INSTEAD
            value=instead
        >
            {label}
        </Button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;

    #[test]
    fn a_way_out_is_one_sentence_with_the_approvals_that_remain() {
        let said = |ways: Vec<WayOut>, approvals| {
            sentence(&WaysOut {
                ways,
                approvals,
                dated: None,
            })
        };
        let other = WayOut::OtherSet {
            sets: Vec::new(),
            more: 0,
        };
        assert_eq!(
            said(vec![other], Some(2)),
            "This permission set is blocked here with every duration. Possible in its place, with 2 approvals:"
        );
        let hours = Duration::hours;
        let longest = hours(3);
        assert_eq!(
            said(
                vec![WayOut::ReviewDate, WayOut::Duration { longest }],
                Some(1)
            ),
            "Possible with a review date, or for at most 3 hours, with 1 approval:"
        );
        assert_eq!(
            said(vec![WayOut::Duration { longest }], None),
            "Possible for at most 3 hours:"
        );
        let sessions = WayOut::Sessions {
            set: "Reader".into(),
            session: hours(8),
            shortened: hours(1),
            longest,
        };
        assert_eq!(
            said(vec![sessions], Some(0)),
            "Sessions of Reader last 8 hours, so no duration fits. Once they are set to 1 hour in IAM Identity Center, this is possible for at most 3 hours, without approval."
        );
    }

    #[test]
    fn a_button_says_how_long_a_permission_set_is_possible() {
        let set = |only_for| OfferedSet {
            name: "Reader".into(),
            key: "ps-1".into(),
            only_for,
        };
        assert_eq!(label(&set(None)), "Use Reader");
        let hour = Some(Duration::hours(1));
        assert_eq!(label(&set(hour)), "Use Reader for 1 hour");
    }
}
