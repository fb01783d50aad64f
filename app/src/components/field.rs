//! Form fields, with label, hint and error linked to the control by id, and the error summary at the top of a form.
//! They display the values entered and never validate or cut them.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{Glyph, Icon, with_dates};

/// Whether a field is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Requirement {
    /// The browser rejects an empty field.
    #[default]
    Required,
    /// May be empty; the label shows "optional".
    Optional,
    /// Required under a condition that only the server checks; the label states it.
    If(&'static str),
    /// Required wherever it is shown. Only the server checks it: a browser would demand a field that is hidden.
    Shown,
}

impl Requirement {
    /// Returns what follows the label.
    const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Required | Self::Shown => None,
            Self::Optional => Some("optional"),
            Self::If(condition) => Some(condition),
        }
    }

    /// Returns the value of the `required` attribute.
    pub const fn required(self) -> bool {
        matches!(self, Self::Required)
    }
}

/// Returns the value of `aria-describedby` for a control with a hint or an error.
pub(super) fn described_by(
    id: &str,
    hint: Option<&String>,
    error: Option<&String>,
) -> Option<String> {
    let ids = [(error, "error"), (hint, "hint")];
    let ids: Vec<String> = ids
        .into_iter()
        .filter(|(text, _)| text.is_some_and(|t| !t.is_empty()))
        .map(|(_, part)| format!("{id}-{part}"))
        .collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// The label, hint and error of the control whose id is `id`. The control must refer to `{id}-hint` and `{id}-error` in
/// `aria-describedby`.
#[component]
pub fn Field(
    /// The id of the control.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    /// Whether "optional" or a condition follows the label.
    #[prop(optional)]
    need: Requirement,
    /// One sentence on the expected input.
    #[prop(optional, into)]
    hint: Option<String>,
    /// The problem and how to correct it.
    #[prop(optional, into)]
    error: Option<String>,
    children: Children,
) -> impl IntoView {
    let (hint, error) = (
        hint.filter(|h| !h.is_empty()),
        error.filter(|e| !e.is_empty()),
    );
    let invalid = error.is_some().then_some("");
    view! {
        <div data-field data-invalid=invalid>
            <label for=id.clone()>
                {label} {need.mark().map(|mark| view! { <span class="text-muted font-normal">" " {mark}</span> })}
            </label>
            {hint.map(|hint| view! { <p id=format!("{id}-hint") data-hint>{with_dates(&hint)}</p> })}
            {children()}
            {error
                .map(|error| {
                    view! {
                        <p id=format!("{id}-error") data-error>
                            <Icon glyph=Glyph::Warning />
                            <span>{with_dates(&error)}</span>
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}

/// A single-line input: text, number, date or search.
#[component]
pub fn TextField(
    /// The name of the form field, also used as the id.
    #[prop(into)]
    name: String,
    #[prop(into)] label: String,
    /// The value entered earlier.
    #[prop(optional, into)]
    value: Option<String>,
    /// The HTML input type; `text` by default.
    #[prop(optional, into)]
    kind: Option<String>,
    #[prop(optional)] need: Requirement,
    /// One sentence on the expected input.
    #[prop(optional, into)]
    hint: Option<String>,
    #[prop(optional, into)] error: Option<String>,
    /// The `autocomplete` attribute; `off` by default.
    #[prop(optional, into)]
    autocomplete: Option<String>,
    /// The `id` of the list with values to choose from.
    #[prop(optional, into)]
    list: Option<String>,
) -> impl IntoView {
    let described = described_by(&name, hint.as_ref(), error.as_ref());
    let invalid = error
        .as_ref()
        .is_some_and(|e| !e.is_empty())
        .then_some("true");
    view! {
        <Field id=name.clone() label need hint=hint.unwrap_or_default() error=error.unwrap_or_default()>
            <input
                id=name.clone()
                name=name.clone()
                list=list
                type=kind.unwrap_or_else(|| "text".into())
                value=value
                required=need.required()
                autocomplete=autocomplete.unwrap_or_else(|| "off".into())
                aria-describedby=described
                aria-invalid=invalid
            />
        </Field>
    }
    .into_any()
}

/// An option of a select or a radio group.
#[derive(Debug, Clone)]
pub struct Choice {
    pub value: String,
    pub label: String,
    /// The heading under which it is in a select, after the choices without one.
    pub group: Option<&'static str>,
}

impl Choice {
    /// Creates a choice from a value and its label.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            group: None,
        }
    }

    /// Puts it under a heading.
    #[must_use]
    pub fn under(self, heading: &'static str) -> Self {
        Self {
            group: Some(heading),
            ..self
        }
    }
}

/// A drop-down list.
#[component]
pub fn SelectField(
    /// The name of the form field, also used as the id.
    #[prop(into)]
    name: String,
    #[prop(into)] label: String,
    /// The options. Put an empty value first if nothing is selected yet.
    choices: Vec<Choice>,
    /// The selected value.
    #[prop(optional, into)]
    selected: Option<String>,
    #[prop(optional)] need: Requirement,
    /// One sentence on the expected input.
    #[prop(optional, into)]
    hint: Option<String>,
    #[prop(optional, into)] error: Option<String>,
) -> impl IntoView {
    let described = described_by(&name, hint.as_ref(), error.as_ref());
    let invalid = error
        .as_ref()
        .is_some_and(|e| !e.is_empty())
        .then_some("true");
    let option = |choice: Choice| {
        let chosen = selected.as_ref() == Some(&choice.value);
        view! { <option value=choice.value selected=chosen>{choice.label}</option> }
    };
    let (grouped, plain): (Vec<Choice>, Vec<Choice>) = choices
        .into_iter()
        .partition(|choice| choice.group.is_some());
    let mut groups: BTreeMap<&'static str, Vec<Choice>> = BTreeMap::new();
    for choice in grouped {
        groups
            .entry(choice.group.unwrap_or_default())
            .or_default()
            .push(choice);
    }
    let plain = plain.into_iter().map(option).collect_view();
    let groups = groups.into_iter().map(|(heading, choices)| {
        let options = choices.into_iter().map(option).collect_view();
        view! { <optgroup label=heading>{options}</optgroup> }
    });
    let options = view! { {plain} {groups.collect_view()} };
    view! {
        <Field id=name.clone() label need hint=hint.unwrap_or_default() error=error.unwrap_or_default()>
            <select id=name.clone() name=name.clone() required=need.required() aria-describedby=described aria-invalid=invalid>
                {options}
            </select>
        </Field>
    }
    .into_any()
}

/// A group of radio buttons, for a few options.
#[component]
pub fn RadioGroup(
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    choices: Vec<Choice>,
    /// The selected value.
    #[prop(optional, into)]
    selected: Option<String>,
) -> impl IntoView {
    let options = choices
        .into_iter()
        .map(|choice| {
            let chosen = selected.as_ref() == Some(&choice.value);
            view! {
                <label>
                    <input type="radio" name=name.clone() value=choice.value checked=chosen required />
                    <span>{choice.label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset data-radios>
            <legend>{legend}</legend>
            <div>{options}</div>
        </fieldset>
    }
    .into_any()
}

/// A checkbox with its label.
#[component]
pub fn Checkbox(
    /// The name of the form field, also used as the id.
    #[prop(into)]
    name: String,
    #[prop(into)] label: String,
    /// The value sent when it is checked.
    #[prop(into)]
    value: String,
    #[prop(optional)] checked: bool,
) -> impl IntoView {
    view! {
        <label data-check>
            <input type="checkbox" name=name value=value checked=checked />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// The maximum number of errors in a summary: nobody reads more at once.
const MOST_ERRORS: usize = 20;

/// The summary at the top of a form that was sent with errors: a list of links to the fields. Empty without errors.
#[component]
pub fn ErrorSummary(
    /// The field id and the message of each error.
    errors: Vec<(String, String)>,
) -> impl IntoView {
    if errors.is_empty() {
        return ().into_any();
    }
    let more = errors.len().saturating_sub(MOST_ERRORS);
    let items = errors
        .into_iter()
        .take(MOST_ERRORS)
        .map(|(field, error)| view! { <li><a href=format!("#{field}")>{with_dates(&error)}</a></li> })
        .collect_view();
    let more = (more > 0).then(|| view! { <li>{format!("and {more} more")}</li> });
    view! {
        <div data-notice data-status="danger" role="alert" tabindex="-1" autofocus>
            <Icon glyph=Glyph::Warning />
            <div>
                <h2>"There is a problem"</h2>
                <ul>{items} {more}</ul>
            </div>
        </div>
    }
    .into_any()
}
