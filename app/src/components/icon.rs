//! Line icons on a 16 px grid, drawn for Leastwise. An icon next to text is hidden from assistive technology; an icon
//! without text must have a `label`.

use leptos::prelude::*;

/// The icons. Their shapes are distinguishable without color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    Home,
    Accounts,
    People,
    Person,
    Groups,
    PermissionSets,
    Changes,
    Inbox,
    Ledger,
    Report,
    Reviews,
    Drift,
    Settings,
    Search,
    Menu,
    Shield,
    Key,
    Check,
    Cross,
    Clock,
    Running,
    Diamond,
    Dash,
    Plus,
    Minus,
    Info,
    Warning,
    ChevronRight,
    ArrowRight,
    ArrowUp,
    ArrowDown,
    External,
    Download,
    Filter,
    Link,
    Copy,
    Columns,
    SignOut,
    Appearance,
    Temporary,
    Standing,
    Approval,
    Administrator,
    Identity,
    Guardrails,
    NotKnown,
    RunsCode,
    Unreviewed,
    Edit,
    Eye,
    Configuration,
    Cost,
    Tag,
}

impl Glyph {
    /// Returns SVG path data. Strokes only, so that an icon has the color of its text.
    #[expect(clippy::too_many_lines, reason = "one line for each icon")]
    const fn path(self) -> &'static str {
        match self {
            Self::Home => {
                "M2.5 7 8 2.5 13.5 7v6a.5.5 0 0 1-.5.5H9.75V9.5h-3.5v4H3a.5.5 0 0 1-.5-.5Z"
            }
            Self::Accounts => {
                "M2.5 2.5h4.25v4.25H2.5ZM9.25 2.5h4.25v4.25H9.25ZM2.5 9.25h4.25v4.25H2.5ZM9.25 9.25h4.25v4.25H9.25Z"
            }
            Self::People => {
                "M6 7.5A2.25 2.25 0 1 0 6 3a2.25 2.25 0 0 0 0 4.5ZM1.75 13c0-2.2 1.9-3.5 4.25-3.5s4.25 1.3 4.25 3.5M10.5 3.2a2.25 2.25 0 0 1 0 4.1M12 9.8c1.4.5 2.25 1.6 2.25 3.2"
            }
            Self::Person => {
                "M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 13.5c0-2.4 2.2-3.9 5-3.9s5 1.5 5 3.9"
            }
            Self::Groups => {
                "M8 5.75a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM3.75 13.25a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM12.25 13.25a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM8 5.75v2.5M4.6 9.9 8 8.25l3.4 1.65"
            }
            Self::PermissionSets => {
                "M8 1.75 13.75 5 8 8.25 2.25 5ZM2.25 8 8 11.25 13.75 8M2.25 11 8 14.25 13.75 11"
            }
            Self::Changes => {
                "M4.25 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.25 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM11.75 7a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4.25 5.5v5M11.75 7c0 2-1.5 2.6-3.5 2.75-1.6.1-2.6.3-3.2 1"
            }
            Self::Inbox => {
                "M1.75 9 4 3h8l2.25 6v4H1.75ZM1.75 9H5.5c0 1.4 1.1 2.25 2.5 2.25S10.5 10.4 10.5 9h3.75"
            }
            Self::Ledger => {
                "M3.25 2.25h8.5a1 1 0 0 1 1 1v10.5h-9a1.5 1.5 0 0 1-1.5-1.5v-9a1 1 0 0 1 1-1ZM2.25 12.25a1.5 1.5 0 0 1 1.5-1.5h9M5.5 5.25h4.25M5.5 7.75h4.25"
            }
            Self::Report => {
                "M3.25 1.75h6l3.5 3.5v9h-9.5ZM9 1.75v3.75h3.75M5.5 11.75v-2M8 11.75v-3.5M10.5 11.75v-1"
            }
            Self::Reviews => "M3 3.25h10v10.5H3ZM6 2h4v2.5H6ZM5.5 9l1.75 1.75L10.75 7.25",
            Self::Drift => {
                "M2 5.25c1.5-1.5 3-1.5 4.5 0s3 1.5 4.5 0M2 9c1.5-1.5 3-1.5 4.5 0s3 1.5 4.5 0 2.25-1 3-.75M2 12.75c1.5-1.5 3-1.5 4.5 0s3 1.5 4.5 0M13.5 2v3.5"
            }
            Self::Settings => {
                "M2 4.5h6.5M12.5 4.5H14M2 11.5h1.5M7.5 11.5H14M10.5 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM5.5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"
            }
            Self::Search => {
                "M7 11.75a4.75 4.75 0 1 0 0-9.5 4.75 4.75 0 0 0 0 9.5ZM10.5 10.5l3.5 3.5"
            }
            Self::Menu => "M2 4.25h12M2 8h12M2 11.75h12",
            Self::Shield => {
                "M8 1.75 13.25 3.5v4.25c0 3-2.1 5.3-5.25 6.5-3.15-1.2-5.25-3.5-5.25-6.5V3.5Z"
            }
            Self::Key => {
                "M10.25 9.5a3.75 3.75 0 1 0-3.4-2.2L2 12.1V14h2.25v-1.75H6V10.5h1.6l.4-.4c.65.3 1.4-.6 2.25-.6ZM11 5.2v.01"
            }
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Cross => "M3.75 3.75l8.5 8.5M12.25 3.75l-8.5 8.5",
            Self::Clock => {
                "M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM8 4.5V8l2.5 1.75"
            }
            Self::Running => {
                "M13.75 8A5.75 5.75 0 0 1 3.6 11.75M2.25 8A5.75 5.75 0 0 1 12.4 4.25M12.75 1.75v2.75H10M3.25 14.25V11.5H6"
            }
            Self::Diamond => "M8 2 14 8 8 14 2 8Z",
            Self::Dash => "M3.5 8h9",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Minus => "M3 8h10",
            Self::Info => {
                "M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM8 7.25v3.75M8 4.9v.01"
            }
            Self::Warning => "M8 2.25 14.5 13.5h-13ZM8 6.5v3.25M8 11.6v.01",
            Self::ChevronRight => "M6 3.5 10.5 8 6 12.5",
            Self::ArrowRight => "M2.5 8h11M9.25 3.75 13.5 8l-4.25 4.25",
            Self::ArrowUp => "M8 13V3M3.75 7.25 8 3l4.25 4.25",
            Self::ArrowDown => "M8 3v10M3.75 8.75 8 13l4.25-4.25",
            Self::External => "M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v3.75h-8.75V4.5H6.5",
            Self::Download => "M8 2.25v8M4.5 7 8 10.25 11.5 7M2.5 13.5h11",
            Self::Filter => "M2 4h12M4.25 8h7.5M6.5 12h3",
            Self::Link => {
                "M6.5 9.5a2.75 2.75 0 0 0 4 .1l2.2-2.2a2.75 2.75 0 0 0-3.9-3.9L7.7 4.6M9.5 6.5a2.75 2.75 0 0 0-4-.1L3.3 8.6a2.75 2.75 0 0 0 3.9 3.9l1.1-1.1"
            }
            Self::Copy => "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
            Self::Columns => "M2.5 3h11v10h-11ZM6.25 3v10M9.75 3v10",
            Self::SignOut => "M9.5 2.5H3.25v11H9.5M6.75 8h7M11 5.25 13.75 8 11 10.75",
            Self::Appearance => {
                "M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM8 1.75v12.5M8 4.5h4.9M8 8h6.2M8 11.5h4.9"
            }
            Self::Temporary => "M4 2h8M4 14h8M5 2v2.25L8 8l3-3.75V2M5 14v-2.25L8 8l3 3.75V14",
            Self::Standing => {
                "M4.5 10.5a2.5 2.5 0 1 1 0-5c2.5 0 4.5 5 7 5a2.5 2.5 0 0 0 0-5c-2.5 0-4.5 5-7 5Z"
            }
            Self::Approval => {
                "M2.5 13.75h11M6.25 6.75C5.25 6 5 5.25 5 4.5a3 3 0 0 1 6 0c0 .75-.25 1.5-1.25 2.25L10 9.5h2.5v2h-9v-2H6Z"
            }
            Self::Administrator => "M2.5 5.25 5.25 8 8 3.25 10.75 8l2.75-2.75-1 7.25h-9Z",
            Self::Identity => {
                "M1.75 3.5h12.5v9H1.75ZM4 10.25c0-1 .9-1.6 2-1.6s2 .6 2 1.6M6 7.25a1 1 0 1 0 0-2 1 1 0 0 0 0 2ZM10.25 6.5h2M10.25 9.25h2"
            }
            Self::Guardrails => "M1.75 6h12.5M1.75 10h12.5M4 3.5v9.5M8 3.5v9.5M12 3.5v9.5",
            Self::NotKnown => {
                "M5.25 5.75a2.75 2.75 0 1 1 4 2.4c-.85.45-1.25.95-1.25 1.85M8 12.9v.01"
            }
            Self::RunsCode => "M1.75 3h12.5v10H1.75ZM4.5 6l2 2-2 2M8.25 10.25h3.25",
            Self::Unreviewed => {
                "M2.5 5V3a.5.5 0 0 1 .5-.5h2M7 2.5h2M11 2.5h2a.5.5 0 0 1 .5.5v2M13.5 7v2M13.5 11v2a.5.5 0 0 1-.5.5h-2M9 13.5H7M5 13.5H3a.5.5 0 0 1-.5-.5v-2M2.5 9V7"
            }
            Self::Edit => "M2.5 13.5l.75-3 7.5-7.5 2.25 2.25-7.5 7.5ZM9 4.75 11.25 7",
            Self::Eye => {
                "M1.5 8C3 5.1 5.3 3.75 8 3.75S13 5.1 14.5 8c-1.5 2.9-3.8 4.25-6.5 4.25S3 10.9 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"
            }
            Self::Configuration => {
                "M5.5 2.5H4.25A1.25 1.25 0 0 0 3 3.75v8.5c0 .7.55 1.25 1.25 1.25H5.5M10.5 2.5h1.25c.7 0 1.25.55 1.25 1.25v8.5c0 .7-.55 1.25-1.25 1.25H10.5M6.25 6h3.5M6.25 8h3.5M6.25 10h3.5"
            }
            Self::Cost => {
                "M10.75 5.25C10.3 4.25 9.3 3.9 8 3.9c-1.5 0-2.6.7-2.6 1.9 0 2.7 5.4 1.3 5.4 4.2 0 1.3-1.2 2-2.8 2-1.4 0-2.6-.5-3-1.6M8 2v12"
            }
            Self::Tag => "M2.5 2.5h5.25l5.75 5.75-5.25 5.25L2.5 7.75ZM5.4 5.4v.01",
        }
    }
}

/// An icon. Without a `label` it is decorative.
#[component]
pub fn Icon(
    glyph: Glyph,
    /// The accessible name, for an icon without text.
    #[prop(optional, into)]
    label: Option<String>,
) -> impl IntoView {
    let hidden = label.is_none().then_some("true");
    let role = label.is_some().then_some("img");
    view! {
        <svg
            viewBox="0 0 16 16"
            width="16"
            height="16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.4"
            stroke-linecap="round"
            stroke-linejoin="round"
            class="shrink-0"
            aria-hidden=hidden
            aria-label=label
            role=role
            focusable="false"
        >
            <path d=glyph.path() />
        </svg>
    }
    .into_any()
}
