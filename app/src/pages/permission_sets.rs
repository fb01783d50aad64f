//! The list of permission sets, most dangerous first.

use domain::{
    grant::LONGEST_SESSION_IN_PRODUCTION_PCI, permission_set::analysis::Capability,
    snapshot::Knowledge,
};
use leptos::prelude::*;

use crate::{
    backend::PortResult,
    components::{Empty, FreshnessNotice, Glyph, ListView, NotKnown, PageHeader, short_duration},
    lists::{
        ListChoice,
        permission_sets::{CAPABILITY, PERMISSION_SETS},
    },
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&PERMISSION_SETS, &visit.url);
    let page = visit.backend.permission_sets(&choice).await?;
    let mut context = super::draw_context(&visit);
    context.sought = sought(&choice);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Permission sets", move || {
        let sets = freshness.lists.sets;
        // A duration does not break between its numbers.
        let longest = short_duration(LONGEST_SESSION_IN_PRODUCTION_PCI).replace(' ', "\u{a0}");
        let detail = format!(
            "What each allows, as determined from its policies, and in quotes its description in AWS. A session of more than {longest} is too long for temporary access to production PCI."
        );
        let list = ListView {
            list: &PERMISSION_SETS,
            choice,
            dropped,
            page,
            context,
        };
        let body = match (list.is_empty(), sets) {
            (true, Knowledge::NeverRead) => view! { <NotKnown what="The list of permission sets" /> }.into_any(),
            (true, Knowledge::Read) => view! { <Empty title="No permission sets" icon=Glyph::PermissionSets>"Identity Center permission sets appear after the first read."</Empty> }.into_any(),
            (false, _) => list.draw(),
        };
        view! {
            <PageHeader title="Permission sets" detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            {body}
        }
        .into_any()
    }))
}

/// Returns the capabilities that the filters ask for.
fn sought(choice: &ListChoice) -> Vec<Capability> {
    let values = choice.values(CAPABILITY);
    let asked = |capability: &Capability| values.contains(&capability.as_str());
    Capability::ALL.into_iter().filter(asked).collect()
}
