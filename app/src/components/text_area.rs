//! The only place that may render a text area: Leptos 0.8.23 writes its children unescaped (leptos#4730),
//! and what stands in ours is free text from people, so it would run as markup. Escapes for itself, in both
//! directions of a round trip: what was typed comes back character for character.

use leptos::prelude::*;

use super::field::{Field, Need, described_by};

/// Several lines of text, with label, hint and error.
#[component]
pub fn TextArea(
    /// Sent with the form, and the id unless that is given.
    #[prop(into)]
    name: String,
    /// Where two forms of a page have a field of one name.
    #[prop(optional, into)]
    id: Option<String>,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What was typed before, as it was typed.
    #[prop(optional, into)]
    value: String,
    /// Whether the form can be sent without it.
    #[prop(optional)]
    need: Need,
    /// One sentence on how to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Option<String>,
    /// At most so many characters.
    #[prop(default = 4_000)]
    maxlength: u32,
    /// Lines shown.
    #[prop(default = 3)]
    rows: u32,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.as_ref(), error.as_ref());
    let invalid = error
        .as_ref()
        .is_some_and(|e| !e.is_empty())
        .then_some("true");
    // HTML drops one line break right after the start tag; this one is ours to lose.
    let text = format!("\n{}", escape(&value));
    view! {
        <Field id=id.clone() label need hint=hint.unwrap_or_default() error=error.unwrap_or_default()>
            <textarea
                id=id.clone()
                name=name.clone()
                rows=rows
                maxlength=maxlength
                required=need.required()
                aria-describedby=described
                aria-invalid=invalid
            >
                {text}
            </textarea>
        </Field>
    }
    .into_any()
}

/// The three characters that end or start markup inside an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(value: &str) -> String {
        let value = value.to_owned();
        Owner::new().with(|| view! { <TextArea name="why" label="Why" value=value /> }.to_html())
    }

    #[test]
    fn markup_that_somebody_typed_stays_text() {
        let html = rendered("</textarea><script>alert(1)</script>");
        assert!(
            html.contains("&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{html}"
        );
        assert_eq!(html.matches("</textarea>").count(), 1, "{html}");
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn an_entity_that_somebody_typed_comes_back_as_typed_and_is_escaped_once() {
        let html = rendered("AT&amp;T & R&D");
        assert!(html.contains("AT&amp;amp;T &amp; R&amp;D"), "{html}");
    }

    #[test]
    fn a_leading_line_break_survives_the_browser_dropping_one() {
        assert!(rendered("\nfirst").contains(">\n\nfirst"));
    }
}
