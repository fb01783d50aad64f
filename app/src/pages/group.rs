//! A group: its assignments and its members.

use domain::{
    authorize::Action,
    directory::Origin,
    ids::{Assignment, GroupId, Pair, Principal},
    permission_set::analysis::labels::counted,
    snapshot::Knowledge,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{
        ChangeForm, Freshness, GroupAccessRow, GroupView, ListQuery, PortResult, Refused, UserRef,
    },
    components::{
        AccountLink, Button, ButtonKind, Column, Crumb, Day, Empty, EmptyFiltered, FreshnessNotice,
        Glyph, Hits, LinkButton, Narrow, NotKnown, Notice, PageHeader, PersonLink, RowAction,
        Section, SetLink, Status, StatusBadge, Table, clock_time, ledger_link, list_href, pages,
    },
    lists::entries::ABOUT,
    routes::{Page, Visit},
};

use super::Part;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: GroupId = visit.param("id")?;
    let group = visit.backend.group(&id).await?;
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        proposes: visit.backend.may(Action::Propose).is_ok(),
        opens: super::list_query(&visit),
        members: ListQuery {
            words: visit.query("member").trim().chars().take(200).collect(),
            only: None,
            page: visit
                .query("members")
                .parse()
                .ok()
                .filter(|page| *page > 0)
                .unwrap_or(1),
        },
    };
    let title = group.name.clone();
    Ok(Page::new(title, move || draw(group, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    proposes: bool,
    opens: ListQuery,
    members: ListQuery,
}

/// Whether the page offers to remove members.
enum MemberRemoval {
    /// The viewer may not propose changes.
    NotAllowed,
    /// It is offered, or it would always be refused for a reason.
    Offered(Option<Refused>),
}

fn draw(group: GroupView, context: PageContext) -> AnyView {
    let GroupView {
        id,
        name,
        description,
        origin,
        members,
        members_as_of,
        members_fixed,
        opens,
        assignments,
    } = group;
    let PageContext {
        freshness,
        now,
        proposes,
        opens: opens_query,
        members: members_query,
    } = context;
    let base = format!("/groups/{id}");
    let join = ChangeForm::join(&id).href();
    let grant = ChangeForm::grant_to(&Principal::Group(id.clone())).href();
    let actions = proposes.then(|| {
        let add = match &members_fixed {
            None => view! { <LinkButton href=join kind=ButtonKind::Primary icon=Glyph::Person>"Add member"</LinkButton> }.into_any(),
            Some(Refused { title, .. }) => view! { <Button disabled_reason=title.clone()>"Add member"</Button> }.into_any(),
        };
        view! {
            <LinkButton href=grant icon=Glyph::Plus>"Grant access"</LinkButton>
            {add}
        }
    });
    let removal = if proposes {
        MemberRemoval::Offered(members_fixed)
    } else {
        MemberRemoval::NotAllowed
    };
    let external = origin == Origin::External;
    let guarded = opens
        .iter()
        .any(|row| row.account.class.counts_as_production_pci());
    view! {
        <PageHeader
            title=name.clone()
            crumbs=vec![Crumb::new("/groups", "Groups")]
            marks=external.then(|| view! { <StatusBadge status=Status::Off label="From the identity provider" glyph=Glyph::Link /> }).into_any()
            detail=view! { {description.unwrap_or_else(|| "No description".into())} }.into_any()
            actions=actions.into_any()
        />
        <FreshnessNotice freshness now />
        {(external && guarded)
            .then(|| {
                view! {
                    <Notice status=Status::Danger title="The identity provider controls who reaches production PCI through this group">
                        "Members are managed in the identity provider. A person who is added there gains all access listed below without an approval in Leastwise."
                    </Notice>
                }
            })}
        {self::opens(opens, assignments, &base, &opens_query, (&id, &name), proposes)}
        {self::members(members, members_as_of, &base, &members_query, (&id, &name), &removal, now)}
        {ledger_link(ABOUT, id.as_str(), "All entries of the ledger about this group")}
    }
    .into_any()
}

fn opens(
    rows: Vec<GroupAccessRow>,
    known: Knowledge,
    base: &str,
    query: &ListQuery,
    (id, group): (&GroupId, &str),
    removes: bool,
) -> AnyView {
    if rows.is_empty() && known == Knowledge::NeverRead {
        return view! { <Section title="Assignments"><NotKnown what="Part of the assignments" /></Section> }.into_any();
    }
    if rows.is_empty() {
        return view! {
            <Section title="Assignments">
                <Empty title="No assignments" icon=Glyph::Accounts>"This group has no permission set in any account."</Empty>
            </Section>
        }
        .into_any();
    }
    let part = Part::of(rows, query, |row| {
        format!("{} {} {}", row.account.name, row.account.id, row.set.name)
    });
    let search = super::search_box(base, query, "Filter accounts");
    let Part { rows, place } = part;
    let body = if rows.is_empty() {
        view! { <EmptyFiltered noun="assignments" clear_href=base.to_owned() /> }.into_any()
    } else {
        let columns = vec![
            Column::new("Account"),
            Column::new("Permission set"),
            Column::new("First seen").wide_only(),
            Column::new("Policy status"),
            Column::new("Action").unlabelled(),
        ];
        let lines = rows
            .into_iter()
            .map(|row| {
                let remove = ChangeForm::remove(&Assignment {
                    pair: Pair {
                        account: row.account.id.clone(),
                        set: row.set.arn.clone(),
                    },
                    principal: Principal::Group(id.clone()),
                });
                let approve = row.adoption.map(|form| {
                    let object = format!("of {} in {} for {group}", row.set.name, row.account.name);
                    view! { <RowAction label="Request approval" object href=form.href() refused=None /> }
                });
                let object = format!("of {} in {} from {group}", row.set.name, row.account.name);
                let refused = row.refused;
                let actions = removes.then(|| {
                    view! {
                        <span data-row-forms>
                            {approve} <RowAction label="Remove assignment" object href=remove.href() refused />
                        </span>
                    }
                });
                view! {
                    <tr>
                        <th scope="row"><AccountLink account=row.account /></th>
                        <td data-label="Permission set"><SetLink set=row.set /></td>
                        <td data-wide><Day at=row.since /></td>
                        <td data-label="Policy status" data-reason-cell><Hits hits=row.hits /></td>
                        <td data-numeric>{actions}</td>
                    </tr>
                }
            })
            .collect_view();
        let (href, words) = (base.to_owned(), query.words.clone());
        view! {
            <Table caption="Assignments of this group" columns id="opens" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "assignments", move |page| list_href(&href, &words, None, page))}
        }
        .into_any()
    };
    view! { <Section title="Assignments" actions=search>{body}</Section> }.into_any()
}

fn members(
    rows: Vec<UserRef>,
    as_of: Option<Timestamp>,
    base: &str,
    query: &ListQuery,
    (id, group): (&GroupId, &str),
    removal: &MemberRemoval,
    now: Timestamp,
) -> AnyView {
    let read = as_of.map_or_else(
        || "Not read yet".to_owned(),
        |at| {
            let members = counted(rows.len(), "member");
            format!("{members}, read from AWS {}", clock_time(at, now))
        },
    );
    if rows.is_empty() {
        let words = if as_of.is_some() {
            "No members"
        } else {
            "Members have not been read yet"
        };
        return view! {
            <Section title="Members" detail=read>
                <Empty title=words icon=Glyph::People>"Members appear here after the next read."</Empty>
            </Section>
        }
        .into_any();
    }
    let Part { rows, place } = Part::of(rows, query, |user| user.name.clone());
    let columns = vec![Column::new("Person"), Column::new("Action").unlabelled()];
    let lines = rows
        .into_iter()
        .map(|user| {
            let leave = ChangeForm::leave(id, &user.id);
            let object = format!("{group}: {}", user.name);
            let action = match removal {
                MemberRemoval::NotAllowed => None,
                MemberRemoval::Offered(refused) => {
                    let (href, refused) = (leave.href(), refused.clone());
                    Some(view! { <RowAction label="Remove from group" object href refused /> })
                }
            };
            view! {
                <tr>
                    <th scope="row"><PersonLink user /></th>
                    <td data-numeric>{action}</td>
                </tr>
            }
        })
        .collect_view();
    let href = base.to_owned();
    view! {
        <Section title="Members" detail=read>
            <Table caption="Members" columns id="members" narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "members", move |page| format!("{href}?members={page}"))}
        </Section>
    }
    .into_any()
}
