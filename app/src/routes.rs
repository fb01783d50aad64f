//! Every URL, one table: the page or the action behind it, and what one must be allowed to do.
//!
//! A row cannot be written without its `Action`, so a page that nobody thought to guard does not
//! compile. The server mounts these two tables and nothing else that shows or changes data, and the
//! authorisation matrix is printed by walking them.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use domain::authorize::Action;
use leptos::prelude::AnyView;

use crate::{
    actions,
    backend::{Answer, Backend, Denied, FORM, FieldError, change_field, decision_field},
    pages,
};

/// A future that a table can hold.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One page: a GET that writes nothing.
pub struct PageRoute {
    /// The URL; `{name}` stands for one segment.
    pub path: &'static str,
    /// What one must be allowed to do.
    pub action: Action,
    /// Makes the page.
    pub page: fn(Visit) -> Later<Answer<Page>>,
}

/// One action: a POST that ends in a redirect to a page.
pub struct ActionRoute {
    /// The URL; `{name}` stands for one segment.
    pub path: &'static str,
    /// What one must be allowed to do.
    pub action: Action,
    /// Does it, and answers where to go.
    pub run: fn(Post) -> Later<Answer<String>>,
    /// The URL of the page with the form: where what was typed is shown again when it is wrong, or when the session
    /// had ended.
    pub form: fn(&Sent) -> String,
    /// The fields that are kept when the session has ended, and come back after the next sign-in. Only what a person
    /// typed: never a hash of what they saw, a key or a secret.
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
    // Everyone may see themselves; the port answers 404 for anybody else.
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
        path: "/do/changes/{id}/decide",
        action: Action::Decide,
        run: |p| Box::pin(actions::change::decide(p)),
        form: actions::change::record,
        keep: &decision_field::TYPED,
    },
    ActionRoute {
        path: "/do/changes/{id}/withdraw",
        action: Action::WithdrawOwn,
        run: |p| Box::pin(actions::change::withdraw(p)),
        form: actions::change::record,
        keep: &[],
    },
];

/// One request for a page.
pub struct Visit {
    /// Bound to the actor.
    pub backend: Arc<dyn Backend>,
    /// The segments that the path names.
    pub params: BTreeMap<String, String>,
    /// The query, last value of each key.
    pub query: BTreeMap<String, String>,
    /// Path and query, as asked for.
    pub url: String,
    /// What was typed before and what was wrong with it, when a form is shown again.
    pub form: FormState,
}

impl Visit {
    /// A segment that the path names; parsed by the caller.
    pub fn param<T: std::str::FromStr>(&self, name: &str) -> Answer<T> {
        self.params
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Denied::NotFound)
    }

    /// A value of the query; empty if it is not there.
    pub fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }
}

/// What was typed into a form, and what was wrong with it.
#[derive(Debug, Clone, Default)]
pub struct FormState {
    /// By field.
    pub values: BTreeMap<String, String>,
    /// In the order of the form.
    pub errors: Vec<FieldError>,
}

impl FormState {
    /// What was typed into a field.
    pub fn value(&self, field: &str) -> Option<String> {
        self.values.get(field).cloned()
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<String> {
        self.errors
            .iter()
            .find(|error| error.field == field)
            .map(|error| error.message.clone())
    }
}

/// A page, ready to be drawn inside the frame.
pub struct Page {
    /// What it is about, for the title.
    pub title: String,
    /// Draws it; runs once, inside the owner of this request.
    pub draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Page {
    /// A page of a title and a way to draw it.
    pub fn new(title: impl Into<String>, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            title: title.into(),
            draw: Box::new(draw),
        }
    }
}

/// One request for an action.
pub struct Post {
    /// Bound to the actor.
    pub backend: Arc<dyn Backend>,
    /// The form.
    pub sent: Sent,
}

/// A form, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The segments that the path names.
    pub params: BTreeMap<String, String>,
    /// The form's fields; each at most once, or the request was refused before.
    pub fields: BTreeMap<String, String>,
}

impl Sent {
    /// A segment that the path names.
    pub fn param<T: std::str::FromStr>(&self, name: &str) -> Answer<T> {
        self.params
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Denied::NotFound)
    }

    /// A field; empty if it was not sent.
    pub fn field(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// Refuses fields that the form does not have: nobody sets a state or an approver by adding one.
    pub fn only(&self, known: &[&str]) -> Answer<()> {
        match self
            .fields
            .keys()
            .find(|field| !known.contains(&field.as_str()))
        {
            None => Ok(()),
            Some(_) => Err(Denied::Invalid(vec![FieldError {
                field: FORM,
                message:
                    "This form sent a field that it does not have. Open the page again and repeat."
                        .into(),
            }])),
        }
    }
}
