//! What is left to request of a change that is over: buttons on its page, and a link beside each item.

use domain::{change::State, engine::FollowUp, subject::NoUndo};
use leptos::prelude::*;

use super::LinkButton;
use crate::backend::{ChangeKind, FollowUpForm, FollowUpLink, FollowUps};

/// The buttons. Says how many items have none there. What they lead to is a form, so none is as loud as its button.
#[component]
pub fn FollowUpLinks(
    follow_ups: FollowUps,
    /// The state of the change.
    state: State,
) -> impl IntoView {
    let FollowUps {
        links,
        more,
        no_undo,
    } = follow_ups;
    let several = |what| links.iter().filter(|link| link.what == what).count() + more > 1;
    let (undos, rests) = (several(FollowUp::Undo), several(FollowUp::Rest));
    // Nothing was carried out, so that there is no rest.
    let none = more == 0 && links.iter().all(|link| link.what == FollowUp::Rest);
    // A change that was carried out completely has nothing left, so that its undo needs no limit.
    let all = more == 0 && links.iter().all(|link| link.what == FollowUp::Undo);
    let rest = (more > 0).then(|| {
        let words = if more == 1 {
            "1 more item: see its row".to_owned()
        } else {
            format!("{more} more items: see their rows")
        };
        view! { <a href="#items" class="text-muted">{words}</a> }
    });
    let buttons = links
        .into_iter()
        .map(|link| {
            let label = match (link.what, undos, rests) {
                (FollowUp::Undo, false, _) if all => undo_words(&link.form).to_owned(),
                (FollowUp::Undo, false, _) => "Undo what was done".to_owned(),
                (FollowUp::Undo, true, _) => format!("Undo {}", items(link.items)),
                // The same request would be blocked again.
                (FollowUp::Rest, _, false) if state == State::Refused => {
                    "Start a changed request".to_owned()
                }
                (FollowUp::Rest, _, false) if none => "Request it again".to_owned(),
                (FollowUp::Rest, _, false) => "Request the rest again".to_owned(),
                (FollowUp::Rest, _, true) => format!("Request {} again", items(link.items)),
            };
            view! { <LinkButton href=link.form.href()>{label}</LinkButton> }
        })
        .collect_view();
    let no_undo =
        no_undo.map(|why| view! { <p class="text-muted text-sm">{no_undo_words(why)}</p> });
    view! { {buttons} {rest} {no_undo} }.into_any()
}

/// The link beside one item of several.
#[component]
pub fn FollowUpItemLink(link: FollowUpLink) -> impl IntoView {
    let label = match link.what {
        FollowUp::Undo => "Undo this item",
        FollowUp::Rest => "Request this item again",
    };
    view! { <a href=link.form.href() class="text-xs font-normal whitespace-nowrap">{label}</a> }
        .into_any()
}

/// Returns what undoes a change, with what that does to access.
fn undo_words(form: &FollowUpForm) -> &'static str {
    let FollowUpForm::Change(form) = form else {
        return "Undo";
    };
    form.known_kind().map_or("Undo", ChangeKind::undo_words)
}

fn no_undo_words(why: NoUndo) -> &'static str {
    match why {
        NoUndo::ChangedNothing => "No undo: nothing was changed.",
        NoUndo::BeforeANewClaim => {
            "No undo: once the sign-in claims the user again, the claim can be refused again."
        }
    }
}

fn items(count: usize) -> String {
    if count == 1 {
        "1 item".to_owned()
    } else {
        format!("{count} items")
    }
}
