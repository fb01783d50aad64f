//! What is possible in place of a blocked request: how, with how many approvals, and what chooses each. It was found by an evaluation;
//! whatever is chosen is evaluated again.

use domain::{grant::Term, permission_set::analysis::Capability};
use leptos::prelude::*;

use super::{
    Button, ButtonKind, FieldCheck, LinkButton, NEW_CHANGE, PREVIEW_HEADING, directory_link,
    term_words,
};
use crate::backend::{ChangeForm, OfferedSet, WayOut, WaysOut, change_field, instead_of_term};

/// What chooses a way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WayChoice {
    /// A button of the form around it, which keeps what is typed there.
    #[default]
    InForm,
    /// A link to this form, in which it is chosen then: the page of a change is no form.
    Linked(Box<ChangeForm>),
}

/// Renders the ways out as a box of its own. The first is the primary action of the page if it gives what was requested, because
/// nobody can approve the request as it is. Another permission set gives something else, so that what it allows stands beside it.
/// `term` is how long the request asks for.
pub(super) fn ways_out(found: WaysOut, choice: &WayChoice, term: Option<Term>) -> AnyView {
    let sentence = sentence(&found);
    let (offers, more) = offers(found.ways);
    let differs = offers.iter().any(|offer| offer.set.is_some());
    let differs = differs.then_some("Another set allows something else: check that it serves. ");
    let kept = match choice {
        WayChoice::InForm => "The rest of the form is kept.",
        WayChoice::Linked(_) => "Opens the filled form. Nothing is submitted yet.",
    };
    let order = match more {
        0 => None,
        1 => Some(" 1 more permission set is possible.".to_owned()),
        more => Some(format!(" {more} more permission sets are possible.")),
    };
    let notes = (!offers.is_empty()).then(|| view! { <p data-hint>{differs} {kept} {order}</p> });
    let offers = offers.into_iter().enumerate().map(|(place, offer)| {
        let kind = match place {
            0 => offer.weight,
            _ => ButtonKind::Secondary,
        };
        offer.draw(kind, choice, term)
    });
    let offers = offers.collect_view();
    view! {
        <div data-ways>
            <p>{sentence}</p>
            <ul data-offers>{offers}</ul>
            {notes}
        </div>
    }
    .into_any()
}

/// Renders a permission set with how long it is possible and what it allows.
fn described(set: &OfferedSet, term: Option<Term>) -> AnyView {
    let href = format!("/permission-sets/{}", set.key);
    let (window, allowed) = (window_of(set, term), allows(set));
    view! {
        <span>
            <span>{directory_link(href, set.name.clone())} {window}</span>
            <br />
            {allowed}
        </span>
    }
    .into_any()
}

/// Returns how long a permission set is possible: as long as the request says, unless it is not possible that long.
fn window_of(set: &OfferedSet, term: Option<Term>) -> Option<String> {
    let term = set.only_for.map(Term::For).or(term)?;
    Some(format!(" {}", term_words(term)))
}

/// Returns what a permission set allows, and how long its sessions last.
fn allows(set: &OfferedSet) -> String {
    let named = Capability::named(&set.capabilities);
    let labels: Vec<&str> = named.iter().map(|one| one.label()).collect();
    let labels = match labels.as_slice() {
        [] => "no capability".to_owned(),
        some => some.join(", "),
    };
    format!(
        "Capabilities: {labels}. Sessions last {}.",
        set.session.words()
    )
}

fn sentence(found: &WaysOut) -> String {
    let approvals = match found.approvals {
        None => String::new(),
        Some(0) => ", without approval".to_owned(),
        Some(1) => ", with 1 approval".to_owned(),
        Some(count) => format!(", with {count} approvals"),
    };
    let mut ways: Vec<String> = Vec::new();
    let mut why = String::new();
    for way in &found.ways {
        match way {
            WayOut::OtherSet { .. } => ways.push("instead".to_owned()),
            WayOut::ReviewDate => ways.push("with a review date".to_owned()),
            WayOut::Duration { longest } => ways.push(format!("for at most {}", longest.words())),
            WayOut::Sessions {
                set,
                session,
                shortened,
                longest,
            } => {
                why = format!(
                    "Sessions of {set} last {}, so no duration fits. Once they are set to {} in IAM Identity Center, this is \
                     possible for at most {}{approvals}. ",
                    session.words(),
                    shortened.words(),
                    longest.words()
                );
            }
        }
    }
    if ways.is_empty() {
        return why.trim_end().to_owned();
    }
    format!("{why}Possible {}{approvals}", ways.join(", or "))
}

/// One thing to choose.
struct Offer {
    label: String,
    /// The permission set with what it allows, if it is another one.
    set: Option<OfferedSet>,
    /// What the form holds instead; none for a date, which somebody has to state.
    instead: Option<String>,
    /// Its button, if it is the first.
    weight: ButtonKind,
}

/// Returns what can be chosen, and the number of permission sets that are not among it.
fn offers(ways: Vec<WayOut>) -> (Vec<Offer>, usize) {
    let (mut offers, mut left) = (Vec::new(), 0);
    for way in ways {
        match way {
            WayOut::OtherSet { sets, more } => {
                left += more;
                offers.extend(sets.into_iter().map(|set| Offer {
                    label: format!("Use {}", set.name),
                    instead: Some(set.instead()),
                    set: Some(set),
                    weight: ButtonKind::Secondary,
                }));
            }
            WayOut::ReviewDate => offers.push(Offer {
                label: "State a review date".to_owned(),
                set: None,
                instead: None,
                weight: ButtonKind::Primary,
            }),
            WayOut::Duration { longest } => offers.push(Offer {
                label: format!("Use {}", longest.words()),
                set: None,
                instead: Some(instead_of_term(longest)),
                weight: ButtonKind::Primary,
            }),
            WayOut::Sessions { .. } => {}
        }
    }
    (offers, left)
}

impl Offer {
    fn draw(self, kind: ButtonKind, choice: &WayChoice, term: Option<Term>) -> AnyView {
        let described = self.set.as_ref().map(|set| described(set, term));
        let button = self.button(kind, choice);
        view! { <li>{button} {described}</li> }.into_any()
    }

    fn button(self, kind: ButtonKind, choice: &WayChoice) -> AnyView {
        let Self { label, instead, .. } = self;
        let field = format!("#{}", change_field::REVIEW_ON);
        let href = match (choice, &instead) {
            // Sends the form with something else chosen and gets it back with the preview of that.
            (WayChoice::InForm, Some(instead)) => {
                return view! {
                    <Button
                        kind
                        check=FieldCheck::Skipped
                        to=format!("{NEW_CHANGE}#{PREVIEW_HEADING}")
                        name=change_field::INSTEAD
                        value=instead.clone()
                    >
                        {label}
                    </Button>
                }
                .into_any();
            }
            (WayChoice::InForm, None) => field,
            (WayChoice::Linked(form), Some(instead)) => {
                ChangeForm::clone(form).with_instead(instead).href()
            }
            (WayChoice::Linked(form), None) => format!("{}{field}", form.href()),
        };
        view! { <LinkButton href kind>{label}</LinkButton> }.into_any()
    }
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
                session_limit: None,
            })
        };
        let other = WayOut::OtherSet {
            sets: Vec::new(),
            more: 0,
        };
        assert_eq!(
            said(vec![other.clone()], Some(2)),
            "Possible instead, with 2 approvals"
        );
        let hours = Duration::hours;
        let longest = hours(3);
        assert_eq!(
            said(
                vec![WayOut::ReviewDate, WayOut::Duration { longest }],
                Some(1)
            ),
            "Possible with a review date, or for at most 3 hours, with 1 approval"
        );
        assert_eq!(
            said(vec![WayOut::Duration { longest }], None),
            "Possible for at most 3 hours"
        );
        let sessions = WayOut::Sessions {
            set: "Reader".into(),
            session: hours(8),
            shortened: hours(1),
            longest,
        };
        let shorter = "Sessions of Reader last 8 hours, so no duration fits. Once they are set to 1 hour in IAM Identity Center, this is possible for at most 3 hours, without approval.";
        assert_eq!(said(vec![sessions.clone()], Some(0)), shorter);
        assert_eq!(
            said(vec![sessions, other], Some(0)),
            format!("{shorter} Possible instead, without approval")
        );
    }

    #[test]
    fn a_permission_set_says_how_long_it_is_possible() {
        let set = |only_for| OfferedSet {
            name: "Reader".into(),
            key: "ps-1".into(),
            only_for,
            capabilities: Vec::new(),
            session: Duration::hours(1),
        };
        assert_eq!(window_of(&set(None), None), None);
        let standing = Some(Term::Standing);
        let as_requested = window_of(&set(None), standing);
        assert_eq!(as_requested.as_deref(), Some(" as standing access"));
        let hour = Some(Duration::hours(1));
        let shorter = window_of(&set(hour), standing);
        assert_eq!(shorter.as_deref(), Some(" for 1 hour"));
    }

    #[test]
    fn what_is_offered_first_is_one_thing_and_what_nobody_can_choose_here_is_none() {
        let set = OfferedSet {
            name: "Reader".into(),
            key: "ps-1".into(),
            only_for: None,
            capabilities: vec![Capability::ReadsData],
            session: Duration::hours(2),
        };
        assert_eq!(
            allows(&set),
            "Capabilities: Reads data. Sessions last 2 hours."
        );
        let hours = Duration::hours;
        let ways = vec![
            WayOut::Sessions {
                set: "Writer".into(),
                session: hours(8),
                shortened: hours(1),
                longest: hours(3),
            },
            WayOut::OtherSet {
                sets: vec![set],
                more: 4,
            },
            WayOut::ReviewDate,
        ];
        let (offers, more) = offers(ways);
        let labels: Vec<&str> = offers.iter().map(|offer| offer.label.as_str()).collect();
        assert_eq!(labels, ["Use Reader", "State a review date"]);
        assert_eq!(more, 4);
        assert_eq!(offers[0].instead.as_deref(), Some("set:ps-1"));
        assert_eq!(offers[1].instead, None);
        // It gives something else than what was requested.
        assert_eq!(offers[0].weight, ButtonKind::Secondary);
        assert_eq!(offers[1].weight, ButtonKind::Primary);
    }
}
