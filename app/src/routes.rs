//! The routes: four tables that map URLs to pages, files, previews and actions, each with the permission it requires.
//!
//! A row requires an `Action`, so a page without an authorization check does not compile. The server mounts every
//! row; downloads, live events, the palette index and sign-in are mounted in `server::http` with checks of their own.
//! The authorization matrix test covers both.

mod files;

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use domain::authorize::Action;
use leptos::prelude::AnyView;

use crate::{
    actions,
    backend::{
        Backend, CRAWL, Denied, FORM, FieldError, PortResult, change_field, classify_field,
        comment_field, decision_field,
    },
    pages,
};

pub use files::{FILES, FileRoute};

/// A boxed future, as the tables store it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A page, served by GET. It never changes access.
pub struct PageRoute {
    /// The path; `{name}` matches one segment.
    pub path: &'static str,
    /// The action that the caller must be allowed to perform.
    pub action: Action,
    /// Builds the page.
    pub page: fn(Visit) -> BoxFuture<PortResult<Page>>,
}

/// A page that shows what a form would do, served by POST at the path of the form, so that nothing that somebody typed is
/// in an address. It writes nothing.
pub struct PreviewRoute {
    /// The path, which is also that of a page.
    pub path: &'static str,
    /// The action that the caller must be allowed to perform.
    pub action: Action,
    /// Builds the page from the entered values.
    pub page: fn(Visit) -> BoxFuture<PortResult<Page>>,
    /// The fields that are kept over an expired session, as [`ActionRoute::keep`].
    pub keep: &'static [&'static str],
}

/// An action: a POST request that is answered with a redirect to a page.
pub struct ActionRoute {
    /// The path; `{name}` matches one segment.
    pub path: &'static str,
    /// The action that the caller must be allowed to perform.
    pub action: Action,
    /// Performs the action and returns the URL to redirect to.
    pub run: fn(Post) -> BoxFuture<PortResult<String>>,
    /// Returns the URL of the page with the form. It shows the entered values again if they are invalid, or after the
    /// sign-in that follows an expired session.
    pub form: fn(&Sent) -> String,
    /// The fields that are kept over an expired session and restored after the next sign-in. Only input of the user,
    /// never the hash of an effect, a key or a secret.
    pub keep: &'static [&'static str],
}

/// Every page.
pub const PAGES: &[PageRoute] = &[
    PageRoute {
        path: "/",
        action: Action::SeeOwn,
        page: |v| Box::pin(pages::home::page(v)),
    },
    PageRoute {
        path: "/accounts",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::accounts::page(v)),
    },
    PageRoute {
        path: "/accounts/{id}",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::account::page(v)),
    },
    PageRoute {
        path: "/people",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::people::page(v)),
    },
    PageRoute {
        path: "/identities",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::identities::page(v)),
    },
    // Everyone may see themselves; the port requires `SeeDirectory` for other people, else returns 404.
    PageRoute {
        path: "/people/{id}",
        action: Action::SeeOwn,
        page: |v| Box::pin(pages::person::page(v)),
    },
    PageRoute {
        path: "/groups",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::groups::page(v)),
    },
    PageRoute {
        path: "/groups/{id}",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::group::page(v)),
    },
    PageRoute {
        path: "/permission-sets",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::permission_sets::page(v)),
    },
    PageRoute {
        path: "/permission-sets/{key}",
        action: Action::SeeDirectory,
        page: |v| Box::pin(pages::permission_set::page(v)),
    },
    PageRoute {
        path: "/changes",
        action: Action::SeeOwn,
        page: |v| Box::pin(pages::changes::page(v)),
    },
    PageRoute {
        path: "/changes/new",
        action: Action::ProposeOwn,
        page: |v| Box::pin(pages::new_change::page(v)),
    },
    PageRoute {
        path: "/changes/classify",
        action: Action::Propose,
        page: |v| Box::pin(pages::classify::page(v)),
    },
    PageRoute {
        path: "/changes/{id}",
        action: Action::SeeOwn,
        page: |v| Box::pin(pages::change::page(v)),
    },
    PageRoute {
        path: "/inbox",
        action: Action::SeeInbox,
        page: |v| Box::pin(pages::inbox::page(v)),
    },
    PageRoute {
        path: "/ledger",
        action: Action::SeeLedger,
        page: |v| Box::pin(pages::ledger::page(v)),
    },
    PageRoute {
        path: "/ledger/{seq}",
        action: Action::SeeLedger,
        page: |v| Box::pin(pages::entry::page(v)),
    },
    PageRoute {
        path: "/reports/production-pci",
        action: Action::SeeReports,
        page: |v| Box::pin(pages::report::page(v)),
    },
    PageRoute {
        path: "/operations",
        action: Action::SeeOperations,
        page: |v| Box::pin(pages::operations::page(v)),
    },
];

/// Every preview that is served by POST.
pub const PREVIEWS: &[PreviewRoute] = &[
    PreviewRoute {
        path: "/changes/new",
        action: Action::ProposeOwn,
        page: |v| Box::pin(pages::new_change::page(v)),
        keep: &change_field::KEPT,
    },
    PreviewRoute {
        path: "/changes/classify",
        action: Action::Propose,
        page: |v| Box::pin(pages::classify::page(v)),
        keep: &classify_field::KEPT,
    },
];

/// Every action.
pub const ACTIONS: &[ActionRoute] = &[
    ActionRoute {
        path: "/do/changes/submit",
        action: Action::ProposeOwn,
        run: |p| Box::pin(actions::change::submit(p)),
        form: actions::change::form,
        keep: &change_field::TYPED,
    },
    ActionRoute {
        path: "/do/changes/classify",
        action: Action::Propose,
        run: |p| Box::pin(actions::change::classify(p)),
        form: actions::change::classify_form,
        keep: &classify_field::KEPT,
    },
    ActionRoute {
        path: "/do/changes/{id}/decide",
        action: Action::Decide,
        run: |p| Box::pin(actions::change::decide(p)),
        form: actions::change::record,
        keep: &decision_field::TYPED,
    },
    ActionRoute {
        path: "/do/changes/{id}/comment",
        action: Action::Comment,
        run: |p| Box::pin(actions::change::comment(p)),
        form: actions::change::record,
        keep: &comment_field::TYPED,
    },
    ActionRoute {
        path: "/do/changes/{id}/withdraw",
        action: Action::WithdrawOwn,
        run: |p| Box::pin(actions::change::withdraw(p)),
        form: actions::change::record,
        keep: &[],
    },
    ActionRoute {
        path: CRAWL,
        action: Action::Sync,
        run: |p| Box::pin(actions::job::crawl(p)),
        form: actions::job::form,
        keep: &[],
    },
    ActionRoute {
        path: "/do/jobs/{id}/retry",
        action: Action::ManageJobs,
        run: |p| Box::pin(actions::job::retry(p)),
        form: actions::job::form,
        keep: &[],
    },
    ActionRoute {
        path: "/do/jobs/{id}/dismiss",
        action: Action::ManageJobs,
        run: |p| Box::pin(actions::job::dismiss(p)),
        form: actions::job::form,
        keep: &[],
    },
    ActionRoute {
        path: "/do/jobs/{id}/cancel",
        action: Action::ManageJobs,
        run: |p| Box::pin(actions::job::cancel(p)),
        form: actions::job::form,
        keep: &[],
    },
];

/// A request for a page.
pub struct Visit {
    /// The ports, bound to the caller.
    pub backend: Arc<dyn Backend>,
    /// The named segments of the path.
    pub params: BTreeMap<String, String>,
    /// The query parameters, with the last value of each name.
    pub query: BTreeMap<String, String>,
    /// The path and query of the request.
    pub url: String,
    /// The values entered and their errors, if a form is shown again.
    pub form: FormState,
}

impl Visit {
    /// Returns a named segment of the path, or `NotFound` if it does not parse as `T`.
    pub fn param<T: std::str::FromStr>(&self, name: &str) -> PortResult<T> {
        self.params
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Denied::NotFound)
    }

    /// Returns all values of a query parameter that may occur several times. They are not decoded: use it for values
    /// without reserved characters only, such as numbers.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (_, query) = self.url.split_once('?').unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let named = pairs.filter(|(known, _)| *known == name);
        named.map(|(_, value)| value.to_owned()).collect()
    }

    /// Returns a query parameter, or an empty string if it is absent.
    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// The values entered in a form, and their errors.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    /// Values by field name.
    pub values: BTreeMap<String, String>,
    /// Errors in the order of the form.
    pub errors: Vec<FieldError>,
    pub kept: Kept,
}

/// What became of the input of a form that was sent after the session had ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// The form was not sent, or its sender was signed in.
    #[default]
    Nothing,
    Restored,
    /// Without what is never stored, such as a card number.
    RestoredInPart,
    /// Nothing is known of it.
    Lost,
}

impl FormState {
    /// Returns the value entered in a field.
    pub fn value(&self, field: &str) -> Option<String> {
        self.values.get(field).cloned()
    }

    /// Returns the error of a field.
    pub fn error(&self, field: &str) -> Option<String> {
        self.errors
            .iter()
            .find(|error| error.field == field)
            .map(|error| error.message.clone())
    }
}

/// A page, ready to be rendered inside the layout.
pub struct Page {
    /// The name of the page in the document title.
    pub title: String,
    /// Renders the page. Runs once, inside the reactive owner of the request.
    pub draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Page {
    /// Creates a page from a title and a render function.
    pub fn new(title: impl Into<String>, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            title: title.into(),
            draw: Box::new(draw),
        }
    }
}

/// A request for an action.
pub struct Post {
    /// The ports, bound to the caller.
    pub backend: Arc<dyn Backend>,
    /// The form that was sent.
    pub sent: Sent,
}

/// The data of a submitted form.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The named segments of the path.
    pub params: BTreeMap<String, String>,
    /// The form fields. The router rejects a form that names a field twice.
    pub fields: BTreeMap<String, String>,
}

impl Sent {
    /// Returns a named segment of the path, or `NotFound` if it does not parse as `T`.
    pub fn param<T: std::str::FromStr>(&self, name: &str) -> PortResult<T> {
        self.params
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Denied::NotFound)
    }

    /// Returns a form field, or an empty string if it is absent.
    pub fn field(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// Returns an error for unknown fields, so that a forged field cannot set a state or an approver.
    pub fn only(&self, known: &[&str]) -> PortResult<()> {
        match self
            .fields
            .keys()
            .find(|field| !known.contains(&field.as_str()))
        {
            None => Ok(()),
            Some(_) => Err(Denied::Invalid(vec![FieldError {
                field: FORM,
                message: "The form contains an unknown field. Reload the page and try again."
                    .into(),
            }])),
        }
    }
}
