//! Form fields: label, hint and error tied to the control by id, and the error summary that a form opens
//! with. They show what was typed; they never validate.

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Whether the form can be sent without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Need {
    /// Must be filled; the browser insists.
    #[default]
    Required,
    /// May be empty; the label says so.
    Optional,
}

impl Need {
    /// The value of the `required` attribute.
    pub const fn required(self) -> bool {
        matches!(self, Self::Required)
    }
}

/// The ids that a control must carry, worked out from its name.
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

/// Label, hint and error around any control whose id is `id`. The control itself names them in
/// `aria-describedby` as `{id}-hint` and `{id}-error`.
#[component]
pub fn Field(
    /// The control's id.
    #[prop(into)]
    id: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// Whether "optional" is written behind the label.
    #[prop(optional)]
    need: Need,
    /// One sentence on how to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong and how to put it right.
    #[prop(optional, into)]
    error: Option<String>,
    /// The control.
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
                {label} {(need == Need::Optional).then(|| view! { <span class="text-muted font-normal">" optional"</span> })}
            </label>
            {hint.map(|hint| view! { <p id=format!("{id}-hint") data-hint>{hint}</p> })}
            {children()}
            {error
                .map(|error| {
                    view! {
                        <p id=format!("{id}-error") data-error>
                            <Icon glyph=Glyph::Warning />
                            <span>{error}</span>
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}

/// One line of text, a number, a date or a search, with its label.
#[component]
pub fn TextField(
    /// Sent with the form, and the id.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// What was typed before.
    #[prop(optional, into)]
    value: Option<String>,
    /// The HTML input type; `text` unless told.
    #[prop(optional, into)]
    kind: Option<String>,
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
    #[prop(optional)]
    maxlength: Option<u32>,
    /// For the browser's own filling in; `off` unless told.
    #[prop(optional, into)]
    autocomplete: Option<String>,
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
                type=kind.unwrap_or_else(|| "text".into())
                value=value
                required=need.required()
                maxlength=maxlength
                autocomplete=autocomplete.unwrap_or_else(|| "off".into())
                aria-describedby=described
                aria-invalid=invalid
            />
        </Field>
    }
    .into_any()
}

/// One entry of a select.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Sent with the form.
    pub value: String,
    /// Shown.
    pub label: String,
}

impl Choice {
    /// A value and the words for it.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}

/// One of a list.
#[component]
pub fn SelectField(
    /// Sent with the form, and the id.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    label: String,
    /// The list. Give an empty value first when nothing is chosen yet.
    choices: Vec<Choice>,
    /// The value that is chosen.
    #[prop(optional, into)]
    selected: Option<String>,
    /// Whether the form can be sent without it.
    #[prop(optional)]
    need: Need,
    /// One sentence on how to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Option<String>,
) -> impl IntoView {
    let described = described_by(&name, hint.as_ref(), error.as_ref());
    let invalid = error
        .as_ref()
        .is_some_and(|e| !e.is_empty())
        .then_some("true");
    let options = choices
        .into_iter()
        .map(|choice| {
            let chosen = selected.as_ref() == Some(&choice.value);
            view! { <option value=choice.value selected=chosen>{choice.label}</option> }
        })
        .collect_view();
    view! {
        <Field id=name.clone() label need hint=hint.unwrap_or_default() error=error.unwrap_or_default()>
            <select id=name.clone() name=name.clone() required=need.required() aria-describedby=described aria-invalid=invalid>
                {options}
            </select>
        </Field>
    }
    .into_any()
}

/// One of a few, all in sight.
#[component]
pub fn RadioGroup(
    /// Sent with the form.
    #[prop(into)]
    name: String,
    /// What is asked.
    #[prop(into)]
    legend: String,
    /// The few.
    choices: Vec<Choice>,
    /// The value that is chosen.
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

/// A box to tick, with its words behind it.
#[component]
pub fn Checkbox(
    /// Sent with the form, and the id.
    #[prop(into)]
    name: String,
    /// What ticking it means.
    #[prop(into)]
    label: String,
    /// Sent when ticked.
    #[prop(into)]
    value: String,
    /// Ticked already.
    #[prop(optional)]
    checked: bool,
) -> impl IntoView {
    view! {
        <label data-check>
            <input type="checkbox" name=name value=value checked=checked />
            <span>{label}</span>
        </label>
    }
    .into_any()
}

/// Opens a form that came back: every error as a link to its field. Empty without errors.
#[component]
pub fn ErrorSummary(
    /// Field id and what is wrong with it.
    errors: Vec<(String, String)>,
) -> impl IntoView {
    if errors.is_empty() {
        return ().into_any();
    }
    let items = errors
        .into_iter()
        .map(|(field, error)| view! { <li><a href=format!("#{field}")>{error}</a></li> })
        .collect_view();
    view! {
        <div data-notice data-status="danger" role="alert" tabindex="-1" autofocus>
            <Icon glyph=Glyph::Warning />
            <div>
                <h2>"There is a problem"</h2>
                <ul>{items}</ul>
            </div>
        </div>
    }
    .into_any()
}
