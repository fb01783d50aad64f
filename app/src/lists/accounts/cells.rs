//! The cells of the list of accounts.

use domain::{classification::Classification, ids::AccountId, snapshot::Figure, verdict::Tally};
use leptos::prelude::*;

use crate::{
    backend::{ACCOUNT, AccountRow, DeclarationMark, UserRef},
    components::{
        AccountStateMark, EnvironmentBadge, Glyph, PciBadge, PersonLink, Status, StatusBadge,
        WaitingMark, clamped, doubt, environment_name, pci_name,
    },
    lists::{
        Cell, DrawContext, ListChoice, Selecting,
        access::{ACCESS_HEADING, FINDINGS},
        number,
    },
};

pub(super) fn name(row: &AccountRow, context: &DrawContext) -> AnyView {
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
            <a href=format!("/accounts/{}", account.id)>{clamped(account.name)}</a>
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

pub(super) fn owner(owner: Option<&UserRef>) -> AnyView {
    match owner {
        Some(user) => view! { <PersonLink user=user.clone() /> }.into_any(),
        None => ().into_any(),
    }
}

/// Why an account has no numbers of findings.
const NOT_COUNTED: &str =
    "Counted in production PCI only. The page of the account evaluates its access.";

/// A number of findings in its tone, which leads to the assignments that it counts: there they can be removed or approved.
/// Words where none are counted.
pub(super) fn counted(
    count: Option<Figure>,
    status: Status,
    account: &AccountId,
    findings: &str,
) -> AnyView {
    match count {
        None => {
            view! { <span class="text-muted" title=NOT_COUNTED><span aria-hidden="true">"–"</span><span class="sr-only">"Not counted"</span></span> }.into_any()
        }
        Some(Figure::Known(some)) if some > 0 => {
            let page = format!("/accounts/{account}");
            let list = ListChoice::only(FINDINGS, findings).href(&page);
            let href = format!("{list}#{ACCESS_HEADING}");
            view! { <a href=href data-tone data-status=status.token()>{some}</a> }.into_any()
        }
        Some(figure) => number(figure),
    }
}

/// The environment and the PCI scope, and the less strict environment that AWS reports if that waits for a confirmation.
pub(super) fn environment(class: &Classification) -> AnyView {
    let reported = class.waiting.map(|(reported, _)| reported);
    let reported = reported.filter(|reported| *reported != class.environment);
    let reported = reported.map(|environment| {
        view! { <span data-reported>"AWS says " <EnvironmentBadge environment /></span> }
    });
    // Where there is no room for its column.
    let counts = class.counts_as_production_pci().then(|| {
        view! { <span data-counts><StatusBadge status=Status::Off label="Production PCI" glyph=Glyph::Check /></span> }
    });
    view! {
        <span data-differs>
            <span class="inline-flex items-center gap-x-1">
                <EnvironmentBadge environment=class.environment />
                <PciBadge pci=class.pci />
            </span>
            {reported}
            {counts}
        </span>
    }
    .into_any()
}

pub(super) fn found(findings: Option<Figure<Tally>>, count: fn(Tally) -> usize) -> Cell {
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
