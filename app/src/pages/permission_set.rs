//! A permission set: its facts, what production PCI makes of it, what it allows, the accounts in which it is assigned, and its
//! policies. Read-only.

mod capabilities;

use domain::{
    permission_set::{Boundary, analysis::Analysis},
    snapshot::{Figure, Knowledge},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{AccountRef, Freshness, ListQuery, PolicyView, PortResult, SetAccountRow, SetView},
    components::{
        AbsoluteTime, AccountLink, Column, Crumb, Empty, EmptyFiltered, FreshnessNotice, Glyph,
        Narrow, NotKnown, Notice, PageHeader, PolicyAnchors, Section, SeverityBadge,
        StatementContext, Status, StatusBadge, Table, ledger_link, list_href, pages, policy_texts,
    },
    lists::{
        entries::ABOUT,
        id, number,
        permission_sets::{session, session_limit, violations},
    },
    routes::{Page, Visit},
};

use super::Part;

/// The number of accounts among which nobody searches.
const UNSEARCHED: usize = 10;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let key: String = visit.param("key")?;
    let set = visit.backend.permission_set(&key).await?;
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let query = super::list_query(&visit);
    let title = set.set.name.clone();
    Ok(Page::new(title, move || draw(set, freshness, &query, now)))
}

fn draw(view: SetView, freshness: Freshness, query: &ListQuery, now: Timestamp) -> AnyView {
    let SetView {
        set,
        description,
        analysis,
        needs,
        against_standing,
        boundary_note,
        policies,
        boundary,
        session_seconds,
        hash,
        holds,
        assignments,
        people,
        catalogue,
        outdated,
    } = view;
    let base = format!("/permission-sets/{}", set.key());
    let unprovisioned = holds.iter().filter(|row| row.outdated).count();
    let (held, lacking) = (held(&holds), lacking_approval(&holds));
    let entries = ledger_link(
        ABOUT,
        set.arn.key(),
        "All entries of the ledger about this permission set",
    );
    let sessions = session(session_seconds);
    let policies = by_danger(policies, &analysis);
    let anchors = PolicyAnchors::of(&policies);
    let verdict = capabilities::verdict(
        &set,
        &analysis,
        &anchors,
        needs,
        &sessions,
        against_standing,
        (held, lacking),
    );
    let context = StatementContext {
        analysis: &analysis,
        deciding: capabilities::deciding(&analysis, needs),
    };
    let texts = self::policies(policies, context, boundary);
    let facts = facts(Facts {
        sessions,
        limit: session_limit(session_seconds),
        accounts: assignments.figure(holds.len()),
        people,
    });
    let identified_by = identifiers(set.arn.to_string(), hash);
    let severity = set.capabilities.first().map(|worst| worst.severity());
    let severity = severity.map(|severity| view! { <SeverityBadge severity /> }.into_any());
    let detail = match description {
        Some(text) => view! { "Description in AWS: “" {text} "”" }.into_any(),
        None => "No description in AWS".into_any(),
    };
    view! {
        <PageHeader
            title=set.name.clone()
            crumbs=vec![Crumb::new("/permission-sets", "Permission sets")]
            marks=severity.into_any()
            detail=detail
        />
        {facts}
        <FreshnessNotice freshness now />
        {(unprovisioned > 0)
            .then(|| {
                view! {
                    <Notice status=Status::Drift title=format!("Provisioning out of date in {unprovisioned} of {} accounts", holds.len())>
                        "Those accounts need reprovisioning: they still grant the earlier permissions, which are not shown below."
                    </Notice>
                }
            })}
        {verdict}
        {capabilities::allowed(analysis, outdated, boundary_note, anchors)}
        {self::holds(holds, assignments, &base, query, now)}
        {texts}
        {entries}
        {identified_by}
        <p data-provenance>{capabilities::evaluated_with(&catalogue)}</p>
    }
    .into_any()
}

/// How far a permission set reaches, in one line below its name.
struct Facts {
    sessions: String,
    /// The longest session that is possible in production PCI, if those of the set are longer.
    limit: Option<String>,
    accounts: Figure,
    people: Figure,
}

fn facts(facts: Facts) -> AnyView {
    let Facts {
        sessions,
        limit,
        accounts,
        people,
    } = facts;
    let sessions = match limit {
        None => sessions.into_any(),
        Some(limit) => {
            let label = format!("{sessions}, {limit} in production PCI");
            view! { <StatusBadge status=Status::Pending label /> }.into_any()
        }
    };
    view! {
        <dl data-set-facts>
            <div><dt>"People"</dt><dd>{people.to_string()}</dd></div>
            <div><dt>"Accounts"</dt><dd>{accounts.to_string()}</dd></div>
            <div><dt>"Session duration"</dt><dd>{sessions}</dd></div>
        </dl>
    }
    .into_any()
}

/// Renders by what a permission set and its content are told from others.
fn identifiers(arn: String, hash: String) -> AnyView {
    let short: String = hash.chars().take(12).collect();
    view! {
        <dl data-set-facts>
            <div><dt>"ARN"</dt><dd>{id(arn, "the ARN")}</dd></div>
            <div><dt>"Content hash"</dt><dd><code title=hash>{short}</code></dd></div>
        </dl>
    }
    .into_any()
}

/// Returns the policies with the one first that gives the most dangerous capability.
fn by_danger(mut policies: Vec<PolicyView>, analysis: &Analysis) -> Vec<PolicyView> {
    // Findings are ordered by capability.
    policies.sort_by_key(|view| {
        let mut findings = analysis.findings.iter();
        let first = findings.position(|finding| finding.policy == view.policy);
        first.unwrap_or(usize::MAX)
    });
    policies
}

/// Names the production PCI accounts in which somebody has the permission set.
fn held(holds: &[SetAccountRow]) -> Vec<AccountRef> {
    let held = holds
        .iter()
        .filter(|row| row.account.class.counts_as_production_pci() && row.principals > 0);
    held.map(|row| row.account.clone()).collect()
}

/// Names the production PCI accounts in which somebody has the permission set without the approval that would permit it.
fn lacking_approval(holds: &[SetAccountRow]) -> Vec<AccountRef> {
    let lacking = holds
        .iter()
        .filter(|row| matches!(row.unapproved, Some(Figure::Known(some)) if some > 0));
    lacking.map(|row| row.account.clone()).collect()
}

/// Renders the policies.
fn policies(
    policies: Vec<PolicyView>,
    context: StatementContext<'_>,
    boundary: Option<Boundary>,
) -> AnyView {
    if policies.is_empty() && boundary.is_none() {
        return view! {
            <Section title="Policies">
                <Empty title="No policies" icon=Glyph::PermissionSets>"A permission set without policies grants no permissions."</Empty>
            </Section>
        }
        .into_any();
    }
    let boundary = boundary.map(|boundary| {
        let name = match boundary {
            Boundary::Managed(arn) => arn,
            Boundary::Customer(policy) => {
                format!("{}{}, in each account", policy.path, policy.name)
            }
        };
        view! { <p>"Permissions boundary " <code class="break-all">{name}</code></p> }
    });
    let count = policies.len().to_string();
    let texts = policy_texts(policies, context);
    view! {
        <Section title="Policies" detail=count><div data-body class="grid gap-4">{texts} {boundary}</div></Section>
    }
    .into_any()
}

fn holds(
    rows: Vec<SetAccountRow>,
    known: Knowledge,
    base: &str,
    query: &ListQuery,
    now: Timestamp,
) -> AnyView {
    if rows.is_empty() && known == Knowledge::NeverRead {
        return view! { <Section title="Accounts"><NotKnown what="Where this permission set is assigned" /></Section> }.into_any();
    }
    if rows.is_empty() {
        return view! {
            <Section title="Accounts">
                <Empty title="No accounts" icon=Glyph::Accounts>"This permission set is not assigned in any account."</Empty>
            </Section>
        }
        .into_any();
    }
    let all = rows.len();
    let part = Part::of(rows, query, |row| {
        format!("{} {}", row.account.name, row.account.id)
    });
    let search = if all > UNSEARCHED || !query.words.is_empty() {
        super::search_box(base, query, "Filter accounts")
    } else {
        ().into_any()
    };
    let Part { rows, place } = part;
    let same = same_time(&rows);
    let read = same.map(|minute| format!("as of {minute} UTC"));
    let approvals = Approvals::of(&rows);
    let body = if rows.is_empty() {
        view! { <EmptyFiltered noun="accounts" clear_href=base.to_owned() /> }.into_any()
    } else {
        let mut columns = vec![
            Column::new("Account"),
            Column::new("Version"),
            Column::new("Assignments").numeric(),
            Column::new("People").numeric(),
            Column::new("Violations").note(Some(WHERE)).numeric(),
        ];
        if approvals == Approvals::Missing {
            columns.push(
                Column::new("Only approval missing")
                    .note(Some(WHERE))
                    .numeric(),
            );
        }
        if read.is_none() {
            columns.push(Column::new("As of").wide_only());
        }
        let times = read.is_none().then_some(now);
        let lines = rows
            .into_iter()
            .map(|row| holding(row, approvals, times))
            .collect_view();
        let (href, words) = (base.to_owned(), query.words.clone());
        view! {
            <Table caption="Accounts with this permission set" columns id=capabilities::ACCOUNTS narrow=Narrow::Cards>{lines}</Table>
            {pages(place, "accounts", move |page| list_href(&href, &words, None, page))}
        }
        .into_any()
    };
    view! { <Section title="Accounts" detail=read.unwrap_or_default() actions=search>{body}</Section> }.into_any()
}

/// Where violations and missing approvals are counted.
const WHERE: &str = "in production PCI";

/// Whether a column says which assignments lack an approval: not where it is known that none does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Approvals {
    Missing,
    Given,
}

impl Approvals {
    fn of(rows: &[SetAccountRow]) -> Self {
        let mut counted = rows.iter().filter_map(|row| row.unapproved);
        if counted.any(|count| count != Figure::Known(0)) {
            Self::Missing
        } else {
            Self::Given
        }
    }
}

/// Renders a number of assignments that lack an approval.
fn unapproved(count: Figure) -> AnyView {
    match count {
        Figure::Known(some) if some > 0 => {
            view! { <b data-tone data-status=Status::Pending.token()>{some}</b> }.into_any()
        }
        figure => number(figure),
    }
}

/// Renders one account. Its time is shown if it is not that of all.
fn holding(row: SetAccountRow, approvals: Approvals, times: Option<Timestamp>) -> AnyView {
    let against = row.violations.map_or_else(not_counted, violations);
    let missing = (approvals == Approvals::Missing).then(|| {
        let count = row.unapproved.map_or_else(not_counted, unapproved);
        let noun = found(
            row.unapproved,
            " only lacks an approval",
            " only lack an approval",
        );
        view! { <td data-numeric data-label="Only approval missing">{count} {noun}</td> }
    });
    let assignments = Some(Figure::Known(row.principals));
    let content = if row.outdated {
        view! { <StatusBadge status=Status::Drift label="Provisioning out of date" /> }.into_any()
    } else {
        view! { <StatusBadge status=Status::Ok label="Latest" /> }.into_any()
    };
    let at = row.as_of;
    let time = times.map(|now| view! { <td data-wide><AbsoluteTime at now /></td> });
    view! {
        <tr>
            <th scope="row"><AccountLink account=row.account /></th>
            <td data-label="Version">{content}</td>
            <td data-numeric data-label="Assignments">{row.principals} {noun(assignments, " assignment", " assignments")}</td>
            <td data-numeric data-label="People">{row.people.to_string()} {noun(Some(row.people), " person", " people")}</td>
            <td data-numeric data-label="Violations">{against} {found(row.violations, " violation", " violations")}</td>
            {missing}
            {time}
        </tr>
    }
    .into_any()
}

/// Renders what a number counts, for a card, where no head says it.
fn noun(count: Option<Figure>, one: &'static str, several: &'static str) -> AnyView {
    let words = if count == Some(Figure::Known(1)) {
        one
    } else {
        several
    };
    view! { <span data-noun>{words}</span> }.into_any()
}

/// As [`noun`], for what a card leaves out if there is none or it is not counted.
fn found(count: Option<Figure>, one: &'static str, several: &'static str) -> Option<AnyView> {
    let is_some = !matches!(count, None | Some(Figure::Known(0)));
    is_some.then(|| noun(count, one, several))
}

/// Returns the minute in which all rows were read, if it is one.
fn same_time(rows: &[SetAccountRow]) -> Option<String> {
    let mut minutes = rows.iter().map(|row| row.as_of.minute());
    let first = minutes.next()?;
    minutes.all(|minute| minute == first).then_some(first)
}

/// Renders that violations are not counted outside production PCI.
fn not_counted() -> AnyView {
    view! {
        <span class="text-muted" title="Counted in production PCI only. The page of the account evaluates its access.">
            <span aria-hidden="true">"–"</span>
            <span class="sr-only">"Not counted"</span>
        </span>
    }
    .into_any()
}
