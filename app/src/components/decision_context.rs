//! What a decider compares an undecided change with: earlier requests of the same person, and who has this access already.

use domain::{snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use super::{PrincipalLink, RecentChanges, Section};
use crate::backend::{AccountRef, ChangeView, EarlierRequests, PairHolders, SetRef, escape};

/// Renders both side by side. Empty for a change that is decided.
pub fn decision_context(view: &ChangeView, now: Timestamp) -> AnyView {
    let earlier = view
        .earlier
        .about
        .clone()
        .map(|about| earlier(&view.row.requester, about, &view.earlier, now));
    let holders = (!view.holders.is_empty()).then(|| holders(view.holders.clone()));
    if earlier.is_none() && holders.is_none() {
        return ().into_any();
    }
    view! { <div data-columns="even">{earlier} {holders}</div> }.into_any()
}

fn earlier(
    requester: &str,
    about: String,
    found: &EarlierRequests,
    now: Timestamp,
) -> impl IntoView + use<> {
    let EarlierRequests { rows, total, .. } = found.clone();
    let detail = match total {
        0 => "none".to_owned(),
        1 => format!("1, about {about}"),
        total => format!("{total}, about {about}"),
    };
    let more = total.saturating_sub(rows.len());
    let account = rows.first().and_then(|row| row.accounts.first());
    let href = account.map(|account| format!("/changes?q={}", escape(account.id.as_str())));
    let more = (more > 0).then(|| match href {
        Some(href) => {
            view! { <p data-more><a href=href>{format!("{more} more")}</a></p> }.into_any()
        }
        None => view! { <p data-more>{format!("{more} more")}</p> }.into_any(),
    });
    let body = if rows.is_empty() {
        view! { <p data-body class="text-muted">{format!("{requester} has not requested anything about {about} before.")}</p> }
            .into_any()
    } else {
        view! { <RecentChanges changes=rows now /> {more} }.into_any()
    };
    view! { <Section title="Similar earlier requests" detail>{body}</Section> }
}

fn holders(all: Vec<PairHolders>) -> impl IntoView {
    let lines = all.into_iter().map(line).collect_view();
    view! { <Section title="Who has this access already"><ul data-lines data-holders>{lines}</ul></Section> }
}

fn line(holders: PairHolders) -> impl IntoView {
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
    let nobody = principals.is_empty() && matches!(total, Figure::Known(_));
    let principals = principals
        .into_iter()
        .map(|principal| view! { <PrincipalLink principal /> })
        .collect_view();
    view! {
        <li>
            <p class="font-medium">{set} " on " {account}</p>
            <p data-names>
                {principals}
                {nobody.then(|| view! { <span class="text-muted">"Nobody"</span> })}
                {more.map(|more| view! { <span class="text-muted">{more}</span> })}
            </p>
        </li>
    }
}
