//! The reason of one policy, set so that a list of them can be scanned: the policy's title with its control, what the
//! policy found, and the cure on a line of its own.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// A reason in two parts: what the policy found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonParts {
    pub found: String,
    /// Empty if the reason names no cure.
    pub cure: String,
}

impl ReasonParts {
    /// Divides a reason after its first sentence: policies say there what they found, and then what to do.
    pub fn of(reason: &str) -> Self {
        let end = reason.match_indices(". ").find(|(at, _)| {
            let next = reason[at + 2..].chars().next();
            next.is_some_and(char::is_uppercase)
        });
        match end {
            Some((at, _)) => Self {
                found: reason[..=at].to_owned(),
                cure: reason[at + 2..].to_owned(),
            },
            None => Self {
                found: reason.to_owned(),
                cure: String::new(),
            },
        }
    }
}

/// What one policy says about what it matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWords {
    /// The id of the policy.
    pub rule: String,
    /// The short name of the policy.
    pub title: String,
    pub reason: String,
    pub control: String,
    /// The gains that it concerns, if not all of them.
    pub applies_to: Option<String>,
    /// What lifts it, if something does. Precedes the cure.
    pub remedy: Option<String>,
}

impl PolicyWords {
    /// Returns it without its cure, where an evaluation showed what helps.
    #[must_use]
    pub fn without_cure(self) -> Self {
        Self {
            reason: ReasonParts::of(&self.reason).found,
            remedy: None,
            ..self
        }
    }
}

/// A policy's title, reason and cure.
#[component]
pub fn PolicyReason(words: PolicyWords) -> impl IntoView {
    let (title, id) = (title(&words), format!("Policy {}", words.rule));
    let reason = found_and_cure(words);
    view! {
        <div data-policy>
            <p data-heading title=id>{title}</p>
            {reason}
        </div>
    }
    .into_any()
}

/// A policy's title in one line, which opens to its reason and cure.
#[component]
pub fn PolicyLine(words: PolicyWords) -> impl IntoView {
    let (title, id) = (title(&words), format!("Policy {}", words.rule));
    let reason = found_and_cure(words);
    view! {
        <details data-fold data-policy-line>
            <summary title=id><span>{title}</span></summary>
            <div data-policy>{reason}</div>
        </details>
    }
    .into_any()
}

/// Renders the title with the control, which stays on the line of the last word.
fn title(words: &PolicyWords) -> AnyView {
    let applies_to = words.applies_to.clone();
    view! {
        <span data-title>{words.title.clone()}</span>
        "\u{a0}"
        <span data-keep><span data-control>{words.control.clone()}</span></span>
        {applies_to.map(|words| view! { " " <span data-applies>{words}</span> })}
    }
    .into_any()
}

fn found_and_cure(words: PolicyWords) -> AnyView {
    let ReasonParts { found, cure } = ReasonParts::of(&words.reason);
    let cure = match words.remedy {
        Some(remedy) if cure.is_empty() => remedy,
        Some(remedy) => format!("{remedy} {cure}"),
        None => cure,
    };
    let cure = (!cure.is_empty()).then(|| cure_line(cure));
    view! { <p>{found}</p> {cure} }.into_any()
}

/// Renders what to do about a reason.
pub fn cure_line(cure: String) -> AnyView {
    view! {
        <p data-cure>
            <Icon glyph=Glyph::ArrowRight />
            <span><span class="sr-only">"What to do: "</span>{cure}</span>
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_divided_after_its_first_sentence() {
        let parts = |reason: &str| {
            let ReasonParts { found, cure } = ReasonParts::of(reason);
            (found, cure)
        };
        let divided = |found: &str, cure: &str| (found.to_owned(), cure.to_owned());
        assert_eq!(
            parts("Direct access is not allowed. Request it for 4 hours. Or ask."),
            divided(
                "Direct access is not allowed.",
                "Request it for 4 hours. Or ask."
            )
        );
        assert_eq!(
            parts("Access needs two approvals."),
            divided("Access needs two approvals.", "")
        );
        // A dot within a name ends no sentence.
        assert_eq!(
            parts("The user ann. reyes is not known. Choose another."),
            divided("The user ann. reyes is not known.", "Choose another.")
        );
        assert_eq!(parts("Ünïcode. Äh."), divided("Ünïcode.", "Äh."));
    }
}
