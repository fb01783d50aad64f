//! The only component that may render a `<textarea>`: Leptos 0.8.23 renders its children unescaped (leptos#4730), so
//! user input would be interpreted as markup. This component escapes the value; input survives a round trip unchanged.
//! It has no maximum length, because a browser cuts what is pasted without a word: the server says how long a text may be.

use leptos::prelude::*;

use super::field::{Field, Requirement, described_by};

/// A multi-line text field with label, hint and error.
#[component]
pub fn TextArea(
    /// The name of the form field, also the id if `id` is not set.
    #[prop(into)]
    name: String,
    /// The id, needed if two forms on a page have a field of the same name.
    #[prop(optional, into)]
    id: Option<String>,
    #[prop(into)] label: String,
    /// The value entered earlier, unescaped.
    #[prop(optional, into)]
    value: String,
    #[prop(optional)] need: Requirement,
    /// One sentence on the expected input.
    #[prop(optional, into)]
    hint: Option<String>,
    #[prop(optional, into)] error: Option<String>,
    /// The number of visible lines.
    #[prop(default = 3)]
    rows: u32,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| name.clone());
    let described = described_by(&id, hint.as_ref(), error.as_ref());
    let invalid = error
        .as_ref()
        .is_some_and(|e| !e.is_empty())
        .then_some("true");
    // HTML parsers drop one line break right after the start tag, so add one.
    let text = format!("\n{}", escape(&value));
    view! {
        <Field id=id.clone() label need hint=hint.unwrap_or_default() error=error.unwrap_or_default()>
            <textarea
                id=id.clone()
                name=name.clone()
                rows=rows
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

/// Escapes the characters that start markup or a character reference inside an element.
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
