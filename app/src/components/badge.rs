//! Status, environment and PCI marks: always shape and word, never colour alone, so that they survive
//! greyscale print and every colour vision. They say what they are given and decide nothing.

use domain::classification::{Environment, Pci};
use leptos::prelude::*;

use super::{Glyph, Icon};

/// The six states that a colour of the status palette stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Active, allowed, verified.
    Ok,
    /// Waiting for a person or a time.
    Pending,
    /// Refused, failed, exposed.
    Danger,
    /// Being carried out.
    Info,
    /// In AWS, but not explained by the record.
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

    /// The token's name: `--ok`, `--pending`, ... and the value of `data-status`.
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

/// A status: glyph, colour and word. Use `Pill` where it must stand out.
#[component]
pub fn StatusBadge(
    /// Which colour and glyph.
    status: Status,
    /// The word, such as "Waiting for approval".
    #[prop(into)]
    label: String,
    /// How loud.
    #[prop(optional)]
    weight: BadgeWeight,
) -> impl IntoView {
    view! {
        <span data-badge=weight.name() data-status=status.token()>
            <Icon glyph=status.glyph() />
            <span>{label}</span>
        </span>
    }
    .into_any()
}

/// How loud a badge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadgeWeight {
    /// Coloured glyph, word in the text's colour: for table cells.
    #[default]
    Plain,
    /// Tinted pill: for page headers and verdicts.
    Pill,
}

impl BadgeWeight {
    const fn name(self) -> &'static str {
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
pub fn EnvironmentBadge(
    /// Which one.
    environment: Environment,
) -> impl IntoView {
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

/// A shield and the word, in a double border; nothing for an account out of scope.
#[component]
pub fn PciBadge(
    /// Which one.
    pci: Pci,
) -> impl IntoView {
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

/// A number beside a word; screen readers get the word too.
#[component]
pub fn Count(
    /// How many.
    value: u32,
) -> impl IntoView {
    view! { <span data-count>{value}</span> }.into_any()
}
