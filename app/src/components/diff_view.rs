//! Who gains and who loses what, with `+` and `−` beside the word, so that colour says nothing alone.
//! Shows the effect that the domain worked out.

use leptos::prelude::*;

use super::{AccountLink, Column, Glyph, Icon, PrincipalLink, SetLink, Status, Table};
use crate::backend::EffectRow;

/// A longer list is cut, and says so.
const SHOWN: usize = 200;

/// Gains first, then losses.
#[component]
pub fn DiffView(
    /// Paths that appear.
    gained: Vec<EffectRow>,
    /// Paths that disappear.
    lost: Vec<EffectRow>,
) -> impl IntoView {
    if gained.is_empty() && lost.is_empty() {
        return view! {
            <p data-body>"Nobody gains or loses access by this today: what it touches opens nothing for anybody."</p>
        }
        .into_any();
    }
    let left_out = (gained.len() + lost.len()).saturating_sub(SHOWN);
    let rows = gained
        .into_iter()
        .map(|row| (true, row))
        .chain(lost.into_iter().map(|row| (false, row)))
        .take(SHOWN)
        .map(|(gains, row)| line(gains, row))
        .collect_view();
    let columns = vec![
        Column::new("Change"),
        Column::new("Who"),
        Column::new("Account"),
        Column::new("Permission set"),
        Column::new("By"),
    ];
    view! {
        <Table caption="Who gains and loses what" columns>{rows}</Table>
        {(left_out > 0).then(|| view! { <p data-body class="text-muted">{format!("and {left_out} more")}</p> })}
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
        Some(principal) => view! { <PrincipalLink principal /> }.into_any(),
        None => view! { <span>{row.label}</span> }.into_any(),
    };
    let via = if row.term.is_empty() {
        row.via
    } else {
        format!("{}, {}", row.via, row.term)
    };
    view! {
        <tr>
            <th scope="row">
                <span data-badge="plain" data-status=status.token() data-sign=if gains { "plus" } else { "minus" }>
                    <Icon glyph />
                    <span>{word}</span>
                </span>
            </th>
            <td>{who}</td>
            <td>{row.account.map(|account| view! { <AccountLink account /> })}</td>
            <td>{row.set.map(|set| view! { <SetLink set /> })}</td>
            <td>{via}</td>
        </tr>
    }
}
