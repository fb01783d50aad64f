//! The list of accounts: how each is classified, who reaches it, and what is wrong there.

mod cells;

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

use self::cells::{counted, environment, found, name, owner};
use super::{
    Bound, Cell, Column, Filter, FilterOption, IN_PRODUCTION_PCI, List, Paging, SortKey, access,
    console_link, copy, id, muted, number, row_links,
};
use crate::{
    backend::{AccountRow, DeclarationMark},
    components::{
        AccountStateMark, COUNTED_RULE, CountedMark, PciBadge, Status, account_state_words,
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
    /// None outside production PCI, where assignments are evaluated only when the account page is opened: to keep them for every
    /// account would make each read of AWS evaluate the whole organization.
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
pub const OTHER: &str = "other";
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

const VIOLATION_RULE: &str =
    "Assignments that violate a policy, in the accounts that count as production PCI";
const UNAPPROVED_RULE: &str =
    "Assignments that only lack an approval, in the accounts that count as production PCI";

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
    order: "Production PCI first, most violations first",
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
            .note("and PCI scope")
            .sorts(|account| SortKey::Number(account.class.environment as i64))
            .cell(|row, _| environment(&row.account.class))
            .value(|row| row.account.class.environment.as_str().into()),
        column("pci", "PCI scope")
            .on_request()
            .sorts(|account| SortKey::Number(account.class.pci as i64))
            .cell(|row, _| match row.account.class.pci {
                Pci::Out => muted("Out of scope"),
                pci => view! { <PciBadge pci /> }.into_any(),
            })
            .value(|row| row.account.class.pci.as_str().into()),
        column("production_pci", "Production PCI")
            .rule(COUNTED_RULE)
            .newest_first()
            .sorts(|account| SortKey::Number(i64::from(account.class.counts_as_production_pci())))
            .cell(|row, _| {
                let class = row.account.class;
                if class.counts_as_production_pci() {
                    view! { <CountedMark class /> }.into_any()
                } else {
                    muted("No")
                }
            })
            .value(|row| Cell::YesNo(row.account.class.counts_as_production_pci())),
        column("violations", "Violations")
            .note(IN_PRODUCTION_PCI)
            .rule(VIOLATION_RULE)
            .numeric()
            .sorts(|account| account.counted(|tally| tally.against))
            .cell(|row, _| {
                let count = row.findings.map(|found| found.map(|tally| tally.against));
                counted(count, Status::Danger, &row.account.id, access::VIOLATIONS)
            })
            .value(|row| found(row.findings, |tally| tally.against)),
        column("unapproved", "Only approval missing")
            .note(IN_PRODUCTION_PCI)
            .rule(UNAPPROVED_RULE)
            .numeric()
            .sorts(|account| account.counted(|tally| tally.unapproved))
            .cell(|row, _| {
                let count = row
                    .findings
                    .map(|found| found.map(|tally| tally.unapproved));
                counted(count, Status::Pending, &row.account.id, access::UNAPPROVED)
            })
            .value(|row| found(row.findings, |tally| tally.unapproved)),
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
            .note("assignments")
            .numeric()
            .sorts(|account| SortKey::figure(account.standing))
            .cell(|row, _| number(row.standing))
            .value(|row| row.standing.into()),
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
        column("links", "Links").beside_name().cell(|row, context| {
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
        )
        .folded(),
        Filter::options(
            SCOPE,
            "Production PCI",
            &[
                FilterOption::new(
                    PRODUCTION_PCI,
                    "Counts as production PCI",
                    |account: &AccountFacts| account.class.counts_as_production_pci(),
                ),
                FilterOption::new(OTHER, "Does not", |account| {
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
                FilterOption::new("unapproved", "Only approval missing", |account| {
                    account.tally().unapproved > 0
                }),
            ],
        ),
        Filter::offered(
            POLICY,
            "Violated policy",
            |value| value.len() <= 100,
            |account: &AccountFacts, value| account.rules.iter().any(|rule| rule == value),
        )
        .folded(),
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
        )
        .folded(),
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
        )
        .folded(),
        Filter::day(
            "declared-until",
            "Declared until",
            Bound::Until,
            |account: &AccountFacts| account.declared_until,
        )
        .folded(),
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
        )
        .folded(),
    ],
    text: |account| &account.text,
    paging: Paging::ByNumber,
};
