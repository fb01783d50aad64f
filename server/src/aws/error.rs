//! What an AWS call's failure means. The class decides; AWS's words are for the log and the ledger.
//!
//! Only an answer with a code and a 4xx status says that nothing happened. A 5xx, a cut answer, a
//! time-out or a lost connection is *unknown*: a write may have been carried out.

use std::fmt;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

/// What a failure means for whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Too many calls, or too many operations in flight.
    Throttled,
    /// An earlier write has not spread yet: wait and try again.
    Conflict,
    /// There is no such thing.
    NotFound,
    /// Not allowed from this account.
    AccessDenied,
    /// AWS will never take this request as it is.
    Invalid,
    /// A quota that waiting does not lift.
    Quota,
    /// Nobody knows whether it happened.
    Unknown,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct CallError {
    /// What it means.
    pub class: Class,
    /// AWS's code, or the kind of failure on our side.
    pub code: String,
    /// AWS's words; never shown to a browser.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<String>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
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
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = meta.and_then(|meta| meta.code());
        let message = meta
            .and_then(|meta| meta.message())
            .unwrap_or_default()
            .to_owned();
        let class = match (code, status) {
            (Some(code), Some(status)) if (400..500).contains(&status) => by_code(code),
            _ => Class::Unknown,
        };
        let code = code.map_or_else(|| kind(&error).to_owned(), str::to_owned);
        Self {
            class,
            code,
            message,
            request_id,
        }
    }
}

fn by_code(code: &str) -> Class {
    match code {
        "ThrottlingException"
        | "TooManyRequestsException"
        | "Throttling"
        | "RequestLimitExceeded" => Class::Throttled,
        "ConflictException" | "ConcurrentModificationException" => Class::Conflict,
        "ResourceNotFoundException"
        | "AccountNotFoundException"
        | "UserNotFoundException"
        | "ParentNotFoundException"
        | "TargetNotFoundException" => Class::NotFound,
        "AccessDeniedException" | "NotAuthorizedException" => Class::AccessDenied,
        "ServiceQuotaExceededException" | "LimitExceededException" => Class::Quota,
        "InternalServerException" | "InternalErrorException" | "ServiceException" => Class::Unknown,
        _ => Class::Invalid,
    }
}

fn kind<E>(error: &SdkError<E, HttpResponse>) -> &'static str {
    match error {
        SdkError::ConstructionFailure(_) => "ConstructionFailure",
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::DispatchFailure(_) => "DispatchFailure",
        SdkError::ResponseError(_) => "ResponseError",
        _ => "NoErrorCode",
    }
}
