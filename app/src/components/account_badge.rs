//! Links to accounts with their number and classification badges. Displays a classification and never computes one.

use domain::{
    classification::{Classification, Environment, Pci, Source},
    org::AccountState,
    snapshot::Figure,
};
use leptos::prelude::*;

use super::{BadgeWeight, EnvironmentBadge, Glyph, PciBadge, Status, StatusBadge, clamped};
use crate::backend::AccountRef;

/// Returns the name of an environment, for headings and sentences.
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

/// Returns the name of a PCI scope, for headings and sentences.
pub const fn pci_name(pci: Pci) -> &'static str {
    match pci {
        Pci::In => "In PCI scope",
        Pci::Connected => "Connected",
        Pci::Out => "Out of scope",
    }
}

/// Returns the source of an environment or a PCI scope, as the second part of a sentence.
pub const fn source_words(source: Source) -> &'static str {
    match source {
        Source::Role => "from its role in the organization",
        Source::Tag => "from its tag",
        Source::Ou => "from the name of its OU",
        Source::Record => {
            "from the recorded classification, which is stricter than AWS now reports"
        }
        Source::Declared => "as declared",
        Source::NotUnderstood => "not understood, so the strictest value is assumed",
        Source::Nothing => "not classified, so the strictest value is assumed",
    }
}

/// Returns the word for an account whose classification is assumed, or whose tags and OUs say different things.
pub fn doubt(class: &Classification) -> Option<&'static str> {
    match (class.is_assumed(), class.contradictory) {
        (true, _) => Some("Not classified"),
        (false, true) => Some("Contradictory"),
        (false, false) => None,
    }
}

/// The words for an account of which AWS reports a less strict classification than is on record.
pub const WAITS_FOR_CONFIRMATION: &str = "Waits for confirmation";

/// Returns an environment as part of a sentence.
pub fn environment_words(environment: Environment) -> String {
    environment_name(environment).to_lowercase()
}

/// Returns a PCI scope as part of a sentence.
pub const fn pci_words(pci: Pci) -> &'static str {
    match pci {
        Pci::In => "in PCI scope",
        Pci::Connected => "connected",
        Pci::Out => "out of scope",
    }
}

/// Returns a classification as the second part of a sentence, such as "staging, out of scope".
pub fn classification_words((environment, pci): (Environment, Pci)) -> String {
    format!("{}, {}", environment_words(environment), pci_words(pci))
}

/// The environment and PCI badges, and badges for an account that is not classified, contradictory, or waits for a
/// confirmation.
#[component]
pub fn AccountMarks(class: Classification) -> impl IntoView {
    let assumed = doubt(&class)
        .map(|label| view! { <StatusBadge status=Status::Drift label weight=BadgeWeight::Pill /> });
    view! {
        <EnvironmentBadge environment=class.environment />
        <PciBadge pci=class.pci />
        {assumed}
        <WaitingMark class weight=BadgeWeight::Pill />
    }
    .into_any()
}

/// The mark of an account whose less strict classification waits for confirmation; empty for others. Its title says
/// what AWS reports.
#[component]
pub fn WaitingMark(class: Classification, #[prop(optional)] weight: BadgeWeight) -> impl IntoView {
    class.waiting.map(|reported| {
        let title = format!("AWS reports {}", classification_words(reported));
        view! { <span title=title><StatusBadge status=Status::Pending label=WAITS_FOR_CONFIRMATION weight /></span> }
    })
}

/// Which accounts count as production PCI, as a sentence without a full stop: the rule is
/// [`Classification::counts_as_production_pci`].
pub const COUNTED_RULE: &str = "Production accounts in PCI scope, and all security and management accounts, count as production PCI";

/// Returns why an account counts as production PCI; none for one that does not.
fn counted_words(class: &Classification) -> Option<String> {
    class.counts_as_production_pci().then(|| {
        let why = match class.environment {
            Environment::Management => "the management account controls access to production PCI",
            Environment::Security => "a security account controls access to production PCI",
            _ => "a production account in PCI scope",
        };
        format!("Counts as production PCI: {why}")
    })
}

/// The mark of an account that counts as production PCI; empty for others. Its title says why.
#[component]
pub fn CountedMark(class: Classification, #[prop(optional)] weight: BadgeWeight) -> impl IntoView {
    let label = match weight {
        BadgeWeight::Plain => "Yes",
        BadgeWeight::Pill => "Counts as production PCI",
    };
    counted_words(&class).map(|why| {
        view! { <span title=why><StatusBadge status=Status::Off label weight glyph=Glyph::Check /></span> }
    })
}

/// Returns the state of an account that is not in use, for display. An account that is not in the organization has no
/// state.
pub const fn account_state_words(state: Option<AccountState>) -> Option<&'static str> {
    match state {
        Some(AccountState::Active) => None,
        Some(AccountState::PendingActivation) => Some("Being activated"),
        Some(AccountState::Suspended) => Some("Suspended"),
        Some(AccountState::PendingClosure) => Some("Being closed"),
        Some(AccountState::Closed) => Some("Closed"),
        None => Some("Not in the organization"),
    }
}

/// A badge for an account that is not in use; empty for others.
#[component]
pub fn AccountStateMark(
    /// `None` if the account is not in the organization.
    state: Option<AccountState>,
) -> impl IntoView {
    account_state_words(state).map(|label| view! { <StatusBadge status=Status::Off label /> })
}

/// Whether names link to directory pages. `Nowhere` is provided for users without `SeeDirectory`, so that no link leads
/// to an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DirectoryLinks {
    /// Names are links.
    #[default]
    Linked,
    /// Names are plain text.
    PlainText,
}

/// Renders a name as a link to a directory page, or as text if the user may not open it.
pub fn directory_link(href: String, name: String) -> AnyView {
    match use_context::<DirectoryLinks>().unwrap_or_default() {
        DirectoryLinks::Linked => view! { <a href=href>{clamped(name)}</a> }.into_any(),
        DirectoryLinks::PlainText => {
            view! { <span class="font-medium">{clamped(name)}</span> }.into_any()
        }
    }
}

/// A link, the account number and badges, for a table cell. The number always accompanies the name (UI-26).
#[component]
pub fn AccountLink(account: AccountRef) -> impl IntoView {
    view! {
        <span class="inline-flex flex-wrap items-center gap-x-2">
            {directory_link(format!("/accounts/{}", account.id), account.name)}
            <span class="text-muted font-mono text-xs">{account.id.to_string()}</span>
            <span class="inline-flex flex-wrap items-center gap-x-1"><AccountMarks class=account.class /> <AccountStateMark state=account.state /></span>
        </span>
    }
    .into_any()
}

/// The names of a few accounts, and the number of others.
#[component]
pub fn AccountNames(
    accounts: Vec<AccountRef>,
    /// The total number of accounts.
    #[prop(into)]
    total: Figure,
) -> impl IntoView {
    let more = match total {
        Figure::Known(total) => match total.saturating_sub(accounts.len()) {
            0 => None,
            more => Some(format!(" and {more} more")),
        },
        Figure::NotKnown => Some(" and others that are not known".to_owned()),
    };
    let links = accounts
        .into_iter()
        .enumerate()
        .map(|(place, account)| {
            view! {
                {(place > 0).then_some(", ")}
                <span title=format!("Account {}", account.id)>
                    {directory_link(format!("/accounts/{}", account.id), account.name)}
                </span>
                {account_state_words(account.state).is_some().then(|| view! { " " <AccountStateMark state=account.state /> })}
            }
        })
        .collect_view();
    view! { {links} {more.map(|more| view! { <span class="text-muted">{more}</span> })} }.into_any()
}
