//! An account: the people who reach it, assignment by assignment, policy findings, and its classification.

mod access;
mod classification;
mod tiles;

use domain::{authorize::Action, ids::AccountId, time::Timestamp};
use leptos::prelude::*;

use super::Proposing;
use crate::{
    backend::{
        AccountView, AccountWrites, ChangeForm, Freshness, PersonAccessRow, PortResult, Refused,
        SetRef,
    },
    components::{
        AccountMarks, AccountStateMark, BadgeWeight, Button, ButtonKind, CountedMark, Crumb,
        FreshnessNotice, Glyph, LinkButton, ListView, Notice, PageHeader, RecentChanges, Section,
        SetLink, Status, WaitingClassification, ledger_link,
    },
    lists::{
        ListChoice, ListPlace,
        access::{ACCESS, ACCESS_HEADING, AccessFacts},
        entries::ACCOUNT,
    },
    routes::{Page, Visit},
};

use self::access::Offers;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: AccountId = visit.param("id")?;
    let account = visit.backend.account(&id).await?;
    let (choice, dropped) = ListChoice::parse(&ACCESS, &visit.url);
    let page = visit.backend.account_access(&id, &choice).await?;
    let list = ListView {
        list: &ACCESS,
        page,
        choice,
        dropped,
        context: super::draw_context(&visit),
    };
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        proposes: visit
            .backend
            .may(Action::Propose)
            .map_err(domain::authorize::Denial::reason),
        asks: visit.backend.may(Action::ProposeOwn).is_ok(),
    };
    let title = account.account.name.clone();
    Ok(Page::new(title, move || draw(account, list, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    proposes: Result<(), &'static str>,
    asks: bool,
}

fn draw(
    view: AccountView,
    list: ListView<AccessFacts, PersonAccessRow>,
    context: PageContext,
) -> AnyView {
    let AccountView {
        account,
        units,
        tags,
        sources,
        readings,
        changed,
        declaration,
        rows,
        assignments,
        findings,
        not_found,
        people,
        changes,
        ended,
        ended_listed,
        writes,
        grants_refused,
    } = view;
    let PageContext {
        freshness,
        now,
        proposes,
        asks,
    } = context;
    let proposing = match proposes {
        Ok(()) => Proposing::Offered,
        Err(_) => Proposing::NotAllowed,
    };
    let offers = Offers { proposing, now };
    let actions = actions(&account.id, grants_refused, proposes, asks);
    let notice = declaration
        .as_ref()
        .map(|declaration| classification::notices(declaration, account.class));
    let detail = view! {
        <span class="font-mono">{account.id.to_string()}</span>
        {(!units.is_empty()).then(|| format!(" · {}", units.join(" / ")))}
    }
    .into_any();
    let place = ListPlace {
        page: format!("/accounts/{}", account.id),
        files: format!("/accounts/{}/access", account.id),
    };
    let policies = access::policies(&rows, &place.page);
    let found = policies
        .is_some()
        .then_some(("Policy findings", access::POLICIES));
    let parts = [
        Some(("Access", ACCESS_HEADING)),
        found,
        Some(("Classification", classification::ID)),
    ];
    let contents = contents(parts.into_iter().flatten());
    let known = (assignments, findings, people);
    let tiles = tiles::tiles(&rows, known, &place.page);
    let standing = rows.iter().filter(|row| row.ends.is_none()).count();
    let standing = assignments.figure(standing);
    let waiting = WaitingClassification::of(account.class, changed, people, standing);
    let doubts = classification::doubts(&account, waiting, &readings, proposing, now);
    let facts = classification::ClassificationFacts {
        sources,
        readings,
        declaration,
        tags,
    };
    let classification = classification::section(account.class, facts, now);
    view! {
        <PageHeader
            title=account.name.clone()
            crumbs=vec![Crumb::new("/accounts", "Accounts")]
            marks=view! { <AccountMarks class=account.class /> <CountedMark class=account.class weight=BadgeWeight::Pill /> <AccountStateMark state=account.state /> }.into_any()
            detail
            actions
        />
        <FreshnessNotice freshness now />
        {(writes == AccountWrites::FromItselfOnly).then(from_itself_only)}
        {notice}
        {doubts}
        {(!not_found.is_empty()).then(|| not_found_notice(not_found))}
        {contents}
        {tiles}
        {access::people_section(list, &place, assignments, rows, offers)}
        {policies}
        {access::ended_section(ended, ended_listed, now)}
        {classification}
        {(!changes.is_empty())
            .then(|| view! { <Section title="Changes" detail="the last ten"><RecentChanges changes now /></Section> })}
        {ledger_link(ACCOUNT, account.id.as_str(), "All entries of the ledger about this account")}
    }
    .into_any()
}

/// Renders links to the parts of the page: their labels and ids.
fn contents(parts: impl Iterator<Item = (&'static str, &'static str)>) -> AnyView {
    let links = parts
        .map(|(label, id)| view! { <li><a href=format!("#{id}")>{label}</a></li> })
        .collect_view();
    view! { <nav data-contents aria-label="On this page"><ul>{links}</ul></nav> }.into_any()
}

/// Renders the links to the forms of changes to the account.
fn actions(
    account: &AccountId,
    refused: Option<Refused>,
    proposes: Result<(), &'static str>,
    asks: bool,
) -> AnyView {
    let new = ChangeForm {
        account: account.to_string(),
        ..ChangeForm::default()
    }
    .href();
    let actions = match (proposes, asks) {
        (Ok(()), _) | (Err(_), true) if refused.is_some() => {
            let reason = refused.map(|refused| refused.title).unwrap_or_default();
            view! { <Button disabled_reason=reason>"Grant access"</Button> }.into_any()
        }
        (Ok(()), _) => view! { <LinkButton href=new icon=Glyph::Plus>"Grant access"</LinkButton> }.into_any(),
        (Err(_), true) => view! { <LinkButton href=new kind=ButtonKind::Primary icon=Glyph::Plus>"Request access"</LinkButton> }.into_any(),
        (Err(reason), false) => view! { <Button disabled_reason=reason>"Grant access"</Button> }.into_any(),
    };
    if proposes.is_ok() {
        let href = format!("/changes/classify?account={account}");
        view! { <LinkButton href>"Classify"</LinkButton> {actions} }.into_any()
    } else {
        actions
    }
}

/// Renders why AWS may reject changes to the account.
fn from_itself_only() -> AnyView {
    view! {
        <Notice status=Status::Info title="AWS may reject changes to this account">
            "This is the management account. AWS does not let a delegated administrator change assignments in it. Leastwise can change them only if it runs in the management account."
        </Notice>
    }
    .into_any()
}

/// Renders why the assignments of some permission sets are not shown as they are now.
fn not_found_notice(sets: Vec<SetRef>) -> AnyView {
    let sets = sets
        .into_iter()
        .map(|set| view! { <li><SetLink set /></li> })
        .collect_view();
    view! {
        <Notice status=Status::Info title="AWS lists permission sets in this account and does not find the account">
            "The account is closed, suspended or not in the organization, so that nobody can sign in to it through Identity Center. Who is assigned can be read again when the account is active. Assignments that were read earlier are shown."
            <ul>{sets}</ul>
        </Notice>
    }
    .into_any()
}
