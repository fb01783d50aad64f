//! The context of an undecided change, with which a decider compares it: other requests of the same access, and who has this
//! access already. Never part of the verdict.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use super::{PrincipalLink, RecentChange, Section};
use crate::backend::{
    AccountRef, ChangeView, EarlierRequest, EarlierRequests, PairHolders, SetRef,
};

/// Renders both as facts of one card. Empty for a change that is decided.
pub fn decision_context(view: &ChangeView, now: Timestamp) -> AnyView {
    let about = view.earlier.about.clone();
    let earlier = about.map(|about| earlier(&about, &view.earlier, now));
    let holders = (!view.holders.is_empty()).then(|| holders(view.holders.clone()));
    if earlier.is_none() && holders.is_none() {
        return ().into_any();
    }
    view! { <div data-context><Section title="Context">{earlier} {holders}</Section></div> }
        .into_any()
}

fn earlier(about: &str, found: &EarlierRequests, now: Timestamp) -> impl IntoView + use<> {
    let EarlierRequests { rows, total, .. } = found.clone();
    let more = total.saturating_sub(rows.len());
    let more = (more > 0).then(|| view! { <p data-more>{format!("{more} more")}</p> });
    let body = if rows.is_empty() {
        view! { <p class="text-muted">{format!("No other request of {about}")}</p> }.into_any()
    } else {
        let lines = rows.into_iter().map(|row| {
            let EarlierRequest {
                change,
                approved_by,
            } = row;
            view! { <RecentChange change approved_by now /> }
        });
        view! { <ul data-lines>{lines.collect_view()}</ul> {more} }.into_any()
    };
    view! { <div><h3>"Similar requests"</h3> <div>{body}</div></div> }
}

fn holders(all: Vec<PairHolders>) -> impl IntoView {
    let lines = all.into_iter().map(line).collect_view();
    view! { <div><h3>"Who has it already"</h3> <ul data-plain data-holders>{lines}</ul></div> }
}

fn line(holders: PairHolders) -> AnyView {
    let PairHolders {
        account,
        set,
        principals,
        total,
    } = holders;
    let (AccountRef { name: account, .. }, SetRef { name: set, .. }) = (account, set);
    let more = match total {
        Figure::Known(total) => match total.saturating_sub(principals.len()) {
            0 => None,
            more => Some(format!("and {more} more")),
        },
        Figure::NotKnown => Some("Not read from AWS yet".to_owned()),
    };
    if principals.is_empty() && matches!(total, Figure::Known(_)) {
        let nobody = format!("Nobody has {set} on {account}.");
        return view! { <li><p class="text-muted">{nobody}</p></li> }.into_any();
    }
    let principals = principals
        .into_iter()
        .map(|principal| view! { <PrincipalLink principal /> })
        .collect_view();
    view! {
        <li>
            <p data-names>
                <span class="text-muted">{set} " on " {account} ":"</span>
                {principals}
                {more.map(|more| view! { <span class="text-muted">{more}</span> })}
            </p>
        </li>
    }
    .into_any()
}
