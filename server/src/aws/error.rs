//! Classifies failed AWS calls. Callers decide by the class; the message from AWS is for the log and the ledger.
//!
//! Only a response with an error code and a 4xx status proves that nothing happened. After a 5xx, a truncated response,
//! a timeout or a lost connection the outcome is *unknown*: a write may have been carried out.

use std::{error::Error, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{
    orchestrator::HttpResponse,
    result::{DispatchFailure, SdkError},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The code of a call that was not sent because no credentials could be loaded.
pub const NO_CREDENTIALS: &str = "NoCredentials";

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Too many calls, or too many operations in flight.
    Throttled,
    /// An earlier write has not propagated yet. Retry later.
    Conflict,
    /// The resource does not exist.
    NotFound,
    /// This account may not make the call.
    AccessDenied,
    /// AWS will never accept this request.
    Invalid,
    /// A quota that does not reset over time.
    Quota,
    /// The outcome is unknown.
    Unknown,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CallError {
    pub class: ErrorClass,
    /// The AWS error code, or the kind of failure in the client.
    pub code: String,
    /// The message from AWS. Never sent to a browser.
    pub message: String,
    /// The member `Reason` of the response, which names a problem with a KMS key.
    pub reason: Option<String>,
    /// The AWS request id.
    pub request_id: Option<String>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            f.write_str(&self.code)
        } else {
            write!(f, "{}: {}", self.code, self.message)
        }
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E, HttpResponse>> for CallError {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let request_id = error
            .raw_response()
            .and_then(|response| response.headers().get("x-amzn-requestid"))
            .map(str::to_owned);
        let reason = error.raw_response().and_then(reason);
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = meta.and_then(|meta| meta.code());
        let message = meta
            .and_then(|meta| meta.message())
            .map_or_else(|| in_client(&error), str::to_owned);
        let class = match (code, status) {
            (Some(code), Some(status)) if (400..500).contains(&status) => by_code(code),
            _ => ErrorClass::Unknown,
        };
        let code = code.map_or_else(|| kind(&error).to_owned(), str::to_owned);
        Self {
            class,
            code,
            message,
            reason,
            request_id,
        }
    }
}

impl CallError {
    /// Returns the error code, and the reason if AWS names one.
    pub fn why(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}, {reason}", self.code),
            None => self.code.clone(),
        }
    }
}

/// Reads `Reason` from the body of an error. The SDK has a type of its own for it in each error shape.
fn reason(response: &HttpResponse) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(response.body().bytes()?).ok()?;
    body.get("Reason")?.as_str().map(str::to_owned)
}

fn by_code(code: &str) -> ErrorClass {
    match code {
        "ThrottlingException"
        | "TooManyRequestsException"
        | "Throttling"
        | "RequestLimitExceeded" => ErrorClass::Throttled,
        "ConflictException" | "ConcurrentModificationException" => ErrorClass::Conflict,
        "ResourceNotFoundException"
        | "AccountNotFoundException"
        | "UserNotFoundException"
        | "ParentNotFoundException"
        | "TargetNotFoundException" => ErrorClass::NotFound,
        "AccessDeniedException" | "NotAuthorizedException" => ErrorClass::AccessDenied,
        "ServiceQuotaExceededException" | "LimitExceededException" => ErrorClass::Quota,
        "InternalServerException" | "InternalErrorException" | "ServiceException" => {
            ErrorClass::Unknown
        }
        _ => ErrorClass::Invalid,
    }
}

/// Returns why a call failed before a response, in the words of the client and of the operating system.
fn in_client<E>(error: &SdkError<E, HttpResponse>) -> String {
    let SdkError::DispatchFailure(failure) = error else {
        return String::new();
    };
    let mut parts: Vec<String> = Vec::new();
    for cause in causes(failure) {
        let text = cause.to_string();
        // Some errors repeat their source.
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

fn causes(failure: &DispatchFailure) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first = failure
        .as_connector_error()
        .map(|error| error as &(dyn Error + 'static));
    std::iter::successors(first, |&error| error.source())
}

fn kind<E>(error: &SdkError<E, HttpResponse>) -> &'static str {
    match error {
        SdkError::DispatchFailure(failure)
            if causes(failure).any(<dyn Error>::is::<CredentialsError>) =>
        {
            NO_CREDENTIALS
        }
        SdkError::ConstructionFailure(_) => "ConstructionFailure",
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::DispatchFailure(_) => "DispatchFailure",
        SdkError::ResponseError(_) => "ResponseError",
        _ => "NoErrorCode",
    }
}
