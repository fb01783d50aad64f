//! One call to AWS: wait for a turn, send, classify; reads are tried again.

use std::{future::Future, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    budget::Budget,
    error::{CallError, Class},
};

/// How often a read is tried.
const TRIES: u32 = 6;

/// Sends a read until it is answered, at most six times.
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
            Class::Throttled | Class::Conflict | Class::Unknown
        );
        if !again || attempt == TRIES {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
    }
}

/// Whether a write may still be sent: asked when its turn has come, because the wait may have been long.
pub type OnTime<'a> = dyn Fn() -> bool + Send + Sync + 'a;

/// The code of a write that was not sent, because its time had passed.
pub const NOT_SENT: &str = "NotSent";

/// Sends once, whatever comes of it: for writes, whose repetition only the engine may decide. One whose
/// time has passed while it waited for its turn is not sent at all.
pub async fn once<T, E, F>(
    budget: &Budget,
    on_time: &OnTime<'_>,
    send: impl Fn() -> F,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    budget.turn().await;
    if !on_time() {
        return Err(CallError {
            class: Class::Invalid,
            code: NOT_SENT.into(),
            message: "its time had passed before it was sent".into(),
            request_id: None,
        });
    }
    one(budget, send).await
}

/// Sends, with the turn taken.
async fn one<T, E, F>(budget: &Budget, send: impl Fn() -> F) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    match send().await {
        Ok(answer) => {
            budget.speed_up().await;
            Ok(answer)
        }
        Err(error) => {
            let error = CallError::from(error);
            if error.class == Class::Throttled {
                budget.slow_down().await;
            }
            Err(error)
        }
    }
}
