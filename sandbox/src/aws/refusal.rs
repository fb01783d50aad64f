//! The error shape of awsJson1.1.

use serde_json::{Map, Value};

use super::service::Service;

/// An error response. A handler that returns one has changed nothing.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// Additional members of the error shape, such as `Reason`.
    pub details: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<String>) -> Self {
        self.details.push((member, value.into()));
        self
    }

    pub fn internal(service: Service) -> Self {
        Self {
            status: 500,
            ..Self::new(service.internal_code(), "Internal server error")
        }
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new("ConflictException", message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new("AccessDeniedException", message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    /// Returns the response body. Cognito names the text `message`, all other services `Message`.
    pub fn body(&self, service: Option<Service>) -> String {
        let message = match service {
            Some(Service::CognitoIdp) | None => "message",
            Some(_) => "Message",
        };
        let mut members = Map::new();
        members.insert("__type".to_owned(), Value::from(self.code));
        members.insert(message.to_owned(), Value::from(self.message.as_str()));
        for (member, value) in &self.details {
            members.insert((*member).to_owned(), Value::from(value.as_str()));
        }
        Value::Object(members).to_string()
    }
}
