//! Keeps the input of a form over a sign-in, and restores it in the same form for the same subject: when the session
//! has ended, or when the action needs a more recent sign-in. The form is never sent automatically.
//!
//! Only the fields in `keep` of the action's row are stored, so that no hash, key or secret is written to the database,
//! and no value that the form itself would reject: a card number, or text far above the limit.
//! A request without an ended session, because its cookie is gone, has no known subject. Nothing is stored then, because
//! whoever signs in next in the same browser may be somebody else. The page after the sign-in says so.

use std::collections::BTreeMap;

use app::{
    backend::{CLASSIFY, ClassifyForm, decision_field, decision_of},
    routes::{ACTIONS, ActionRoute, PREVIEWS, PreviewRoute, Sent},
};
use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request},
    http::request::Parts,
};
use domain::{card_number::holds_card_number, person::Subject};
use http::header;

use super::{
    error::HttpError, form::fields, pages::params, return_to::ReturnTo, session::SignedIn,
    state::HttpState,
};
use crate::{
    clock,
    store::{StoreError, saved_form as rows, saved_form::FormFields},
};

/// The largest value that is stored, in bytes: enough for a list of 2,000 names, and to shorten a text that is too long.
const VALUE_BYTES: usize = 128 * 1024;
/// The value of `draft` if nothing of a form could be stored.
pub(super) const NOT_KEPT: &str = "none";
/// Marks a draft without all of the values that were sent.
pub(super) const IN_PART: &str = "in-part";
/// The longest selection that is kept in the address instead.
const SELECTION_BYTES: usize = 1_500;

/// The route that a form was sent to.
#[derive(Clone, Copy)]
pub(super) enum FormRoute {
    Action(&'static ActionRoute),
    Preview(&'static PreviewRoute),
}

impl FormRoute {
    /// Returns the URL of the page with the form.
    fn page(self, sent: &Sent) -> String {
        match self {
            Self::Action(route) => (route.form)(sent),
            Self::Preview(route) => route.path.to_owned(),
        }
    }

    /// Returns the URL of the page with as much of the selection as an address holds. What somebody typed is not in it.
    fn selection(self, sent: &Sent) -> String {
        let page = self.page(sent);
        if page != CLASSIFY {
            return page;
        }
        let chosen = ClassifyForm::read(|field| sent.field(field)).selection();
        if chosen.len() > SELECTION_BYTES {
            page
        } else {
            chosen
        }
    }

    /// Returns the fields that are kept.
    fn keep(self) -> &'static [&'static str] {
        match self {
            Self::Action(route) => route.keep,
            Self::Preview(route) => route.keep,
        }
    }
}

/// Stores a form that was sent without a session, and returns the page to open after sign-in.
pub(super) async fn keep(
    state: &HttpState,
    request: Request,
    ended: Option<&Subject>,
) -> Result<ReturnTo, HttpError> {
    let (mut parts, body) = request.into_parts();
    let Some(route) = form_route(&parts) else {
        return Ok(page_before(state, &parts));
    };
    let body = axum::body::to_bytes(body, state.settings.limits.body)
        .await
        .map_err(|_| HttpError::TooLarge)?;
    let Some(fields) = fields(&parts.headers, &body) else {
        return Ok(page_before(state, &parts));
    };
    let raw = RawPathParams::from_request_parts(&mut parts, &()).await;
    let sent = Sent {
        params: raw.map_or_else(|_| BTreeMap::new(), |raw| params(&raw)),
        fields,
    };
    match ended {
        Some(subject) => save(state, route, &sent, subject).await,
        None if stated(route.keep(), &sent) > 0 => {
            let page = with(&route.selection(&sent), &format!("draft={NOT_KEPT}"));
            Ok(ReturnTo::parse(&page))
        }
        None => Ok(ReturnTo::parse(&route.page(&sent))),
    }
}

/// Stores the input of a form for a subject, and returns the page to open after sign-in.
pub(super) async fn save(
    state: &HttpState,
    route: FormRoute,
    sent: &Sent,
    subject: &Subject,
) -> Result<ReturnTo, HttpError> {
    let page = route.page(sent);
    let kept = kept(route.keep(), sent);
    if kept.is_empty() {
        return Ok(ReturnTo::parse(&page));
    }
    let all = kept.iter().filter(|(_, value)| !value.is_empty()).count();
    let part = if all < stated(route.keep(), sent) {
        format!("&{IN_PART}=1")
    } else {
        String::new()
    };
    let id = clock::row_id();
    let mut tx = state.store.write().await?;
    let form = rows::SavedForm {
        id: &id,
        subject,
        page: path_of(&page),
        fields: &kept,
    };
    rows::save_form(&mut tx, &form, state.clock.now()).await?;
    tx.commit().await?;
    Ok(ReturnTo::parse(&with(&page, &format!("draft={id}{part}"))))
}

/// Returns a URL with another parameter.
fn with(page: &str, parameter: &str) -> String {
    let joint = match page.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{page}{joint}{parameter}")
}

/// Returns how many of the fields to keep hold something.
fn stated(keep: &[&str], sent: &Sent) -> usize {
    let values = keep.iter().filter_map(|name| sent.fields.get(*name));
    values.filter(|value| !value.is_empty()).count()
}

/// Returns the route that the form was sent to.
fn form_route(parts: &Parts) -> Option<FormRoute> {
    let pattern = parts.extensions.get::<MatchedPath>()?.as_str();
    let action = ACTIONS.iter().find(|route| route.path == pattern);
    let preview = PREVIEWS.iter().find(|route| route.path == pattern);
    action
        .map(FormRoute::Action)
        .or(preview.map(FormRoute::Preview))
}

/// Returns the fields to store, in the order of the row.
fn kept(keep: &[&str], sent: &Sent) -> FormFields {
    let value = |name: &&str| {
        let value = sent.fields.get(*name)?;
        is_storable(name, value).then(|| ((*name).to_owned(), value.clone()))
    };
    keep.iter().filter_map(value).collect()
}

fn is_storable(name: &str, value: &str) -> bool {
    value.len() <= VALUE_BYTES
        && !holds_card_number(value)
        && (name != decision_field::DECISION || decision_of(value).is_some())
}

/// Returns the page that sent the request, from `Referer`, if the request is not a form of the table.
fn page_before(state: &HttpState, parts: &Parts) -> ReturnTo {
    let referer = parts.headers.get(header::REFERER);
    let referer = referer
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ReturnTo::of_url(referer, &state.settings.public_base)
}

fn path_of(page: &str) -> &str {
    page.split_once('?').map_or(page, |(path, _)| path)
}

/// Returns the stored input for a page that is opened with `?draft=ID`. Returns `None` if the draft is unknown or
/// expired, or belongs to another page or subject.
pub async fn load(
    state: &HttpState,
    signed: &SignedIn,
    form_id: &str,
    page: &str,
) -> Result<Option<FormFields>, StoreError> {
    let now = state.clock.now();
    rows::saved_form(&state.store, form_id, &signed.subject, page, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_would_reject_is_not_kept() {
        for value in ["card 4111 1111 1111 1111", &"x".repeat(VALUE_BYTES + 1)] {
            assert!(!is_storable("reason", value));
        }
        assert!(is_storable("reason", &"x".repeat(VALUE_BYTES)));
        assert!(!is_storable("decision", "anything"));
    }

    #[test]
    fn nothing_is_kept_but_what_somebody_typed() {
        let previews = PREVIEWS.iter().map(FormRoute::Preview);
        for route in ACTIONS.iter().map(FormRoute::Action).chain(previews) {
            let mut sent = Sent::default();
            for name in ["effect", "form_key", "secret"].iter().chain(route.keep()) {
                sent.fields.insert((*name).to_owned(), "approve".to_owned());
            }
            let kept: Vec<String> = kept(route.keep(), &sent)
                .into_iter()
                .map(|(name, _)| name)
                .collect();
            assert_eq!(kept, route.keep());
            for never in ["effect", "form_key", "secret"] {
                assert!(!route.keep().contains(&never), "{never}");
            }
        }
    }
}
