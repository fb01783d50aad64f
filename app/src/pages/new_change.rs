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
mod send;

use domain::{
    authorize::Action,
    time::{Duration, Timestamp},
    verdict::Outcome,
};
use leptos::prelude::*;

use crate::{
    backend::{ChangeForm, ChangeKind, NewChange, PortResult, Preview, change_field},
    components::{
        Button, ButtonKind, Crumb, ErrorSummary, FieldCheck, FreshnessNotice, KeptNotice,
        NEW_CHANGE, PREVIEW_HEADING, PageHeader, PreviewNotes, Section, Tab, Tabs, last_session,
        preview_heading, reason_fields, selection_errors, shorter_sessions, shown_preview,
    },
    islands::live_preview::LivePreview,
    routes::{FormState, Page, Visit},
};

pub(super) use self::selection::request_fields;
use self::{duration::less_than_standing, held::held_notice, send::send};

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
    /// Returns how long a session of so many words can outlast what the change does, if the form gives no duration.
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
        let (kept, written) = (form.kept, is_written(&form));
        view! {
            <PageHeader title crumbs=vec![crumb] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <KeptNotice kept />
            <ErrorSummary errors=errors />
            {tabs}
            <form id="choose" method="post" action=SUBMIT>
                <div data-change-form>
                    {selection(page, &new)}
                    <div data-preview-column>
                        {view! { <LivePreview /> }.into_any()}
                        {preview(page, &new, now)}
                    </div>
                    <div data-reason-column data-written=written>
                        <Section title="Reason"><div data-body>{reason_fields(&form)}</div></Section>
                    </div>
                </div>
                {send(page, &new)}
            </form>
        }
        .into_any()
    }))
}

/// Returns the mark that a reason was sent, or has an error, so that its fields are shown for a blocked request as well.
fn is_written(form: &FormState) -> Option<&'static str> {
    let fields = [change_field::JUSTIFICATION, change_field::TICKET];
    let mut fields = fields.into_iter();
    let written = fields.any(|field| {
        let value = form.value(field);
        value.is_some_and(|value| !value.is_empty()) || form.error(field).is_some()
    });
    written.then_some("")
}

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
    if let Some(instead) = sent.get(change_field::INSTEAD) {
        form = form.with_instead(instead);
    }
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
        view! { <div data-without-script><Button kind check=FieldCheck::Skipped to=format!("{NEW_CHANGE}#{PREVIEW_HEADING}")>{label}</Button></div> }
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
        return no_preview(new);
    };
    let title = preview.title.in_words();
    let notes = PreviewNotes {
        title,
        before: new.held.clone().map(|held| held_notice(held, now)),
        // Below the duration, if the form has one.
        session: (!page.drawn.contains(&change_field::TERM))
            .then(|| session(page, new, &preview))
            .flatten(),
        less: less_than_standing(new, &preview),
        ..PreviewNotes::default()
    };
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING>
            {shown_preview(preview, notes, now)}
        </section>
    }
    .into_any()
}

/// Renders what appears in place of the preview once the form is filled in, or why it does not.
fn no_preview(new: &NewChange) -> AnyView {
    let gives = new.change_form.known_kind().is_some_and(ChangeKind::gives);
    let wrong = (!new.errors.is_empty()).then_some("");
    let body = if new.errors.is_empty() {
        let sets = gives.then(|| view! { <li>"What the permission sets allow"</li> });
        view! {
            <p>"Once the form is filled in, this shows before anything is submitted:"</p>
            <ul>
                <li>"The verdict of the policies, and who can approve"</li>
                <li>"Who gains or loses access"</li>
                {sets}
            </ul>
        }
        .into_any()
    } else {
        let messages = new.errors.iter().map(|error| error.message.clone());
        let messages = messages
            .map(|words| view! { <p>{words}</p> })
            .collect_view();
        messages.into_any()
    };
    view! {
        <section id="preview" aria-labelledby=PREVIEW_HEADING data-preview-empty data-wrong=wrong>
            <div data-card data-preview-card>
                {preview_heading("Preview".to_owned(), None)}
                <div data-body>{body}</div>
            </div>
        </section>
    }
    .into_any()
}

/// Renders until when sessions can last, and how they become shorter, unless the change is blocked for other reasons than that.
fn session(page: &FormPage, new: &NewChange, preview: &Preview) -> Option<AnyView> {
    let length = Duration::seconds(i64::from(preview.session_seconds));
    if length.0 <= 0 {
        return None;
    }
    let term = preview.only_term();
    let blocked = preview.verdict.outcome == Outcome::Refused;
    let Some((term, given)) = term.zip(new.session.as_ref()) else {
        return (!blocked).then(|| (page.session)(&length.words()).into_any());
    };
    let overrun = given.overrun.as_ref();
    if blocked && overrun.is_none() {
        return None;
    }
    let overrun = overrun.filter(|_| !blocked);
    let cure = overrun.and_then(|one| Some(shorter_sessions(&one.set, one.shorter?)));
    let last = last_session(term, length);
    Some(view! { {last} {cure} }.into_any())
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
