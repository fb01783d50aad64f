//! The form for a new change: the selection is part of the URL; the preview below shows the effect and the verdict.
//! Nothing is stored until the second form is sent, which is bound to the effect in the preview.
//!
//! Each subject has a form in a module of its own; the kind of the change selects it from one table.

mod assignment;
mod identity;
mod membership;
mod selection;

use domain::authorize::Action;
use leptos::prelude::*;

use crate::{
    backend::{ChangeForm, ChangeKind, NewChange, PortResult, change_field},
    components::{
        ButtonKind, Crumb, ErrorSummary, FreshnessNotice, KeptNotice, PageHeader, PreviewSection,
        SubmitForm, Tab, Tabs, selection_errors, session_tail,
    },
    routes::{FormState, Page, Visit},
};

/// How the form of one kind of change is drawn.
struct FormPage {
    /// The title of the page, or of its tab among the changes of access; also the button that submits the change.
    title: &'static str,
    place: Place,
    /// The weight of the button that submits it.
    button: ButtonKind,
    /// Renders the first form, a GET form, so that the selection has a URL that can be shared.
    choose: fn(&NewChange) -> AnyView,
    /// Returns how long a session of so many words can outlast what the change does.
    session: fn(&str, &ChangeForm) -> String,
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
    let mut change_form = ChangeForm::read(|field| visit.query(field).to_owned());
    if change_form.kind.is_empty() {
        ChangeKind::default()
            .word()
            .clone_into(&mut change_form.kind);
    }
    let new = visit.backend.new_change(&change_form).await?;
    let own_only = visit.backend.may(Action::Propose).is_err();
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    let form = visit.form;
    Ok(Page::new("New change", move || {
        let kept = form.kept;
        let page = of_kind(new.change_form.known_kind().unwrap_or_default());
        let errors = errors(&form, &new);
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
        let preview = new.preview.clone().map(|preview| {
            // The notice above the preview says it already.
            let overruns = new
                .session
                .as_ref()
                .is_some_and(|session| session.overrun.is_some());
            let note = (!overruns)
                .then(|| {
                    session_tail(preview.session_seconds, |length| {
                        (page.session)(length, &new.change_form)
                    })
                })
                .flatten();
            let form = submit_form(page, &new, &form);
            view! { <PreviewSection preview form note=note.into_any() now /> }
        });
        view! {
            <PageHeader title crumbs=vec![crumb] detail=view! { {detail} }.into_any() />
            <FreshnessNotice freshness now />
            <KeptNotice kept />
            <ErrorSummary errors=errors />
            {tabs}
            {(page.choose)(&new)}
            {preview}
        }
        .into_any()
    }))
}

/// Returns the errors of the page. Those of a field that is not drawn lead to the first form.
fn errors(form: &FormState, new: &NewChange) -> Vec<(String, String)> {
    selection_errors(form, &new.errors, |field| {
        let is_drawn = new.preview.is_some() || change_field::CHOSEN.contains(&field);
        (field == change_field::KIND || !is_drawn).then_some("choose")
    })
}

fn submit_form(page: &FormPage, new: &NewChange, form: &FormState) -> SubmitForm {
    let chosen = new.change_form.fields();
    SubmitForm {
        action: "/do/changes/submit",
        chosen: chosen
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
        form_key: new.form_key.clone(),
        verb: page.title,
        kind: page.button,
        entered: form.clone(),
    }
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
