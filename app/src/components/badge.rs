//! Status, environment and PCI badges. They combine shape and text and never rely on color alone, so that they work in
//! greyscale print and for every color vision.

use domain::classification::{Environment, Pci};
use leptos::prelude::*;

use super::{Glyph, Icon};

/// The status palette: six colors, each with an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Active, allowed, verified.
    Ok,
    /// Waiting for a person or a time.
    Pending,
    /// Blocked, failed, exposed.
    Danger,
    /// In progress.
    Info,
    /// In AWS, but not explained by a change.
    Drift,
    /// Ended, withdrawn, not applicable.
    Off,
}

impl Status {
    const fn glyph(self) -> Glyph {
        match self {
            Self::Ok => Glyph::Check,
            Self::Pending => Glyph::Clock,
            Self::Danger => Glyph::Cross,
            Self::Info => Glyph::Running,
            Self::Drift => Glyph::Diamond,
            Self::Off => Glyph::Dash,
        }
    }

    /// Returns the name of the design token (`--ok`, `--pending`, ...), also the value of `data-status`.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending => "pending",
            Self::Danger => "danger",
            Self::Info => "info",
            Self::Drift => "drift",
            Self::Off => "off",
        }
    }
}

/// A status badge with icon, color and label. Use `Pill` for emphasis.
#[component]
pub fn StatusBadge(
    /// The color and icon.
    status: Status,
    /// The label, such as "Waiting for approval".
    #[prop(into)]
    label: String,
    #[prop(optional)] weight: BadgeWeight,
    /// The icon, if the label means something else than the status.
    #[prop(default = None, into)]
    glyph: Option<Glyph>,
) -> impl IntoView {
    let glyph = glyph.unwrap_or_else(|| status.glyph());
    view! {
        <span data-badge=weight.name() data-status=status.token()>
            <Icon glyph />
            <span>{label}</span>
        </span>
    }
    .into_any()
}

/// The emphasis of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadgeWeight {
    /// A colored icon and a label in text color, for table cells.
    #[default]
    Plain,
    /// A tinted pill, for page headers and verdicts.
    Pill,
}

impl BadgeWeight {
    /// Returns the value of `data-badge`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Pill => "pill",
        }
    }
}

/// An environment in short and in full.
const fn environment_words(environment: Environment) -> (&'static str, &'static str) {
    match environment {
        Environment::Development => ("DEV", "Development"),
        Environment::Staging => ("STG", "Staging"),
        Environment::Production => ("PROD", "Production"),
        Environment::Sandbox => ("BOX", "Sandbox"),
        Environment::Security => ("SEC", "Security"),
        Environment::Management => ("MGMT", "Management"),
    }
}

/// An account's environment: `DEV ○`, `STG ◐`, `PROD ●`.
#[component]
pub fn EnvironmentBadge(environment: Environment) -> impl IntoView {
    let (short, long) = environment_words(environment);
    let shape = match environment {
        Environment::Development => {
            view! { <circle cx="5" cy="5" r="3.6" fill="none" /> }.into_any()
        }
        Environment::Sandbox => {
            view! { <circle cx="5" cy="5" r="3.6" fill="none" stroke-dasharray="1.6 1.6" /> }
                .into_any()
        }
        Environment::Staging => view! {
            <circle cx="5" cy="5" r="3.6" fill="none" />
            <path d="M5 1.4a3.6 3.6 0 0 0 0 7.2Z" fill="currentColor" stroke="none" />
        }
        .into_any(),
        Environment::Production => {
            view! { <circle cx="5" cy="5" r="4.2" fill="currentColor" stroke="none" /> }.into_any()
        }
        Environment::Security | Environment::Management => {
            view! { <path d="M5 .8 9.2 5 5 9.2.8 5Z" fill="currentColor" stroke="none" /> }
                .into_any()
        }
    };
    view! {
        <span data-environment=environment.as_str() title=long>
            <svg viewBox="0 0 10 10" width="10" height="10" stroke="currentColor" stroke-width="1.3" aria-hidden="true" focusable="false">
                {shape}
            </svg>
            <span>{short}</span>
        </span>
    }
    .into_any()
}

/// A shield and a label in a double border; empty for an account out of scope.
#[component]
pub fn PciBadge(pci: Pci) -> impl IntoView {
    let (word, long) = match pci {
        Pci::Out => return ().into_any(),
        Pci::In => ("PCI", "In PCI DSS scope"),
        Pci::Connected => ("PCI-connected", "Connected to PCI DSS scope"),
    };
    view! {
        <span data-pci=pci.as_str() title=long>
            <Icon glyph=Glyph::Shield />
            <span>{word}</span>
        </span>
    }
    .into_any()
}

/// A number next to a label.
#[component]
pub fn Count(value: u32) -> impl IntoView {
    view! { <span data-count>{value}</span> }.into_any()
}
