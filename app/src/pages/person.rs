//! A person: every assignment by which they reach an account, and their directory data.

mod access;

use domain::{
    authorize::Action,
    directory::Origin,
    ids::{Principal, UserId},
    snapshot::{Figure, Knowledge},
    time::Timestamp,
    verdict::Tally,
};
use leptos::prelude::*;

use crate::{
    backend::{
        AccountStatus, ChangeForm, Freshness, HitView, ListQuery, PathRow, PersonView, PortResult,
        UserRef,
    },
    components::{
        AccountStatusMark, BadgeWeight, ButtonKind, Crumb, Definition, DefinitionList,
        FreshnessNotice, Glyph, LinkButton, Notice, PageHeader, RecentChanges, Section, Stat,
        Stats, Status, StatusBadge, directory_link, ledger_link, path_diagram,
    },
    lists::{ListChoice, entries::ABOUT, identities::IDENTITIES},
    routes::{Page, Visit},
};

use super::{
    Proposing,
    exposure::bad,
    filters::{UnknownFilter, holds, known_query},
    finding_stats::{FindingStats, of_assignments},
};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let id: UserId = visit.param("id")?;
    let person = visit.backend.person(&id).await?;
    let own = visit.backend.viewer().await?.user.as_ref() == Some(&id);
    let (query, unknown) = known_query(&visit, |only| holds(&access::FILTERS, only));
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        directory: visit.backend.may(Action::SeeDirectory).is_ok(),
        proposing: Proposing::of(&visit),
        asks: own && visit.backend.may(Action::ProposeOwn).is_ok(),
        query,
        unknown,
    };
    let title = person.user.name.clone();
    Ok(Page::new(title, move || draw(person, context)))
}

struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    directory: bool,
    proposing: Proposing,
    asks: bool,
    query: ListQuery,
    unknown: Option<UnknownFilter>,
}

fn draw(person: PersonView, context: PageContext) -> AnyView {
    let PersonView {
        user,
        user_name,
        email,
        title,
        origin,
        groups,
        paths,
        known,
        findings,
        accounts,
        production_pci,
        changes,
    } = person;
    let PageContext {
        freshness,
        now,
        directory,
        proposing,
        asks,
        query,
        unknown,
    } = context;
    let base = format!("/people/{}", user.id);
    let new = ChangeForm::grant_to(&Principal::User(user.id.clone())).href();
    // More access is seldom what this page is opened for, except by somebody who looks at their own.
    let offer = match proposing {
        Proposing::Offered => Some(("Grant access", ButtonKind::Secondary)),
        Proposing::NotAllowed => asks.then_some(("Request access", ButtonKind::Primary)),
    };
    let actions = offer.map(|(words, kind)| {
        view! { <LinkButton href=new kind icon=Glyph::Plus>{words}</LinkButton> }
    });
    let tiles = tiles(&base, (accounts, production_pci), &paths, (known, findings));
    let disabled = disabled_with_access(&user, &paths);
    let crumbs = if directory {
        vec![Crumb::new("/people", "People")]
    } else {
        Vec::new()
    };
    let member_of = member_of(groups, known);
    let identity = directory.then(|| identity(&user));
    let diagram = diagram(&user, &paths, &base);
    let list = access::section(
        paths,
        known,
        &access::Context {
            base: &base,
            user: &user,
            query: &query,
            proposing,
            now,
        },
    );
    let entries = ledger_link(
        ABOUT,
        user.id.as_str(),
        "All entries of the ledger by or about this person",
    );
    view! {
        <PageHeader
            title=user.name.clone()
            crumbs
            marks=state(user.status)
            detail=view! { <span data-parts>{title.map(|title| view! { <span>{title}</span> })} <span>{user_name}</span></span> }.into_any()
            actions=actions.into_any()
        />
        {unknown.map(UnknownFilter::notice)}
        <FreshnessNotice freshness now />
        {disabled}
        {tiles}
        {diagram}
        {list}
        <Section title="Directory">
            <div data-body>
                <DefinitionList>
                    <Definition term="Email">{email.unwrap_or_else(|| "None".into())}</Definition>
                    <Definition term="Managed by">{origin_words(origin)}</Definition>
                    <Definition term="User ID"><span class="font-mono text-xs">{user.id.to_string()}</span></Definition>
                    <Definition term="Groups">{member_of}</Definition>
                    {identity}
                </DefinitionList>
            </div>
        </Section>
        {(!changes.is_empty())
            .then(|| view! { <Section title="Changes" detail="the last ten"><RecentChanges changes now /></Section> })}
        {entries}
    }
    .into_any()
}

/// Renders the key figures: accounts, and assignments as parts of all of them. A person holds each assignment by one path.
fn tiles(
    base: &str,
    (accounts, production_pci): (Figure, Figure),
    paths: &[PathRow],
    (known, findings): (Knowledge, Knowledge),
) -> AnyView {
    let all_paths = known.figure(paths.len());
    let standing = known.figure(paths.iter().filter(|path| path.ends.is_none()).count());
    let tally = Tally::of(paths.iter().map(|path| HitView::strictest(&path.hits)));
    let against = findings.figure(tally.against);
    let unapproved = findings.figure(tally.unapproved);
    // Lists count findings in production PCI only.
    let guarded = paths
        .iter()
        .filter(|path| path.account.class.counts_as_production_pci());
    let guarded = guarded.map(|path| HitView::strictest(&path.hits));
    let guarded = findings.figure(Tally::of(guarded));
    let only = |filter: &str| format!("{base}?only={filter}");
    // The children of a component outlive this function.
    let all = base.to_owned();
    let links = ["production-pci", "standing", "findings", "unapproved"].map(only);
    let [guarded_href, standing_href, against_href, unapproved_href] = links;
    let of_accounts = match accounts {
        Figure::Known(1) => "of 1 account".to_owned(),
        Figure::Known(accounts) => format!("of {accounts} accounts"),
        Figure::NotKnown => "accounts, not all of them read".to_owned(),
    };
    // Where all access is standing, the list below says it once.
    let is_mixed = known == Knowledge::NeverRead || paths.iter().any(|path| path.ends.is_some());
    let standing = is_mixed.then(|| {
        let detail = of_assignments(all_paths);
        view! { <Stat label="Standing" value=standing.to_string() href=standing_href detail /> }
            .into_any()
    });
    view! {
        <div data-tile-rows>
        <Stats>
            <Stat label="Accounts" value=accounts.to_string() href=all detail="reached by any path" />
            <Stat label="Production PCI" value=production_pci.to_string() href=guarded_href detail=of_accounts status=bad(production_pci) />
            {standing}
            <FindingStats all=all_paths against against_href unapproved unapproved_href guarded />
        </Stats>
        </div>
    }
    .into_any()
}

fn disabled_with_access(user: &UserRef, paths: &[PathRow]) -> Option<AnyView> {
    let holds = user.status == AccountStatus::Disabled && !paths.is_empty();
    holds.then(|| {
        view! {
            <Notice status=Status::Pending title="Disabled user with assigned access">
                "Assignments of a disabled user remain and take effect again when the user is enabled. Remove access that is no longer needed."
            </Notice>
        }
        .into_any()
    })
}

/// Renders whether the user can sign in to AWS.
fn state(status: AccountStatus) -> AnyView {
    let (badge, label) = match status {
        AccountStatus::Enabled => (Status::Ok, "Enabled"),
        AccountStatus::Disabled => (Status::Off, "Disabled"),
        AccountStatus::Gone | AccountStatus::NotRead => {
            return view! { <AccountStatusMark status /> }.into_any();
        }
    };
    view! { <StatusBadge status=badge label weight=BadgeWeight::Pill /> }.into_any()
}

/// Renders a link to the identity that signs in to Leastwise as this user.
fn identity(user: &UserRef) -> AnyView {
    let href = ListChoice {
        words: user.name.clone(),
        ..ListChoice::default()
    }
    .href(IDENTITIES.path);
    view! { <Definition term="Sign-in to Leastwise"><a href=href>"View the identity"</a></Definition> }
        .into_any()
}

/// Renders the groups. Known is whether these are all.
fn member_of(groups: Vec<(String, String)>, known: Knowledge) -> AnyView {
    match (groups.is_empty(), known) {
        (true, Knowledge::Read) => return "None".into_any(),
        (true, Knowledge::NeverRead) => return "Not known".into_any(),
        (false, _) => {}
    }
    let groups = groups
        .into_iter()
        .map(|(id, name)| {
            let name = directory_link(format!("/groups/{id}"), name);
            view! { <li>{name}</li> }
        })
        .collect_view();
    view! { <ul data-plain>{groups}</ul> }.into_any()
}

/// Returns where a user or a group is managed, for display.
pub fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::IdentityCenter => "Identity Center",
        Origin::External => "Identity provider, which may overwrite changes made through AWS",
    }
}

/// Renders the paths as a diagram. What the filters of the list leave out stays in it.
fn diagram(user: &UserRef, paths: &[PathRow], base: &str) -> Option<AnyView> {
    if paths.is_empty() {
        return None;
    }
    let guards = |path: &PathRow| path.account.class.counts_as_production_pci();
    let detail = if paths.iter().any(guards) {
        "A shield marks production PCI."
    } else {
        ""
    };
    let drawn = path_diagram(user, paths, base);
    Some(view! { <Section title="How they reach accounts" detail>{drawn}</Section> }.into_any())
}
