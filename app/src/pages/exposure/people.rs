//! The people who are most exposed, two lines each: their page has the rest.

use domain::snapshot::Figure;
use leptos::prelude::*;

use super::REACHING;
use crate::{
    backend::{ExposedPerson, SetRef},
    components::{
        CapabilityBadge, Column, Empty, Glyph, Narrow, NotKnown, PersonLink, Section, Table,
        directory_link,
    },
};

/// The number of permission sets named in a row.
const SETS: usize = 2;

/// Renders the section.
pub(super) fn people(exposed: Vec<ExposedPerson>, total: Figure) -> AnyView {
    let title = "People with access";
    if exposed.is_empty() && total == Figure::NotKnown {
        return view! { <Section title><NotKnown what="Who can reach production PCI" /></Section> }
            .into_any();
    }
    if exposed.is_empty() {
        return view! {
            <Section title>
                <Empty title="No one can reach production PCI" icon=Glyph::Shield>"People with temporary access appear here until it ends."</Empty>
            </Section>
        }
        .into_any();
    }
    let all = match total {
        Figure::Known(total) => format!("All {total}"),
        Figure::NotKnown => "All that are known".to_owned(),
    };
    let columns = vec![
        Column::new("Person"),
        Column::new("Permission sets"),
        Column::new("Accounts").numeric(),
        Column::new("Paths"),
    ];
    let rows = exposed.into_iter().map(person).collect_view();
    view! {
        <Section title detail="to production PCI, most exposed first" actions=view! { <a href=REACHING>{all}</a> }.into_any()>
            <Table caption="People who can reach production PCI" columns id="exposed" narrow=Narrow::Cards>{rows}</Table>
        </Section>
    }
    .into_any()
}

fn person(person: ExposedPerson) -> impl IntoView {
    let ExposedPerson {
        user,
        title,
        accounts: _,
        account_count,
        sets,
        set_count,
        paths,
        direct,
        standing,
    } = person;
    let way = match (paths, direct) {
        (Figure::NotKnown, _) => "Paths not known".to_owned(),
        (Figure::Known(1), 1) => "Assigned directly".to_owned(),
        (Figure::Known(1), _) => "Through a group".to_owned(),
        (Figure::Known(n), 0) => format!("{n}, all through groups"),
        (Figure::Known(n), d) if n == d => format!("{n}, all direct"),
        (Figure::Known(n), d) => format!("{n}, {d} direct"),
    };
    // Standing access is the rule as long as there is any, so the exception is marked.
    let ends =
        (!standing).then(|| view! { <div class="text-muted text-xs">"All of it ends"</div> });
    let named = sets.len().min(SETS);
    let more = match set_count {
        Figure::Known(count) if count > named => Some(format!("+{}", count - named)),
        Figure::Known(_) => None,
        Figure::NotKnown => Some("and others that are not known".to_owned()),
    };
    let last = named.saturating_sub(1);
    let sets = sets.into_iter().take(SETS).enumerate();
    let sets = sets
        .map(|(at, one)| {
            let more = more.clone().filter(|_| at == last);
            view! { <li>{set(one, more)}</li> }
        })
        .collect_view();
    let href = format!("/people/{}?only=production-pci", user.id);
    view! {
        <tr>
            <th scope="row">
                <PersonLink user />
                {title.map(|title| view! { <div class="text-muted text-xs font-normal">{title}</div> })}
            </th>
            <td data-label="Permission sets"><ul data-plain data-worst>{sets}</ul></td>
            <td data-label="Accounts" data-numeric>{account_count.to_string()}</td>
            <td data-label="Paths"><a href=href>{way}</a> {ends}</td>
        </tr>
    }
}

/// Renders a permission set with the most dangerous of what it allows. The number of others stays on the line of that.
fn set(set: SetRef, more: Option<String>) -> impl IntoView {
    let link = directory_link(format!("/permission-sets/{}", set.key()), set.name);
    let worst = set.capabilities.into_iter().next();
    view! {
        {link}
        <span class="inline-flex items-center gap-x-2 text-muted text-xs">
            {worst.map(|capability| view! { <CapabilityBadge capability /> })}
            {more.map(|more| view! { <span class="whitespace-nowrap">{more}</span> })}
        </span>
    }
}
