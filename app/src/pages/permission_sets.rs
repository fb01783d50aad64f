//! The list of permission sets, most dangerous first.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::PortResult,
    components::{Empty, FreshnessNotice, Glyph, ListView, NotKnown, PageHeader},
    lists::{ListChoice, permission_sets::PERMISSION_SETS},
    routes::{Page, Visit},
};

<<<<<<< HEAD
=======
use super::filters::{UnknownFilter, chips_of, holds, known_query};

/// The filters of the list.
const FILTERS: [(&str, &str); 6] = [
    ("", "All"),
    ("production-pci", "In production PCI"),
    ("powerful", "Powerful access"),
    ("unknown", "Unknown"),
    ("outdated", "Provisioning out of date"),
    ("long-sessions", "Sessions too long for production PCI"),
];

>>>>>>> e673c350
/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&PERMISSION_SETS, &visit.url);
    let page = visit.backend.permission_sets(&choice).await?;
    let context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Permission sets", move || {
        let sets = freshness.lists.sets;
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
            <PageHeader title="Permission sets" detail=view! { "What each allows, as determined from its policies." }.into_any() />
            <FreshnessNotice freshness now />
            {body}
        }
        .into_any()
    }))
}
<<<<<<< HEAD
=======

fn draw(query: ListQuery, sets: Rows<SetRow>, lists: ListsRead) -> AnyView {
    if sets.total == 0 && lists.sets == Knowledge::NeverRead {
        return view! { <NotKnown what="The list of permission sets" /> }.into_any();
    }
    if sets.total == 0 && query.words.is_empty() && query.only.is_none() {
        return view! { <Empty title="No permission sets" icon=Glyph::PermissionSets>"Identity Center permission sets appear after the first read."</Empty> }
            .into_any();
    }
    let filters = chips_of(&FILTERS);
    let place = (&sets).into();
    let table = (sets.pages() == 1 && query.words.is_empty()).then_some("sets");
    let bar = view! { <ListBar path="/permission-sets" query=query.clone() chips=filters label="Search permission sets" table=table /> {by_capability(&query)} };
    if sets.total == 0 {
        return view! { {bar} <EmptyFiltered noun="permission sets" clear_href="/permission-sets" /> }.into_any();
    }
    let columns = vec![
        Column::new("Name"),
        Column::new("Capabilities"),
        Column::new("Session").numeric().wide_only(),
        Column::new("People").numeric(),
        Column::new("Accounts").numeric(),
        Column::new("Production PCI").numeric(),
    ];
    let rows = sets.rows.into_iter().map(row).collect_view();
    view! {
        {bar}
        <div data-card>
            <Table caption="Permission sets" columns id="sets">{rows}</Table>
            {pages(place, "permission sets", move |page| list_href("/permission-sets", &query.words, query.only.as_deref(), page))}
        </div>
    }
    .into_any()
}

/// Renders the filters by capability, folded unless one of them is on. *Unknown* is among the other filters.
fn by_capability(query: &ListQuery) -> AnyView {
    let filters = Capability::ALL
        .into_iter()
        .filter(|capability| *capability != Capability::Unknown)
        .map(|capability| {
            let label = match capability {
                Capability::Metadata => "Metadata only",
                other => other.label(),
            };
            Chip::new(capability.as_str(), label)
        });
    let filters: Vec<Chip> = filters.collect();
    let open = filters
        .iter()
        .any(|filter| query.only.as_deref() == Some(filter.only.as_str()));
    view! {
        <details data-fold data-more-filters open=open>
            <summary>"Filter by capability"</summary>
            {chips("/permission-sets", query, filters)}
        </details>
    }
    .into_any()
}

/// Formats a session duration.
pub fn session(seconds: u32) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (hours, 0) => format!("{hours} h"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn row(row: SetRow) -> impl IntoView {
    let SetRow {
        set,
        description,
        session_seconds,
        accounts,
        production_pci,
        people,
        outdated,
    } = row;
    let outdated = match outdated {
        Figure::Known(0) | Figure::NotKnown => None,
        Figure::Known(1) => Some("Needs reprovisioning in 1 account".to_owned()),
        Figure::Known(some) => Some(format!("Needs reprovisioning in {some} accounts")),
    };
    let outdated = outdated.map(|label| view! { <StatusBadge status=Status::Drift label /> });
    let allows = if set.capabilities.is_empty() {
        view! { <span class="text-muted">"Allows nothing"</span> }.into_any()
    } else {
        view! { <CapabilityList capabilities=set.capabilities.clone() /> }.into_any()
    };
    let guarded = if production_pci > 0 {
        "font-semibold"
    } else {
        "text-muted"
    };
    let href = format!("/permission-sets/{}", set.key());
    view! {
        <tr>
            <th scope="row">
                <a href=href>{set.name}</a>
                {description.map(|text| view! { <div class="text-muted text-xs font-normal max-w-[48ch]">{text}</div> })}
            </th>
            <td><span class="inline-flex flex-wrap items-center gap-x-3">{allows} {outdated}</span></td>
            <td data-numeric data-wide>{session(session_seconds)}</td>
            <td data-numeric>{people.to_string()}</td>
            <td data-numeric>{accounts.to_string()}</td>
            <td data-numeric><span class={guarded}>{production_pci.to_string()}</span></td>
        </tr>
    }
}
>>>>>>> e673c350
