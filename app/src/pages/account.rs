//! An account: its assignments, the people who reach it through them, policy findings, and its classification.

mod classification;

use std::collections::BTreeMap;

use domain::{
    authorize::Action,
    classification::{Classification, Reading},
    ids::AccountId,
    org::AccountState,
    snapshot::{Figure, Knowledge},
    time::Timestamp,
    verdict::Tally,
};
use leptos::prelude::*;

use super::{
    Part, Proposing,
    exposure::{bad, wanting},
};
use crate::{
    backend::{
        AccessRow, AccountView, AccountWrites, ChangeForm, Freshness, HitView, ListQuery,
        PortResult, PrincipalRef, SetRef, classification_reason, reading_rows,
    },
    components::{
        AccountMarks, AccountStateMark, Button, ButtonKind, Column, Crumb, Day, Definition,
        DefinitionList, Empty, EmptyFiltered, FreshnessNotice, Glyph, HitWords, Hits, LinkButton,
        NotKnown, Notice, PageHeader, PersonLink, PrincipalLink, RecentChanges, Section, SetLink,
        Stat, Stats, Status, StatusBadge, Table, Time, environment_name, ledger_link, list_href,
        pages, pci_name, relative, source_words,
    },
    lists::entries::ACCOUNT,
    routes::{Page, Visit},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: AccountId = visit.param("id")?;
    let account = visit.backend.account(&id).await?;
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        proposes: visit
            .backend
            .may(Action::Propose)
            .map_err(domain::authorize::Denial::reason),
        asks: visit.backend.may(Action::ProposeOwn).is_ok(),
        query: super::list_query(&visit),
    };
    let title = account.account.name.clone();
    Ok(Page::new(title, move || draw(account, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    proposes: Result<(), &'static str>,
    asks: bool,
    query: ListQuery,
}

fn draw(view: AccountView, context: PageContext) -> AnyView {
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
        writes,
    } = view;
    let PageContext {
        freshness,
        now,
        proposes,
        asks,
        query,
    } = context;
    let actions = actions(&account.id, proposes, asks);
    let declared =
        declaration.map(|declaration| classification::declared(declaration, account.class, now));
    let (notice, declared) = declared.unzip();
    let detail = view! {
        <span class="font-mono">{account.id.to_string()}</span>
        {(!units.is_empty()).then(|| format!(" · {}", units.join(" / ")))}
    }
    .into_any();
    let guarded = account.class.counts_as_production_pci();
    let standing = rows.iter().filter(|row| row.ends.is_none()).count();
    let temporary = assignments.figure(rows.len() - standing);
    let standing = assignments.figure(standing);
    let tally = Tally::of(rows.iter().map(|row| HitView::strictest(&row.hits)));
    let against = findings.figure(tally.against);
    let unapproved = findings.figure(tally.unapproved);
    let exposed = if guarded { bad(standing) } else { Status::Off };
    let said = rules(&rows);
    let base = format!("/accounts/{}", account.id);
    let judged = if guarded {
        "Production PCI"
    } else {
        "Not production PCI"
    };
    let facts = view! {
        <DefinitionList>
            <Definition term="Environment">{environment_name(account.class.environment)} <span class="text-muted">", " {source_words(sources.0)}</span></Definition>
            <Definition term="PCI DSS">{pci_name(account.class.pci)} <span class="text-muted">", " {source_words(sources.1)}</span></Definition>
            <Definition term="Evaluated as">{judged}</Definition>
            <Definition term="State in AWS">{account.state.map_or("not in the organization", AccountState::as_str)}</Definition>
            {tags
                .into_iter()
                .map(|(key, value)| view! { <Definition term=format!("Tag {key}")>{value}</Definition> })
                .collect_view()}
        </DefinitionList>
    };
    view! {
        <PageHeader
            title=account.name.clone()
            crumbs=vec![Crumb::new("/accounts", "Accounts")]
            marks=view! { <AccountMarks class=account.class /> <AccountStateMark state=account.state /> }.into_any()
            detail
            actions
        />
        <FreshnessNotice freshness now />
        {(writes == AccountWrites::FromItselfOnly).then(from_itself_only)}
        {notice}
        {classification::doubts(&account, &readings)}
        {(!not_found.is_empty()).then(|| not_found_notice(not_found))}
        <Stats>
            <Stat label="People" value=people.to_string() href="#access" detail="can reach it" />
            <Stat label="Standing" value=standing.to_string() href="#access" detail="permanent assignments" status=exposed />
            <Stat label="Temporary" value=temporary.to_string() href="#access" detail="assignments with an end" />
            <Stat label="Policy violations" value=against.to_string() href="#rules" detail="assignments" status=bad(against) />
            <Stat label="Approval missing" value=unapproved.to_string() href="#rules" detail="assignments that only lack an approval" status=wanting(unapproved) />
        </Stats>
        <div id="access">{access(rows, assignments, &base, proposes, now, &query)}</div>
        <div id="rules">{said}</div>
        <Section title="Facts"><div data-body>{facts}</div></Section>
        {declared}
        {classified(&account.class, &readings)}
        {(!changes.is_empty())
            .then(|| view! { <Section title="Changes" detail="the last ten"><RecentChanges changes now /></Section> })}
        {ledger_link(ACCOUNT, account.id.as_str(), "All entries of the ledger about this account")}
    }
    .into_any()
}

/// Renders the links to the forms of changes to the account.
fn actions(account: &AccountId, proposes: Result<(), &'static str>, asks: bool) -> AnyView {
    let new = ChangeForm {
        account: account.to_string(),
        ..ChangeForm::default()
    }
    .href();
    let actions = match (proposes, asks) {
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

/// Renders each policy with findings on this account, with the number of assignments concerned.
fn rules(rows: &[AccessRow]) -> AnyView {
    let mut found: BTreeMap<&str, (&HitView, usize)> = BTreeMap::new();
    for hit in rows.iter().flat_map(|row| &row.hits) {
        let (worst, count) = found.entry(&hit.rule).or_insert((hit, 0));
        if hit.outcome > worst.outcome {
            *worst = hit;
        }
        *count += 1;
    }
    if found.is_empty() {
        return ().into_any();
    }
    let mut found: Vec<(&HitView, usize)> = found.into_values().collect();
    found.sort_by(|(a, n), (b, m)| {
        b.outcome
            .cmp(&a.outcome)
            .then(m.cmp(n))
            .then(a.rule.cmp(&b.rule))
    });
    let columns = vec![Column::new("Reason"), Column::new("Assignments").numeric()];
    let lines = found
        .into_iter()
        .map(|(hit, count)| {
            view! {
                <tr>
                    <th scope="row" data-reason-cell><HitWords hit=hit.clone() /></th>
                    <td data-numeric>{count}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Section title="Policy findings" detail="existing access to this account">
            <Table caption="Policy findings on existing access to this account" columns>{lines}</Table>
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

fn access(
    rows: Vec<AccessRow>,
    known: Knowledge,
    base: &str,
    proposes: Result<(), &'static str>,
    now: Timestamp,
    query: &ListQuery,
) -> AnyView {
    if rows.is_empty() && known == Knowledge::NeverRead {
        return view! { <Section title="Who has access"><NotKnown what="Who is assigned to this account" /></Section> }.into_any();
    }
    if rows.is_empty() {
        return view! {
            <Section title="Who has access">
                <Empty title="No assignments" icon=Glyph::People>"Assignments made through Leastwise or in AWS appear here."</Empty>
            </Section>
        }
        .into_any();
    }
    let oldest = rows.iter().map(|row| row.as_of).min().unwrap_or_default();
    let asked = format!("Read from AWS {}", relative(oldest, now));
    let part = Part::of(rows, query, text);
    let search = super::search_box(base, query, "Filter access");
    let Part { rows, place } = part;
    let clear = base.to_owned();
    if rows.is_empty() {
        return view! {
            <Section title="Who has access" actions=search><EmptyFiltered noun="assignments" clear_href=clear /></Section>
        }
        .into_any();
    }
    let columns = vec![
        Column::new("Permission set"),
        Column::new("Assigned to"),
        Column::new("Since").wide_only(),
        Column::new("Ends"),
        Column::new("Policy status"),
        Column::new("Action").unlabelled(),
    ];
    let proposing = match proposes {
        Ok(()) => Proposing::Offered,
        Err(_) => Proposing::NotAllowed,
    };
    let lines = rows
        .into_iter()
        .map(|row| line(row, proposing, now).into_any())
        .collect_view();
    let (href, words) = (base.to_owned(), query.words.clone());
    view! {
        <Section title="Who has access" detail=asked actions=search>
            <Table caption="Who has access, by permission set" columns id="who">{lines}</Table>
            {pages(place, "assignments", move |page| list_href(&href, &words, None, page))}
        </Section>
    }
    .into_any()
}

/// Returns the text that a search matches.
fn text(row: &AccessRow) -> String {
    let who = match &row.principal {
        PrincipalRef::User(user) => user.name.as_str(),
        PrincipalRef::Group { name, .. } => name.as_str(),
        PrincipalRef::Orphan(principal) | PrincipalRef::NotRead(principal) => principal.id(),
    };
    let people: Vec<&str> = row.people.iter().map(|user| user.name.as_str()).collect();
    format!("{} {who} {}", row.set.name, people.join(" "))
}

/// The maximum number of people named in one row. Groups of thousands are assigned in most accounts of a large
/// organization.
const NAMED: usize = 100;

fn line(row: AccessRow, proposing: Proposing, now: Timestamp) -> impl IntoView {
    let AccessRow {
        set,
        principal,
        people,
        since,
        as_of,
        ends,
        change,
        outdated,
        hits,
        removal,
    } = row;
    let behind = match &principal {
        PrincipalRef::Group { members, .. } if *members != 0 => {
            let count = match members {
                Figure::Known(1) => "1 person".to_owned(),
                Figure::Known(members) => format!("{members} people"),
                Figure::NotKnown => "Members not known".to_owned(),
            };
            let more = people.len().saturating_sub(NAMED);
            let more = (more > 0).then(|| {
                view! { <li class="text-muted">{format!("and {more} more, on the page of the group")}</li> }
            });
            let list = people
                .into_iter()
                .take(NAMED)
                .map(|user| view! { <li><PersonLink user /></li> })
                .collect_view();
            Some(
                view! { <details data-fold><summary>{count}</summary><ul data-plain>{list}{more}</ul></details> },
            )
        }
        _ => None,
    };
    let ends = match ends {
        Some(at) => view! { <Time at now /> }.into_any(),
        None => view! { <span class="text-muted">"Never"</span> }.into_any(),
    };
    let asked = format!("Read from AWS at {} UTC", as_of.minute());
    let remove = (proposing == Proposing::Offered)
        .then(|| view! { <a href=removal.href() data-kind="quiet">"Remove"</a> });
    view! {
        <tr>
            <th scope="row">
                <SetLink set />
                {outdated.then(|| view! { <div><StatusBadge status=Status::Drift label="Provisioning out of date" /></div> })}
            </th>
            <td><PrincipalLink principal /> {behind}</td>
            <td data-wide>
                <span title=asked><Day at=since /></span>
                {change.map(|change| view! { <div><a href=format!("/changes/{change}")>"by this change"</a></div> })}
            </td>
            <td>{ends}</td>
            <td data-reason-cell><Hits hits /></td>
            <td data-numeric>{remove}</td>
        </tr>
    }
}
