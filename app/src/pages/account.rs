//! An account: its assignments, the people who reach it through them, policy findings, and its classification.

mod access;
mod classification;
mod tiles;

use domain::{
    authorize::Action,
    classification::{Classification, Reading, Source},
    ids::AccountId,
    time::Timestamp,
};
use leptos::prelude::*;

use super::Proposing;
use crate::{
    backend::{
        AccountPaths, AccountRef, AccountView, AccountWrites, ChangeForm, Freshness, PathCounts,
        PersonAccessRow, PortResult, Refused, SetRef, classification_reason, reading_rows,
    },
    components::{
        AccountMarks, AccountStateMark, BadgeWeight, Button, ButtonKind, Column, CountedMark,
        Crumb, Definition, DefinitionList, FreshnessNotice, Glyph, LinkButton, ListView, Notice,
        PageHeader, RecentChanges, Section, SetLink, Status, Table, account_state_words,
        environment_name, ledger_link, pci_name, source_words,
    },
    lists::{
        ListChoice, ListPlace,
        access::{ACCESS, AccessFacts},
        entries::ACCOUNT,
    },
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: AccountId = visit.param("id")?;
    let account = visit.backend.account(&id).await?;
    let (choice, dropped) = ListChoice::parse(&ACCESS, &visit.url);
    let AccountPaths { page, counts } = visit.backend.account_access(&id, &choice).await?;
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
        counts,
    };
    let title = account.account.name.clone();
    Ok(Page::new(title, move || draw(account, list, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    proposes: Result<(), &'static str>,
    asks: bool,
    counts: PathCounts,
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
        counts,
    } = context;
    let actions = actions(&account.id, grants_refused, proposes, asks);
    let declared =
        declaration.map(|declaration| classification::declared(declaration, account.class, now));
    let (notice, declared) = declared.unzip();
    let detail = view! {
        <span class="font-mono">{account.id.to_string()}</span>
        {(!units.is_empty()).then(|| format!(" · {}", units.join(" / ")))}
    }
    .into_any();
    let place = ListPlace {
        page: format!("/accounts/{}", account.id),
        files: format!("/accounts/{}/access", account.id),
    };
    let policies = access::policies(&rows, &counts, &place.page);
    let fixed = proposes.is_ok().then(|| access::fixed(&rows)).flatten();
    let proposing = match proposes {
        Ok(()) => Proposing::Offered,
        Err(_) => Proposing::NotAllowed,
    };
    let known = (assignments, findings, people);
    let tiles = tiles::tiles(&rows, &counts, known, account.class, &place.page);
    let facts = facts(&account, tags, sources);
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
        {classification::doubts(&account, &readings)}
        {(!not_found.is_empty()).then(|| not_found_notice(not_found))}
        {tiles}
        {access::assigned(rows, proposing, now)}
        {access::people_section(list, &place, assignments, fixed)}
        {policies}
        {access::ended_section(ended, ended_listed, now)}
        <Section title="Facts"><div data-body>{facts}</div></Section>
        {declared}
        {classified(&account.class, &readings)}
        {(!changes.is_empty())
            .then(|| view! { <Section title="Changes" detail="the last ten"><RecentChanges changes now /></Section> })}
        {ledger_link(ACCOUNT, account.id.as_str(), "All entries of the ledger about this account")}
    }
    .into_any()
}

/// Returns a number of paths, as the list counts them.
fn path_words(count: usize) -> String {
    match count {
        1 => "1 path".to_owned(),
        some => format!("{some} paths"),
    }
}

/// Returns a number of assignments, in words.
fn assignment_words(count: usize) -> String {
    match count {
        1 => "1 assignment".to_owned(),
        some => format!("{some} assignments"),
    }
}

/// Renders what the account is, and where that comes from.
fn facts(
    account: &AccountRef,
    tags: Vec<(String, String)>,
    (environment, pci): (Source, Source),
) -> AnyView {
    let (class, state) = (account.class, account.state);
    view! {
        <DefinitionList>
            <Definition term="Environment">{environment_name(class.environment)} <span class="text-muted">", " {source_words(environment)}</span></Definition>
            <Definition term="PCI DSS">{pci_name(class.pci)} <span class="text-muted">", " {source_words(pci)}</span></Definition>
            <Definition term="State in AWS">{account_state_words(state).unwrap_or("Active")}</Definition>
            {tags
                .into_iter()
                .map(|(key, value)| view! { <Definition term=format!("Tag {key}")>{value}</Definition> })
                .collect_view()}
        </DefinitionList>
    }
    .into_any()
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
        (Ok(()), _) => view! { <LinkButton href=new kind=ButtonKind::Primary icon=Glyph::Plus>"Grant access"</LinkButton> }.into_any(),
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

/// Renders what each source says, and why the account is classified as it is.
fn classified(class: &Classification, readings: &[Reading]) -> AnyView {
    let reason = classification_reason(class, readings);
    let columns = vec![
        Column::new("Source"),
        Column::new("Environment"),
        Column::new("PCI DSS"),
    ];
    let lines = reading_rows(readings)
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row" class="break-words">{row.source}</th>
                    <td>{row.environment.unwrap_or_else(|| "–".to_owned())}</td>
                    <td>{row.pci.unwrap_or_else(|| "–".to_owned())}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Section title="Classification" detail="the strictest reading counts">
            <Table caption="What role, tags and OUs say about this account" columns>{lines}</Table>
            <p data-note>{reason}</p>
        </Section>
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
