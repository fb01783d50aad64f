//! The HTML document around every page: head with hashed asset names and the CSP nonce, landmarks, navigation, top
//! bar, appearance settings and footer. `render` produces the document in one pass and never streams, so the status
//! and the title are known before the first byte is sent, and no inline script is emitted.

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::prelude::*;

use crate::components::{Glyph, Icon, NavItem, Navigation};
use crate::islands::{
    connection::Connection, palette::Palette, row_tools::RowTools, shortcuts::Shortcuts,
};

/// URLs of the embedded assets, each with its content hash in the name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assets {
    pub css: String,
    /// The module that loads the WASM and hydrates the islands.
    pub js: String,
    /// Preloaded, so that it is fetched in parallel with the module.
    pub wasm: String,
    /// Preloaded, because the style sheet names it only when it has arrived.
    pub font: String,
    pub icon: String,
}

/// The color theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    Light,
    Dark,
    /// Follows `prefers-color-scheme`.
    #[default]
    System,
}

impl Theme {
    /// Returns the value used in `data-theme`, the cookie and the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// Parses the value of a cookie or a form; an unknown value is `System`.
    pub fn parse(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Row height and padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Density {
    /// Rows of 40 px.
    #[default]
    Comfortable,
    /// Rows of 32 px.
    Compact,
}

impl Density {
    /// Returns the value used in `data-density`, the cookie and the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Comfortable => "comfortable",
            Self::Compact => "compact",
        }
    }

    /// Parses the value of a cookie or a form; an unknown value is `Comfortable`.
    pub fn parse(name: &str) -> Self {
        if name == "compact" {
            Self::Compact
        } else {
            Self::Comfortable
        }
    }
}

/// The appearance settings of the current user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appearance {
    pub theme: Theme,
    pub density: Density,
}

/// The signed-in user, as the top bar shows them.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub name: String,
    /// The names of their roles.
    pub detail: String,
}

/// POST: takes `theme`, `density` and `back`, sets the cookies and redirects to `back`.
pub const APPEARANCE_ACTION: &str = "/do/appearance";
/// POST: ends the session.
pub const SIGN_OUT_ACTION: &str = "/do/sign-out";

/// The inputs of a document, apart from the body and the layout for signed-in users.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The document title. Contains names from AWS; escaped when rendered.
    pub title: String,
    pub assets: Assets,
    pub appearance: Appearance,
    /// The nonce from the CSP of the response.
    pub nonce: String,
    /// In development: the URL of a script that reloads the page after the server is rebuilt.
    pub reload: Option<String>,
}

/// Renders the whole document. `body` runs inside the reactive owner of this request.
pub fn render(around: Surroundings, body: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        provide_context(around.appearance);
        document(around, body).to_html()
    });
    owner.unset_with_forced_cleanup();
    html
}

fn document(around: Surroundings, body: impl FnOnce() -> AnyView) -> impl IntoView {
    let Surroundings {
        title,
        assets,
        appearance,
        nonce,
        reload,
    } = around;
    let reload =
        reload.map(|src| view! { <script r#type="module" src=src nonce=nonce.clone()></script> });
    view! {
        <!DOCTYPE html>
        <html lang="en" translate="no" data-theme=appearance.theme.name() data-density=appearance.density.name()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>{format!("{title} · Leastwise")}</title>
                <link rel="icon" href=assets.icon r#type="image/svg+xml" />
                <link rel="stylesheet" href=assets.css />
                <link rel="preload" href=assets.font r#as="font" r#type="font/woff2" crossorigin="anonymous" />
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                // `crossorigin="anonymous"` makes the preload match the fetch by the module.
                <script type="module" src=assets.js nonce=nonce></script>
                {reload}
            </head>
            <body>{body()}</body>
        </html>
    }
    .into_any()
}

/// The layout for signed-in users: skip link, navigation, top bar, page, footer.
#[component]
pub fn Layout(
    /// The entries that this user may open.
    nav: Vec<NavItem>,
    viewer: Viewer,
    /// The URL of the current page; the appearance form redirects to it.
    #[prop(into)]
    path: String,
    /// As-of time and coverage of the data shown.
    #[prop(optional)]
    freshness: Option<AnyView>,
    /// A notice for every user, such as break-glass access in use.
    #[prop(optional)]
    banner: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let entries = nav.clone();
    view! {
        <a href="#page" data-skip>"Skip to main content"</a>
        <div data-frame>
            <header data-topbar>
                <details data-menu>
                    <summary aria-label="Menu"><Icon glyph=Glyph::Menu /></summary>
                    <nav aria-label="Main, small screen"><Navigation items=entries /></nav>
                </details>
                <a href="/" data-brand><Mark /> <span>"Leastwise"</span></a>
                <div class="flex-1 min-w-0 flex justify-start">{view! { <Palette /> }.into_any()}</div>
                <AccountMenu viewer path />
            </header>
            <div data-side><nav data-sidebar aria-label="Main"><Navigation items=nav /></nav></div>
            <main id="page" tabindex="-1">
                {view! { <Connection /> }.into_any()}
                {banner}
                {children()}
            </main>
            <footer data-footer>{freshness}</footer>
        </div>
        {view! { <Shortcuts /> }.into_any()}
        {view! { <RowTools /> }.into_any()}
    }
    .into_any()
}

/// The stroke and the dot of the logo. `icon.svg` has the same.
const STROKE: &str = "M7 5.5v7.25c0 .97.78 1.75 1.75 1.75H13";
const DOT: (&str, &str, &str) = ("12.6", "7", "1.5");

/// The logo, in the colours of the text around it.
#[component]
fn Mark() -> impl IntoView {
    let (cx, cy, r) = DOT;
    view! {
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
            <rect width="20" height="20" rx="5" fill="currentColor" />
            <path d=STROKE fill="none" stroke="var(--canvas)" stroke-width="2" stroke-linecap="round" />
            <circle cx=cx cy=cy r=r fill="var(--canvas)" />
        </svg>
    }
    .into_any()
}

/// Returns the logo as markup, for pages that are served without the rest of the site.
pub fn mark_html() -> String {
    Owner::new().with(|| view! { <Mark /> }.to_html())
}

/// Name, roles, appearance and sign-out, in a `<details>` that works without JavaScript.
#[component]
fn AccountMenu(viewer: Viewer, path: String) -> impl IntoView {
    let now = use_context::<Appearance>().unwrap_or_default();
    let initials = initials(&viewer.name);
    let theme = |theme: Theme, label: &'static str| {
        choice("theme", theme.name(), label, now.theme == theme)
    };
    let density = |density: Density, label: &'static str| {
        choice("density", density.name(), label, now.density == density)
    };
    view! {
        <details data-account>
            <summary>
                <span data-avatar aria-hidden="true">{initials}</span>
                <span class="hidden md:inline">{viewer.name.clone()}</span>
                <span class="sr-only md:hidden">{viewer.name.clone()}</span>
            </summary>
            <div>
                <p class="font-semibold">{viewer.name}</p>
                <p class="text-muted text-xs">{viewer.detail}</p>
                <form method="post" action=APPEARANCE_ACTION>
                    <input type="hidden" name="back" value=path />
                    <fieldset>
                        <legend>"Theme"</legend>
                        <div>{theme(Theme::System, "System")} {theme(Theme::Light, "Light")} {theme(Theme::Dark, "Dark")}</div>
                    </fieldset>
                    <fieldset>
                        <legend>"Density"</legend>
                        <div>{density(Density::Comfortable, "Comfortable")} {density(Density::Compact, "Compact")}</div>
                    </fieldset>
                </form>
                <form method="post" action=SIGN_OUT_ACTION>
                    <button type="submit" data-kind="quiet">
                        <Icon glyph=Glyph::SignOut />
                        <span>"Sign out"</span>
                    </button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// Returns the first letters of the first and of the last word of a name. What is in parentheses is a remark, such as
/// `(no directory user)`, and not part of the name.
fn initials(name: &str) -> String {
    let mut depth = 0_usize;
    let without_remarks: String = name
        .chars()
        .map(|c| match c {
            '(' | '[' => {
                depth += 1;
                ' '
            }
            ')' | ']' => {
                depth = depth.saturating_sub(1);
                ' '
            }
            _ if depth > 0 => ' ',
            c => c,
        })
        .collect();
    let first_letter = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let letters: Vec<char> = without_remarks
        .split(|c: char| c.is_whitespace() || c == '.' || c == '_')
        .filter_map(first_letter)
        .collect();
    let shown: String = match letters.as_slice() {
        [] => name
            .chars()
            .find(|c| c.is_alphanumeric())
            .into_iter()
            .collect(),
        [only] => only.to_string(),
        [first, .., last] => [*first, *last].iter().collect(),
    };
    shown.to_uppercase()
}

fn choice(
    name: &'static str,
    value: &'static str,
    label: &'static str,
    current: bool,
) -> impl IntoView {
    view! { <button type="submit" name=name value=value aria-pressed=if current { "true" } else { "false" }>{label}</button> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_of_the_browser_is_the_logo() {
        let icon = include_str!("icon.svg");
        let (cx, cy, r) = DOT;
        let dot = format!("<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\"/>");
        let stroke = format!("<path d=\"{STROKE}\"");
        for part in [&*dot, &*stroke, "width=\"20\" height=\"20\" rx=\"5\""] {
            assert!(icon.contains(part), "{part} is not in {icon}");
        }
        let mark = mark_html();
        assert!(mark.starts_with("<svg") && mark.contains(STROKE), "{mark}");
    }

    #[test]
    fn initials_are_those_of_the_name_and_not_of_a_remark() {
        for (name, expected) in [
            ("Maya Okafor", "MO"),
            ("maya.okafor (no directory user)", "MO"),
            ("Ana (Data) Lima", "AL"),
            ("(Contractor) Ana Lima", "AL"),
            ("Ana Maria de Lima", "AL"),
            ("\"Ana\" Lima", "AL"),
            ("李 雷", "李雷"),
            ("(no directory user)", "N"),
            ("ana", "A"),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
