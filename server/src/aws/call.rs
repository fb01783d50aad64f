//! One call to AWS: wait for a slot, send, classify the error. Reads are retried.

use std::{future::Future, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    budget::Budget,
    error::{CallError, ErrorClass},
    fence::{Fence, Fenced, WritePermission},
};

/// The maximum number of attempts of a read.
const TRIES: u32 = 6;

/// Sends a read. Retries throttles, conflicts and unknown outcomes, at most six attempts in total.
pub async fn read<T, E, F>(budget: &Budget, send: impl Fn() -> F) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut attempt = 0;
    loop {
        attempt += 1;
        budget.turn().await;
        let error = match one(budget, &send).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let again = matches!(
            error.class,
            ErrorClass::Throttled | ErrorClass::Conflict | ErrorClass::Unknown
        );
        if !again || attempt == TRIES {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
    }
}

/// Sends a read of something that may not exist. Returns `None` only if the error states that exactly this does not
/// exist: AWS also answers *not found* when something that the call depends on is missing, such as the identity store.
pub async fn read_if_present<T, E, F>(
    budget: &Budget,
    is_absent: impl Fn(&E) -> bool,
    send: impl Fn() -> F,
) -> Result<Option<T>, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    read(budget, || {
        let answer = send();
        async {
            match answer.await {
                Ok(answer) => Ok(Some(answer)),
                Err(error) if error.as_service_error().is_some_and(&is_absent) => Ok(None),
                Err(error) => Err(error),
            }
        }
    })
    .await
}

/// The error code of a write that was not sent, because its deadline had passed or another process does its work.
pub const NOT_SENT: &str = "NotSent";

/// Sends a write exactly once; only the engine may decide to repeat it. `send` gives the request its fence. A write that is
/// not permitted any more, such as after a long wait for the slot, is not sent.
pub async fn once<T, E, F>(
    budget: &Budget,
    permission: &Arc<dyn WritePermission>,
    send: impl Fn(Fence) -> F,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    budget.turn().await;
    let fence = Fence::new(permission);
    match fence.send(one(budget, || send(fence.clone()))).await {
        Fenced::Answered(result) => result,
        Fenced::NotSent => Err(CallError {
            class: ErrorClass::Invalid,
            code: NOT_SENT.into(),
            message: "it was not permitted any more before it was sent".into(),
            reason: None,
            request_id: None,
        }),
        Fenced::Abandoned => Err(CallError {
            class: ErrorClass::Unknown,
            code: "Abandoned".into(),
            message: "another process runs the engine now".into(),
            reason: None,
            request_id: None,
        }),
    }
}

/// Sends without waiting for a slot, and adjusts the rate.
async fn one<T, E, F>(budget: &Budget, send: impl Fn() -> F) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    match send().await {
        Ok(answer) => {
            budget.speed_up();
            Ok(answer)
        }
        Err(error) => {
            let error = CallError::from(error);
            if error.class == ErrorClass::Throttled {
                budget.slow_down();
            }
            Err(error)
        }
    }
}
