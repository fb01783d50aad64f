//! The rows that differ from the ledger, on the page of operations.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::RowComparison,
    components::{AbsoluteTime, Column, Narrow, Notice, Section, Status, Table},
};

/// Renders what differs; nothing if nothing does, or if nothing was compared yet.
pub(super) fn differing(comparison: Option<RowComparison>, now: Timestamp) -> Option<AnyView> {
    let compared = comparison.filter(|compared| compared.differing > 0)?;
    Some(
        view! {
            <div id="rows">
                <Section title="Records and the ledger">{listed(compared, now)}</Section>
            </div>
        }
        .into_any(),
    )
}

fn listed(compared: RowComparison, now: Timestamp) -> AnyView {
    let title = match compared.differing {
        1 => "1 record differs from the ledger".to_owned(),
        some => format!("{some} records differ from the ledger"),
    };
    let more = compared.differing.saturating_sub(compared.rows.len());
    let note = (more > 0).then(|| {
        view! { <p data-note>{more} " more are not listed. " <code>"leastwise ledger verify"</code> " lists all."</p> }
    });
    let rows = compared.rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row"><code>{row.table}</code></th>
                <td data-reason-cell data-label="Difference">{row.what}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::new("Table"), Column::new("Difference")];
    view! {
        <Notice status=Status::Danger title>
            <p>
                "Somebody or something wrote to the database beside Leastwise. What the ledger does not confirm gives no right and no access. Compared "
                <AbsoluteTime at=compared.at now /> "."
            </p>
        </Notice>
        <Table caption="Records that differ from the ledger" columns narrow=Narrow::Cards>{rows}</Table>
        {note}
    }
    .into_any()
}
