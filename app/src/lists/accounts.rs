//! The list of accounts: how each is classified, who reaches it, and what is wrong there.

use std::sync::Arc;

use domain::{
    classification::{Classification, Environment, Pci},
    ids::{AccountId, UserId},
    org::AccountState,
    snapshot::Figure,
    time::Timestamp,
    verdict::Tally,
};
use leptos::prelude::*;

use super::{
    Bound, Cell, Column, DrawContext, Filter, FilterOption, List, Paging, Selecting, SortKey,
    console_link, copy, id, muted, number, row_links,
};
use crate::{
    backend::{ACCOUNT, AccountRow, DeclarationMark, UserRef},
    components::{
        AccountStateMark, EnvironmentBadge, PciBadge, PersonLink, Status, StatusBadge, WaitingMark,
        account_state_words, doubt, environment_name, pci_name,
    },
};

/// What accounts are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct AccountFacts {
    pub id: AccountId,
    /// The name, the number and the e-mail address, one line each, in lower case.
    pub text: Arc<str>,
    pub class: Classification,
    pub state: Option<AccountState>,
    /// The owner by the declaration in force, with the name in lower case.
    pub owner: Option<(UserId, Arc<str>)>,
    pub people: Figure,
    pub standing: Figure,
    /// None outside production PCI, where assignments are evaluated only when the account page is opened.
    pub findings: Option<Figure<Tally>>,
    /// The policies that assignments in it violate.
    pub rules: Arc<[String]>,
    pub declaration: DeclarationMark,
    /// The end of the declaration in force.
    pub declared_until: Option<Timestamp>,
}

impl AccountFacts {
    fn tally(&self) -> Tally {
        self.findings.and_then(Figure::known).unwrap_or_default()
    }

    fn counted(&self, count: fn(Tally) -> usize) -> SortKey<'_> {
        match self.findings {
            Some(Figure::Known(tally)) => SortKey::figure(Figure::Known(count(tally))),
            Some(Figure::NotKnown) | None => SortKey::Missing,
        }
    }
}

/// The filters and values to which other pages lead.
pub const SCOPE: &str = "scope";
pub const PRODUCTION_PCI: &str = "production-pci";
pub const FINDINGS: &str = "findings";
pub const VIOLATIONS: &str = "violations";
pub const POLICY: &str = "policy";
pub const OWNER: &str = "owner";
pub const ENVIRONMENT: &str = "environment";
pub const CLASSIFICATION: &str = "classification";
/// Accounts that wait for a confirmation.
pub const WAITING: &str = "waiting";
pub const DECLARATION: &str = "declaration";
/// Accounts that are declared otherwise than their role, tags and OUs say.
pub const DECLARED_OTHERWISE: &str = "otherwise";
/// Accounts whose declaration ends soon or has ended.
pub const TO_CONFIRM: &str = "to-confirm";

/// Creates the option of an environment or PCI scope.
macro_rules! classified {
    ($half:ident, $value:path, $name:literal, $label:literal) => {
        FilterOption::new($name, $label, |account: &AccountFacts| {
            account.class.$half == $value
        })
    };
}

const fn column(key: &'static str, label: &'static str) -> Column<AccountFacts, AccountRow> {
    Column::new(key, label)
}

pub static ACCOUNTS: List<AccountFacts, AccountRow> = List {
    path: "/accounts",
    nouns: ("account", "accounts"),
    order: "Most exposed first",
    default: None,
    columns: &[
        column("name", "Name")
            .always()
            .sorts(|account| SortKey::text(account.text.split('\n').next().unwrap_or_default()))
            .cell(name)
            .value(|row| Cell::Text(row.account.name.clone())),
        column("id", "Number")
            .on_request()
            .sorts(|account| SortKey::Text(account.id.as_str()))
            .cell(|row, _| id(row.account.id.to_string(), "the number"))
            .value(|row| Cell::Text(row.account.id.to_string())),
        column("environment", "Environment")
            .sorts(|account| SortKey::Number(account.class.environment as i64))
            .cell(|row, _| {
                view! { <EnvironmentBadge environment=row.account.class.environment /> }.into_any()
            })
            .value(|row| row.account.class.environment.as_str().into()),
        column("pci", "PCI scope")
            .sorts(|account| SortKey::Number(account.class.pci as i64))
            .cell(|row, _| match row.account.class.pci {
                Pci::Out => muted("Out of scope"),
                pci => view! { <PciBadge pci /> }.into_any(),
            })
            .value(|row| row.account.class.pci.as_str().into()),
        column("owner", "Owner")
            .on_request()
            .sorts(|account| {
                let owner = account.owner.as_ref();
                owner.map_or(SortKey::Missing, |(_, name)| SortKey::text(name))
            })
            .cell(|row, _| owner(row.owner.as_ref()))
            .value(|row| {
                row.owner
                    .as_ref()
                    .map_or(Cell::Nothing, |owner| Cell::Text(owner.name.clone()))
            }),
        column("people", "People")
            .numeric()
            .sorts(|account| SortKey::figure(account.people))
            .cell(|row, _| number(row.people))
            .value(|row| row.people.into()),
        column("standing", "Standing")
            .numeric()
            .sorts(|account| SortKey::figure(account.standing))
            .cell(|row, _| number(row.standing))
            .value(|row| row.standing.into()),
        column("violations", "Violations")
            .numeric()
            .sorts(|account| account.counted(|tally| tally.against))
            .cell(|row, _| {
                counted(
                    row.findings.map(|found| found.map(|tally| tally.against)),
                    Status::Danger,
                )
            })
            .value(|row| found(row.findings, |tally| tally.against)),
        column("unapproved", "Unapproved")
            .numeric()
            .sorts(|account| account.counted(|tally| tally.unapproved))
            .cell(|row, _| {
                counted(
                    row.findings
                        .map(|found| found.map(|tally| tally.unapproved)),
                    Status::Pending,
                )
            })
            .value(|row| found(row.findings, |tally| tally.unapproved)),
        column("declaration", "Declared until")
            .on_request()
            .sorts(|account| {
                account
                    .declared_until
                    .map_or(SortKey::Missing, |at| SortKey::Number(at.0))
            })
            .cell(|row, _| match row.declared_until {
                Some(at) => at.minute()[..10].to_owned().into_any(),
                None => muted("Not declared"),
            })
            .value(|row| Cell::time(row.declared_until)),
        column("state", "State")
            .on_request()
            .sorts(|account| SortKey::text(account_state_words(account.state).unwrap_or("")))
            .cell(|row, _| match account_state_words(row.account.state) {
                Some(_) => view! { <AccountStateMark state=row.account.state /> }.into_any(),
                None => muted("Active"),
            })
            .value(|row| {
                row.account
                    .state
                    .map_or(Cell::Nothing, |state| state.as_str().into())
            }),
        column("links", "Links")
            .always()
            .in_table()
            .cell(|row, context| {
                let account = &row.account;
                row_links(vec![
                    copy(
                        account.id.to_string(),
                        &format!("the number of {}", account.name),
                    ),
                    console_link(context.console.account(&account.id), &account.name),
                ])
            }),
    ],
    filters: &[
        Filter::options(
            ENVIRONMENT,
            "Environment",
            &[
                classified!(
                    environment,
                    Environment::Management,
                    "management",
                    "Management"
                ),
                classified!(environment, Environment::Security, "security", "Security"),
                classified!(
                    environment,
                    Environment::Production,
                    "production",
                    "Production"
                ),
                classified!(environment, Environment::Staging, "staging", "Staging"),
                classified!(
                    environment,
                    Environment::Development,
                    "development",
                    "Development"
                ),
                classified!(environment, Environment::Sandbox, "sandbox", "Sandbox"),
            ],
        ),
        Filter::options(
            "pci",
            "PCI scope",
            &[
                classified!(pci, Pci::In, "in", "In scope"),
                classified!(pci, Pci::Connected, "connected", "Connected"),
                classified!(pci, Pci::Out, "out", "Out of scope"),
            ],
        ),
        Filter::options(
            SCOPE,
            "Production PCI",
            &[
                FilterOption::new(
                    PRODUCTION_PCI,
                    "Counts as production PCI",
                    |account: &AccountFacts| account.class.counts_as_production_pci(),
                ),
                FilterOption::new("other", "Does not", |account| {
                    !account.class.counts_as_production_pci()
                }),
            ],
        ),
        Filter::options(
            FINDINGS,
            "Findings",
            &[
                FilterOption::new(VIOLATIONS, "Violations", |account: &AccountFacts| {
                    account.tally().against > 0
                }),
                FilterOption::new("unapproved", "Unapproved", |account| {
                    account.tally().unapproved > 0
                }),
            ],
        ),
        Filter::offered(
            POLICY,
            "Violated policy",
            |value| value.len() <= 100,
            |account: &AccountFacts, value| account.rules.iter().any(|rule| rule == value),
        ),
        Filter::options(
            CLASSIFICATION,
            "Classification",
            &[
                FilterOption::new(
                    "unclassified",
                    "Not classified",
                    |account: &AccountFacts| account.class.is_assumed(),
                ),
                FilterOption::new("contradictory", "Contradictory", |account| {
                    account.class.contradictory
                }),
                FilterOption::new(WAITING, "Waits for confirmation", |account| {
                    account.class.waiting.is_some()
                }),
            ],
        ),
        Filter::options(
            DECLARATION,
            "Declaration",
            &[
                FilterOption::new("declared", "Declared", |account: &AccountFacts| {
                    account.declared_until.is_some()
                }),
                FilterOption::new("undeclared", "Not declared", |account| {
                    account.declared_until.is_none()
                }),
                FilterOption::new(
                    DECLARED_OTHERWISE,
                    "Declared otherwise than tagged",
                    |account| crate::backend::is_declared_otherwise(&account.class),
                ),
                FilterOption::new(TO_CONFIRM, "To confirm", |account| {
                    account.declaration == DeclarationMark::ToConfirm
                }),
            ],
        ),
        Filter::day(
            "declared-until",
            "Declared until",
            Bound::Until,
            |account: &AccountFacts| account.declared_until,
        ),
        Filter::offered(
            OWNER,
            "Owner",
            |value| UserId::parse(value).is_ok(),
            |account: &AccountFacts, value| {
                account
                    .owner
                    .as_ref()
                    .is_some_and(|(owner, _)| owner.as_str() == value)
            },
        ),
    ],
    text: |account| &account.text,
    paging: Paging::ByNumber,
};

fn name(row: &AccountRow, context: &DrawContext) -> AnyView {
    let account = row.account.clone();
    let class = account.class;
    // The label is a strip beside the link, so that a finger does not open the account by mistake.
    let select = (context.selecting == Selecting::Offered).then(|| {
        let label = format!("Select {}", account.name);
        view! {
            <label data-select><input type="checkbox" name=ACCOUNT value=account.id.to_string() aria-label=label /></label>
        }
    });
    let title = format!(
        "{}, {}",
        environment_name(class.environment),
        pci_name(class.pci)
    );
    let unevaluated = row.findings == Some(Figure::NotKnown);
    view! {
        {select}
        <span data-name title=title>
            <a href=format!("/accounts/{}", account.id)>{account.name}</a>
            <span class="text-muted font-mono text-xs font-normal">{account.id.to_string()}</span>
            {doubt(&class).map(|label| view! { <StatusBadge status=Status::Drift label /> })}
            {unevaluated.then(|| view! { <StatusBadge status=Status::Drift label="Not read completely" /> })}
            {declaration_mark(row.declaration)}
            <WaitingMark class />
            <AccountStateMark state=account.state />
        </span>
    }
    .into_any()
}

fn owner(owner: Option<&UserRef>) -> AnyView {
    match owner {
        Some(user) => view! { <PersonLink user=user.clone() /> }.into_any(),
        None => ().into_any(),
    }
}

/// A number of findings: a badge if there are some, and nothing where none are evaluated.
fn counted(count: Option<Figure>, status: Status) -> AnyView {
    match count {
        None => view! { <span class="text-muted" title="Evaluated on the page of the account">"–"</span> }.into_any(),
        Some(Figure::Known(some)) if some > 0 => {
            view! { <StatusBadge status label=some.to_string() /> }.into_any()
        }
        Some(figure) => number(figure),
    }
}

fn found(findings: Option<Figure<Tally>>, count: fn(Tally) -> usize) -> Cell {
    findings.map_or(Cell::Nothing, |found| found.map(count).into())
}

fn declaration_mark(mark: DeclarationMark) -> Option<AnyView> {
    let (status, label) = match mark {
        DeclarationMark::None => return None,
        DeclarationMark::ToConfirm => (Status::Pending, "To confirm"),
        DeclarationMark::Otherwise => (Status::Drift, "Declared otherwise than tagged"),
    };
    Some(view! { <StatusBadge status label /> }.into_any())
}
