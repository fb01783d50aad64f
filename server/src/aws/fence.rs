//! The fence before each write: asks at the last moment whether it may still be sent.
//!
//! A process may be stopped at any instant and continue minutes later, when another process does its work. So the question
//! is asked after the wait for a slot, each time the request makes progress, and once more when it is signed and about to
//! be handed to the connection.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept, context::BeforeTransmitInterceptorContextRef, dyn_dispatch_hint,
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Whether a write may be sent, and how long its result matters. Asked often, so it must be fast.
pub trait WritePermission: Send + Sync {
    /// Whether the write may be sent now.
    fn may_send(&self) -> bool;

    /// Whether this process still has to wait for the result of a write that was sent.
    fn may_wait(&self) -> bool;
}

/// The fence of one write. An interceptor of the SDK, so that it stands after signing.
#[derive(Clone)]
pub struct Fence {
    permission: Arc<dyn WritePermission>,
    /// Whether the request was handed to the connection.
    is_passed: Arc<AtomicBool>,
    /// Whether it was kept back at the last moment.
    is_refused: Arc<AtomicBool>,
}

/// How a fenced request ended.
#[derive(Debug)]
pub enum Fenced<T> {
    /// It was sent, or failed on its own before that, with this result.
    Answered(T),
    /// It was not sent and never will be.
    NotSent,
    /// It may have been sent, and its result is not waited for.
    Abandoned,
}

impl Fence {
    /// Returns a fence that nothing has passed.
    pub fn new(permission: &Arc<dyn WritePermission>) -> Self {
        Self {
            permission: Arc::clone(permission),
            is_passed: Arc::default(),
            is_refused: Arc::default(),
        }
    }

    /// Drives a request that has this fence as its interceptor. Drops it as soon as it is not permitted any more.
    pub async fn send<T>(&self, request: impl Future<Output = T>) -> Fenced<T> {
        let mut request = pin!(request);
        poll_fn(|context| {
            if self.has_passed() {
                if !self.permission.may_wait() {
                    return Poll::Ready(Fenced::Abandoned);
                }
            } else if !self.permission.may_send() {
                return Poll::Ready(Fenced::NotSent);
            }
            request.as_mut().poll(context).map(|result| {
                if self.is_refused.load(Ordering::SeqCst) {
                    Fenced::NotSent
                } else {
                    Fenced::Answered(result)
                }
            })
        })
        .await
    }

    fn has_passed(&self) -> bool {
        self.is_passed.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence")
            .field("is_passed", &self.is_passed)
            .finish_non_exhaustive()
    }
}

/// The reason in the error of the SDK.
#[derive(Debug, thiserror::Error)]
#[error("the write is not permitted any more, so it was not sent")]
struct Forbidden;

#[dyn_dispatch_hint]
impl Intercept for Fence {
    fn name(&self) -> &'static str {
        "Fence"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.permission.may_send() {
            self.is_refused.store(true, Ordering::SeqCst);
            return Err(Forbidden.into());
        }
        self.is_passed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// Permits as often as the number says, and waits for results or does not.
    struct Times {
        left: std::sync::Mutex<u32>,
        waits: bool,
    }

    impl WritePermission for Times {
        fn may_send(&self) -> bool {
            let mut left = self.left.lock().expect("no test panics with it");
            let permits = *left > 0;
            *left = left.saturating_sub(1);
            permits
        }

        fn may_wait(&self) -> bool {
            self.waits
        }
    }

    fn fence(times: u32, waits: bool) -> Fence {
        let left = std::sync::Mutex::new(times);
        let permission: Arc<dyn WritePermission> = Arc::new(Times { left, waits });
        Fence::new(&permission)
    }

    #[tokio::test]
    async fn nothing_is_sent_without_permission_and_nothing_is_awaited_without_the_lease() {
        let sent = fence(0, true).send(ready(1)).await;
        assert!(matches!(sent, Fenced::NotSent), "{sent:?}");
        let sent = fence(1, true).send(ready(1)).await;
        assert!(matches!(sent, Fenced::Answered(1)), "{sent:?}");
        let passed = fence(1, false);
        passed.is_passed.store(true, Ordering::SeqCst);
        let sent = passed.send(pending::<u32>()).await;
        assert!(matches!(sent, Fenced::Abandoned), "{sent:?}");
    }
}
