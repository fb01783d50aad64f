//! An account as it stands everywhere: name, number, and what it is in shape and word. Says what the
//! classification says; never works it out.

use domain::classification::{Classification, Environment, Pci, Source};
use leptos::prelude::*;

use super::{BadgeWeight, EnvironmentBadge, PciBadge, Status, StatusBadge};
use crate::backend::AccountRef;

/// The environment's name, for headings and sentences.
pub const fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Sandbox => "Sandbox",
        Environment::Development => "Development",
        Environment::Staging => "Staging",
        Environment::Production => "Production",
        Environment::Security => "Security",
        Environment::Management => "Management",
    }
}

/// PCI scope, for headings and sentences.
pub const fn pci_name(pci: Pci) -> &'static str {
    match pci {
        Pci::In => "In PCI scope",
        Pci::Connected => "Connected",
        Pci::Out => "Out of scope",
    }
}

/// Where half of a classification was learned, in words.
pub const fn source_words(source: Source) -> &'static str {
    match source {
        Source::Role => "its part in the organization",
        Source::Tag => "its tag",
        Source::Ou => "the name of its unit",
        Source::Record => "the record, stricter than what AWS says now",
        Source::Nothing => "nothing, so the strictest is assumed",
    }
}

/// Whether half of a classification was only assumed.
pub fn unclassified(class: &Classification) -> bool {
    class.environment_source == Source::Nothing || class.pci_source == Source::Nothing
}

/// Environment and PCI scope, and a mark where nothing tells what the account is.
#[component]
pub fn AccountMarks(
    /// What it is.
    class: Classification,
) -> impl IntoView {
    let assumed = unclassified(&class)
        .then(|| view! { <StatusBadge status=Status::Drift label="Unclassified" weight=BadgeWeight::Pill /> });
    view! {
        <EnvironmentBadge environment=class.environment />
        <PciBadge pci=class.pci />
        {assumed}
    }
    .into_any()
}

/// Whether names lead to the pages of the directory. Pages for who may not open those provide `Nowhere`,
/// so that nobody is sent to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leads {
    /// They do.
    #[default]
    Everywhere,
    /// They are words.
    Nowhere,
}

/// A name that leads to a page of the directory, if this person may open it.
pub fn directory_link(href: String, name: String) -> AnyView {
    match use_context::<Leads>().unwrap_or_default() {
        Leads::Everywhere => view! { <a href=href>{name}</a> }.into_any(),
        Leads::Nowhere => view! { <span class="font-medium">{name}</span> }.into_any(),
    }
}

/// Link, number and marks, for a cell. The twelve digits always stand beside the name.
#[component]
pub fn AccountLink(
    /// Which.
    account: AccountRef,
) -> impl IntoView {
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(format!("/accounts/{}", account.id), account.name)}
            <span class="text-muted font-mono text-xs">{account.id.to_string()}</span>
            <span class="inline-flex items-center gap-x-1"><AccountMarks class=account.class /></span>
        </span>
    }
    .into_any()
}

/// A few accounts by name, and how many more there are.
#[component]
pub fn AccountNames(
    /// The first of them.
    accounts: Vec<AccountRef>,
    /// How many there are in all.
    total: usize,
) -> impl IntoView {
    let more = total.saturating_sub(accounts.len());
    let links = accounts
        .into_iter()
        .enumerate()
        .map(|(place, account)| {
            view! {
                {(place > 0).then_some(", ")}
                <span title=format!("Account {}", account.id)>
                    {directory_link(format!("/accounts/{}", account.id), account.name)}
                </span>
            }
        })
        .collect_view();
    view! { {links} {(more > 0).then(|| view! { <span class="text-muted">{format!(" and {more} more")}</span> })} }.into_any()
}
