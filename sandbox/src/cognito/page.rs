//! The sign-in pages: plain HTML forms, no script, one inline style sheet that the content security policy allows by
//! hash. It must never write text into a page without escaping it. The code is shown only because this is a sandbox.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::subject::{Factor, NextStep, Subject};

const STYLE: &str = include_str!("page.css");

/// The maximum number of people listed. Others sign in by typing their username.
pub(super) const SHOWN: usize = 60;

/// The content security policy. It has no `form-action`, which would also block the redirect to the client after
/// sign-in.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// The people listed on a page, out of `total` in the pool.
pub(super) struct People {
    pub(super) shown: Vec<Subject>,
    pub(super) total: usize,
}

/// Returns the first page: a username field, and a button for each person.
pub(super) fn first_step(
    status: StatusCode,
    signin: &str,
    people: &People,
    hint: Option<&str>,
    problem: Option<&str>,
) -> Response {
    let signin = escape(signin);
    let hint = escape(hint.unwrap_or_default());
    let mut body = format!(
        r#"<h1>Sign in</h1><p>No password is needed in this sandbox. Choose a person or enter a username.</p>{}
<form method="post" action="/login"><input type="hidden" name="signin" value="{signin}">
<label for="username">Email or username</label>
<div class="row"><input id="username" name="username" value="{hint}" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus><button>Next</button></div></form>
<h2>People in this pool</h2>
<form method="post" action="/login"><input type="hidden" name="signin" value="{signin}"><ul>"#,
        alert(problem),
    );
    for person in &people.shown {
        body.push_str(&button(person));
    }
    body.push_str("</ul></form>");
    let unseen = people.total.saturating_sub(people.shown.len());
    if unseen > 0 {
        let _ = write!(
            body,
            "<p>{unseen} more people are in this pool. Enter a username to sign in as one of them.</p>"
        );
    }
    document(status, "Sign in", &body)
}

/// Returns the second page: a code field, and the code that a device would show.
pub(super) fn second_step(
    status: StatusCode,
    signin: &str,
    person: &Subject,
    code: &str,
    problem: Option<&str>,
) -> Response {
    let body = format!(
        r#"<h1>Enter your code</h1><p>Signing in as <b>{}</b>, {}</p>{}
<div class="shown">{}<output id="shown-code">{code}</output></div>
<form method="post" action="/login" class="code"><input type="hidden" name="signin" value="{}">
<label for="code">Six-digit code</label>
<div class="row"><input id="code" name="code" value="{code}" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required autofocus><button>Sign in</button></div></form>"#,
        escape(&person.name),
        escape(&person.email),
        alert(problem),
        source_of_code(person.next_step),
        escape(signin),
    );
    document(status, "Enter your code", &body)
}

/// Returns a page for an error that cannot be sent to a client.
pub(super) fn problem(status: StatusCode, reason: &str) -> Response {
    let body = format!("<h1>Request failed</h1>{}", alert(Some(reason)));
    document(status, "Request failed", &body)
}

fn button(person: &Subject) -> String {
    let initials: String = person
        .name
        .split_whitespace()
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    let mut chips = String::new();
    for group in &person.groups {
        let _ = write!(chips, "<i>{}</i>", escape(group));
    }
    if let Some((class, text)) = remark(person.next_step) {
        let _ = write!(chips, r#"<i class="{class}">{text}</i>"#);
    }
    format!(
        r#"<li><button name="person" value="{}"><span class="initials" aria-hidden="true">{}</span><span class="who"><b>{}</b><span>{}</span></span><span class="chips">{chips}</span></button></li>"#,
        escape(&person.username),
        escape(&initials),
        escape(&person.name),
        escape(&person.email),
    )
}

/// Returns where the code would come from outside a sandbox.
const fn source_of_code(next_step: NextStep) -> &'static str {
    match next_step {
        NextStep::Code(Factor::PasswordAndSms) => "Code sent to your phone:",
        NextStep::Code(Factor::Passkey) => "Code that stands in for your passkey:",
        _ => "Code in your authenticator app:",
    }
}

/// Returns a badge (CSS class and text) for a person who signs in without a code or cannot sign in.
const fn remark(next_step: NextStep) -> Option<(&'static str, &'static str)> {
    match next_step {
        NextStep::Disabled => Some(("off", "disabled")),
        NextStep::NotEnrolled => Some(("off", "not enrolled")),
        NextStep::Done(Factor::Federated) => Some(("on", "federated")),
        NextStep::Done(_) => Some(("off", "no MFA")),
        NextStep::Code(_) => None,
    }
}

fn alert(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |text| {
        format!(
            r#"<div class="problem" role="alert">{}</div>"#,
            escape(text)
        )
    })
}

fn document(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · Local Cognito</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body><main><span class="mark">Sandbox · local Cognito</span>{body}</main></body></html>"#
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    (status, headers, Html(html)).into_response()
}

/// Escapes text for HTML content and for attribute values in double quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place_in_the_page() {
        assert_eq!(
            escape(r#""><script>'&"#),
            "&quot;&gt;&lt;script&gt;&#39;&amp;"
        );
    }
}
