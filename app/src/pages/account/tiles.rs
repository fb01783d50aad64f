//! The key figures of an account: people, and assignments as parts of all of them, each with a link to what it counts.

use domain::{
    snapshot::{Figure, Knowledge},
    verdict::Tally,
};
use leptos::prelude::*;

use crate::{
    backend::{AccessRow, HitView},
    components::{Stat, Stats},
    lists::{
        ListChoice,
        access::{ACCESS_HEADING, FINDINGS, STANDING, TERM, UNAPPROVED, VIOLATIONS},
    },
    pages::finding_stats::{FindingStats, of_assignments},
};

/// Renders the tiles. Known are the assignments, their findings, and the number of people.
pub(super) fn tiles(
    rows: &[AccessRow],
    (assignments, findings, people): (Knowledge, Knowledge, Figure),
    base: &str,
) -> AnyView {
    let all = assignments.figure(rows.len());
    let standing = rows.iter().filter(|row| row.ends.is_none()).count();
    let standing = assignments.figure(standing);
    let tally = Tally::of(rows.iter().map(|row| HitView::strictest(&row.hits)));
    let against = findings.figure(tally.against);
    let unapproved = findings.figure(tally.unapproved);
    let only = |filter, value: &str| {
        let list = ListChoice::only(filter, value).href(base);
        format!("{list}#{ACCESS_HEADING}")
    };
    // The children of a component outlive this function.
    let links = [
        only(TERM, STANDING),
        only(FINDINGS, VIOLATIONS),
        only(FINDINGS, UNAPPROVED),
    ];
    let [standing_href, against_href, unapproved_href] = links;
    let of_standing = of_assignments(all);
    let people_href = format!("{base}#{ACCESS_HEADING}");
    view! {
        <Stats>
            <Stat label="People" value=people.to_string() href=people_href detail="can reach the account" />
            <Stat label="Standing" value=standing.to_string() href=standing_href detail=of_standing />
            <FindingStats all against against_href unapproved unapproved_href />
        </Stats>
    }
    .into_any()
}
