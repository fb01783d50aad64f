//! The form for a new change: one form, with the preview of its effect and the verdict beside it. Nothing is stored until it
//! is submitted, bound to the effect in the preview.
//!
//! With JavaScript the preview follows what is chosen; without, a button sends the form and gets it back with the preview, by
//! POST, so that no text of a person is in an address. Each subject has fields in a module of its own; the kind of the change
//! selects it from one table.

mod assignment;
mod duration;
mod held;
mod identity;
mod membership;
mod selection;

use domain::{authorize::Action, time::Timestamp, verdict::Outcome};
use leptos::prelude::*;

use crate::{
    backend::{ChangeForm, ChangeKind, NewChange, PortResult, change_field},
    components::{
        BLOCKED, Button, ButtonKind, Crumb, ErrorSummary, FieldCheck, FreshnessNotice, KeptNotice,
        PREVIEW_HEADING, PageHeader, PreviewTitle, Section, Tab, Tabs, reason_fields,
        selection_errors, session_tail, shown_preview, submit_button,
    },
    islands::live_preview::LivePreview,
    routes::{FormState, Page, Visit},
};

use self::held::held_notice;
pub(super) use self::selection::request_fields;

/// How the form of one kind of change is drawn.
struct FormPage {
    /// The title of the page, or of its tab among the changes of access; also the button that submits the change.
    title: &'static str,
    place: Place,
    /// The weight of the button that submits it.
    button: ButtonKind,
    /// The fields that it draws; the others are sent as they are.
    drawn: &'static [&'static str],
    /// Renders these fields.
    choose: fn(&NewChange) -> AnyView,
    /// Returns how long a session of so many words can outlast what the change does, if no field of the form says it.
    session: fn(&str) -> String,
}

/// Where the form of a kind is found.
enum Place {
    /// A tab of the page of new changes.
    Tab,
    /// A page of its own, which starts from a list and says what the change means.
    Own {
        from: (&'static str, &'static str),
        meaning: &'static str,
    },
}

/// Returns the kinds of changes of access, each with the title of its tab.
pub fn tabs() -> impl Iterator<Item = (ChangeKind, &'static str)> {
    let all = ChangeKind::ALL.map(|kind| (kind, of_kind(kind)));
    let tabbed = all
        .into_iter()
        .filter(|(_, page)| matches!(page.place, Place::Tab));
    tabbed.map(|(kind, page)| (kind, page.title))
}

/// Returns the form of a kind. This is the only place of the UI that tells the kinds apart.
const fn of_kind(kind: ChangeKind) -> &'static FormPage {
    match kind {
        ChangeKind::Grant => &assignment::GRANT,
        ChangeKind::Remove => &assignment::REMOVE,
        ChangeKind::Join => &membership::JOIN,
        ChangeKind::Leave => &membership::LEAVE,
        ChangeKind::Link => &identity::LINK,
        ChangeKind::Unlink => &identity::UNLINK,
        ChangeKind::RefuseClaim => &identity::REFUSE_CLAIM,
        ChangeKind::WithdrawRefusal => &identity::WITHDRAW_REFUSAL,
    }
}

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let new = visit.backend.new_change(&chosen_form(&visit)).await?;
    let own_only = visit.backend.may(Action::Propose).is_err();
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("New change", move || {
        let page = of_kind(new.change_form.known_kind().unwrap_or_default());
        let errors = errors(&form, page, &new);
        let (title, detail, crumb) = match page.place {
            Place::Own {
                from: (path, name),
                meaning,
            } => (page.title, meaning, Crumb::new(path, name)),
            Place::Tab => (
                "New change",
                if own_only {
                    "Request a change of your own access. The preview shows the verdict before anything is submitted."
                } else {
                    "Select a change. The preview shows who gains or loses access, and the verdict, before anything is submitted."
                },
                Crumb::new("/changes", "Changes"),
            ),
        };
        let tabs = matches!(page.place, Place::Tab).then(|| {
            view! { <Tabs label="Kind of change" tabs=kinds(&new) /> }
        });
        let kept = form.kept;
        view! {
            <PageHeader title crumbs=vec![crumb] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <KeptNotice kept />
            <ErrorSummary errors=errors />
            {tabs}
            <form id="choose" method="post" action=SUBMIT data-change-form>
                {selection(page, &new)}
                <div data-preview-column>
                    {view! { <LivePreview /> }.into_any()}
                    {preview(page, &new, now)}
                </div>
                <div data-reason-column>
                    <Section title="Reason">
                        <div data-body>
                            {reason_fields(&form)}
                            {send(page, &new)}
                        </div>
                    </Section>
                </div>
            </form>
        }
        .into_any()
    }))
}

/// The path of the page, which is also that of the preview without JavaScript.
const FORM: &str = "/changes/new";
/// The path of the action that submits the form.
const SUBMIT: &str = "/do/changes/submit";

/// Returns the form that was sent, or that the address holds.
fn chosen_form(visit: &Visit) -> ChangeForm {
    let sent = &visit.form.values;
    let is_sent = change_field::CHOSEN
        .iter()
        .any(|name| sent.contains_key(*name));
    let mut form = if is_sent {
        ChangeForm::read(|name| sent.get(name).cloned().unwrap_or_default())
    } else {
        ChangeForm::read(|field| visit.query(field).to_owned())
    };
    if form.kind.is_empty() {
        ChangeKind::default().word().clone_into(&mut form.kind);
    }
    form
}

/// Renders the fields of the selection, and the button that shows the preview without JavaScript.
fn selection(page: &FormPage, new: &NewChange) -> AnyView {
    let hidden = new
        .change_form
        .fields()
        .into_iter()
        .filter(|(name, value)| !page.drawn.contains(name) && !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view();
    let fields = (page.choose)(new);
    let (kind, label) = if new.preview.is_some() {
        (ButtonKind::Secondary, "Update the preview")
    } else {
        (ButtonKind::Primary, "Preview")
    };
    let button = (!page.drawn.is_empty()).then(|| {
        view! { <div data-without-script><Button kind check=FieldCheck::Skipped to=format!("{FORM}#{PREVIEW_HEADING}")>{label}</Button></div> }
    });
    view! {
        <div data-selection-column>
            <Section title="Selection">
                <div id="selection" data-body>
                    {hidden}
                    {fields}
                    {button}
                </div>
            </Section>
        </div>
    }
    .into_any()
}

/// Renders what the change would do. Replaced as a whole when something else is chosen.
fn preview(page: &FormPage, new: &NewChange, now: Timestamp) -> AnyView {
    let Some(preview) = new.preview.clone() else {
        let words = if new.errors.is_empty() {
            vec!["Choose what you need. Who gains or loses access, and the verdict of the policies, appear here.".to_owned()]
        } else {
            new.errors
                .iter()
                .map(|error| error.message.clone())
                .collect()
        };
        let words = words.into_iter().map(|words| view! { <p>{words}</p> });
        return view! {
            <section id="preview" aria-labelledby=PREVIEW_HEADING data-preview-empty>
                <h2 id=PREVIEW_HEADING tabindex="-1" class="mb-3">"Preview"</h2>
                {words.collect_view()}
            </section>
        }
        .into_any();
    };
    // The field of the permission set says it already.
    let note = new
        .session
        .is_none()
        .then(|| session_tail(preview.session_seconds, page.session));
    let note = note.flatten();
    let title = preview.title.in_words();
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            <PreviewTitle title />
            {new.held.clone().map(|held| held_notice(held, now))}
            {shown_preview(preview, None, note, now)}
        </section>
    }
    .into_any()
}

/// Renders the button that submits what the preview shows. Replaced together with the preview.
fn send(page: &FormPage, new: &NewChange) -> AnyView {
    let Some(preview) = &new.preview else {
        return view! { <div id="send"><p data-hint>"The preview shows first what this would change."</p></div> }.into_any();
    };
    let outcome = preview.verdict.outcome;
    let (kind, verb) = submit_button(outcome, page.button, page.title);
    let blocked =
        (outcome == Outcome::Refused).then(|| view! { <p data-hint class="mt-2">{BLOCKED}</p> });
    view! {
        <div id="send">
            <input type="hidden" name=change_field::EFFECT value=preview.effect.0.clone() />
            <input type="hidden" name=change_field::FORM_KEY value=new.form_key.clone() />
            <Button kind>{verb}</Button>
            {blocked}
        </div>
    }
    .into_any()
}

/// Returns the errors of the page. Those of a field that is not drawn lead to the form.
fn errors(form: &FormState, page: &FormPage, new: &NewChange) -> Vec<(String, String)> {
    selection_errors(form, &new.errors, |field| {
        let is_hidden = change_field::CHOSEN.contains(&field) && !page.drawn.contains(&field);
        let is_own = field == change_field::WHO && selection::own_only(new);
        (is_hidden || is_own).then_some("choose")
    })
}

fn kinds(new: &NewChange) -> Vec<Tab> {
    let change_form = &new.change_form;
    let offered = new.choices.kinds.iter().copied();
    offered
        .map(|kind| {
            let other = ChangeForm {
                kind: kind.word().to_owned(),
                // `set` is a permission set for one kind and a group for the other, so it is not kept.
                set: if kind.is_membership() == change_form.is_membership() {
                    change_form.set.clone()
                } else {
                    String::new()
                },
                ..change_form.clone()
            };
            Tab {
                href: other.href(),
                label: of_kind(kind).title.to_owned(),
                current: Some(kind) == change_form.known_kind(),
                count: None,
            }
        })
        .collect()
}
