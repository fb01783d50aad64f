//! The key figures of an account: assignments, and the paths that these are, each with a link to them.

use domain::{
    classification::Classification,
    snapshot::{Figure, Knowledge},
    verdict::Tally,
};
use leptos::prelude::*;

use super::{access::LIST_TITLE, path_words};
use crate::{
    backend::{AccessRow, HitView, PathCounts},
    components::{Stat, Stats, Status},
    lists::{
        ListChoice,
        access::{FINDINGS, STANDING, TEMPORARY, TERM, UNAPPROVED, VIOLATIONS},
    },
    pages::exposure::{bad, wanting},
};

/// Renders the tiles. Known are the assignments, their findings, and the number of people.
pub(super) fn tiles(
    rows: &[AccessRow],
    counts: &PathCounts,
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
        format!("{list}#{LIST_TITLE}")
    };
    // The unit of the number above, and how many paths these are: a group's assignment is one path of each member.
    let units = |value: Figure, paths: usize, what: &str| {
        let noun = if value == 1 {
            "assignment"
        } else {
            "assignments"
        };
        match (assignments, value) {
            (_, Figure::Known(0)) | (Knowledge::NeverRead, _) => format!("{noun}{what}"),
            (Knowledge::Read, _) => format!("{noun}{what}, {}", path_words(paths)),
        }
    };
    let lacking = if unapproved == 1 {
        " that only lacks one"
    } else {
        " that only lack one"
    };
    // The children of a component outlive this function.
    let links = [
        only(TERM, STANDING),
        only(TERM, TEMPORARY),
        only(FINDINGS, VIOLATIONS),
        only(FINDINGS, UNAPPROVED),
    ];
    let details = [
        units(standing, counts.standing, ""),
        units(temporary, counts.temporary, " with an end"),
        units(against, counts.violations, ""),
        units(unapproved, counts.unapproved, lacking),
    ];
    let [standing_href, temporary_href, against_href, unapproved_href] = links;
    let [of_standing, of_temporary, of_against, of_unapproved] = details;
    let people_href = format!("{base}#{LIST_TITLE}");
    view! {
        <Stats>
            <Stat label="People" value=people.to_string() href=people_href detail="can reach it" />
            <Stat label="Standing" value=standing.to_string() href=standing_href detail=of_standing status=exposed />
            <Stat label="Temporary" value=temporary.to_string() href=temporary_href detail=of_temporary />
            <Stat label="Policy violations" value=against.to_string() href=against_href detail=of_against status=bad(against) />
            <Stat label="Approval missing" value=unapproved.to_string() href=unapproved_href detail=of_unapproved status=wanting(unapproved) />
        </Stats>
    }
    .into_any()
}
