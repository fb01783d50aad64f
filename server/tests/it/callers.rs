//! Callers of services, as a request of a browser would make them.

use std::ops::{Deref, DerefMut};

use domain::time::Timestamp;
use server::{
    service::caller::{BrowserRequest, Caller, CallingPerson},
    store::Moment,
};

/// A person in a browser. A test may change what is known of the person before they act.
#[derive(Debug, Clone)]
pub struct InBrowser {
    pub calling: CallingPerson,
    pub authenticated_at: Timestamp,
}

impl InBrowser {
    pub fn caller(self) -> Caller {
        let request = BrowserRequest {
            id: "request-1".into(),
            session: String::new(),
            client_ip: None,
            authenticated_at: self.authenticated_at,
            began: Moment::now(),
        };
        Caller::Browser(self.calling, request)
    }
}

impl Deref for InBrowser {
    type Target = CallingPerson;

    fn deref(&self) -> &CallingPerson {
        &self.calling
    }
}

impl DerefMut for InBrowser {
    fn deref_mut(&mut self) -> &mut CallingPerson {
        &mut self.calling
    }
}
