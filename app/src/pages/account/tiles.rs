//! The key figures of an account: people and assignments, each with a link to them.

use domain::{
    classification::Classification,
    snapshot::{Figure, Knowledge},
    verdict::Tally,
};
use leptos::prelude::*;

use crate::{
    backend::{AccessRow, HitView},
    components::{Stat, Stats, Status},
    lists::{
        ListChoice,
        access::{ACCESS_HEADING, FINDINGS, STANDING, TEMPORARY, TERM, UNAPPROVED, VIOLATIONS},
    },
    pages::{
        exposure::bad,
        finding_stats::{FindingStats, assignments_noun},
    },
};

/// Renders the tiles. Known are the assignments, their findings, and the number of people.
pub(super) fn tiles(
    rows: &[AccessRow],
    (assignments, findings, people): (Knowledge, Knowledge, Figure),
    class: Classification,
    base: &str,
) -> AnyView {
    let standing = rows.iter().filter(|row| row.ends.is_none()).count();
    let temporary = assignments.figure(rows.len() - standing);
    let standing = assignments.figure(standing);
    let tally = Tally::of(rows.iter().map(|row| HitView::strictest(&row.hits)));
    let against = findings.figure(tally.against);
    let unapproved = findings.figure(tally.unapproved);
    let exposed = if class.counts_as_production_pci() {
        bad(standing)
    } else {
        Status::Off
    };
    let only = |filter, value: &str| {
        let list = ListChoice::only(filter, value).href(base);
        format!("{list}#{ACCESS_HEADING}")
    };
    // The children of a component outlive this function.
    let links = [
        only(TERM, STANDING),
        only(TERM, TEMPORARY),
        only(FINDINGS, VIOLATIONS),
        only(FINDINGS, UNAPPROVED),
    ];
    let [standing_href, temporary_href, against_href, unapproved_href] = links;
    let of_standing = assignments_noun(standing);
    let of_temporary = format!("{} with an end", assignments_noun(temporary));
    let people_href = format!("{base}#{ACCESS_HEADING}");
    view! {
        <Stats>
            <Stat label="People" value=people.to_string() href=people_href detail="can reach it" />
            <Stat label="Standing" value=standing.to_string() href=standing_href detail=of_standing status=exposed />
            <Stat label="Temporary" value=temporary.to_string() href=temporary_href detail=of_temporary />
            <FindingStats against against_href unapproved unapproved_href />
        </Stats>
    }
    .into_any()
}
