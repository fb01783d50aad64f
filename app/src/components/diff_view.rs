//! The effect of a change: who gains and who loses access. `+` and `−` accompany the words, so that color is never the
//! only signal. The effect is computed by the domain.

use leptos::prelude::*;

use super::{
    AccountLink, Column, Glyph, Icon, Narrow, PrincipalLink, SetLink, Status, Table, term_words,
};
use crate::backend::{AffectedPrincipal, EffectRow};

/// The table of gains, then losses. The rows that are left out are counted, unless `pager` leads to them.
#[component]
pub fn DiffView(
    /// The first paths that the change adds.
    gained: Vec<EffectRow>,
    /// The number of all paths that the change adds.
    gains: usize,
    /// The first paths that the change removes.
    lost: Vec<EffectRow>,
    /// The number of all paths that the change removes.
    losses: usize,
    /// Links to the other pages.
    #[prop(optional)]
    pager: Option<AnyView>,
) -> impl IntoView {
    if gained.is_empty() && lost.is_empty() {
        return view! {
            <p data-body>"No one gains or loses access from this change at present."</p>
        }
        .into_any();
    }
    let left_out = (gains + losses).saturating_sub(gained.len() + lost.len());
    let rows = gained
        .into_iter()
        .map(|row| (true, row))
        .chain(lost.into_iter().map(|row| (false, row)))
        .map(|(gains, row)| line(gains, row))
        .collect_view();
    let columns = vec![
        Column::new("Change"),
        Column::new("Person"),
        Column::new("Account"),
        Column::new("Permission set"),
        Column::new("Path"),
    ];
    view! {
        <Table caption="Who gains and loses access" columns narrow=Narrow::Cards>{rows}</Table>
        {match pager {
            Some(pager) => Some(pager),
            None => (left_out > 0).then(|| view! { <p data-body class="text-muted">{format!("and {left_out} more")}</p> }.into_any()),
        }}
    }
    .into_any()
}

fn line(gains: bool, row: EffectRow) -> impl IntoView {
    let (status, glyph, word) = if gains {
        (Status::Ok, Glyph::Plus, "gains")
    } else {
        (Status::Danger, Glyph::Minus, "loses")
    };
    let who = match row.who {
        AffectedPrincipal::Principal(principal) => view! { <PrincipalLink principal /> }.into_any(),
        AffectedPrincipal::FutureMembers { name, .. } => {
            view! { <span>{format!("Future members of {name}")}</span> }.into_any()
        }
    };
    let via = match row.term {
        None => row.via.to_string(),
        Some(term) => format!("{}, {}", row.via, term_words(term)),
    };
    view! {
        <tr>
            <th scope="row">
                <span data-badge="plain" data-status=status.token() data-sign=if gains { "plus" } else { "minus" }>
                    <Icon glyph />
                    <span>{word}</span>
                </span>
            </th>
            <td data-label="Person">{who}</td>
            <td data-label="Account"><AccountLink account=row.account /></td>
            <td data-label="Set"><SetLink set=row.set /></td>
            <td data-label="Path">{via}</td>
        </tr>
    }
}
