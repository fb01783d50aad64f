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
        let error = match once(budget, &send).await {
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

/// Sends once, whatever comes of it: for writes, whose repetition only the engine may decide.
pub async fn once<T, E, F>(budget: &Budget, send: impl Fn() -> F) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    budget.turn().await;
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
