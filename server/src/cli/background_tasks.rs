//! The loops that run beside the web application for the lifetime of the process.
//!
//! Without one of its loops the process would respond and look healthy while access outlives its access window or the
//! ledger remains unsigned. A loop that ends for any reason is therefore reported, and the caller must end the process
//! so that an orchestrator restarts it.

use std::{collections::HashMap, future::Future};

use tokio::task::{Id, JoinSet};

use crate::state::StartError;

/// Endless loops, and tasks that complete once.
#[derive(Default)]
pub(super) struct BackgroundTasks {
    tasks: JoinSet<Result<(), StartError>>,
    names: HashMap<Id, &'static str>,
}

impl BackgroundTasks {
    /// Starts a task that must complete without an error.
    pub(super) fn once(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Result<(), StartError>> + Send + 'static,
    ) {
        let task = self.tasks.spawn(task);
        self.names.insert(task.id(), name);
    }

    /// Starts a loop that must never end.
    pub(super) fn forever(
        &mut self,
        name: &'static str,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        self.once(name, async move {
            run.await;
            Err(StartError::Ended(name))
        });
    }

    /// Waits for the first task that failed, or loop that ended.
    pub(super) async fn failure(&mut self) -> StartError {
        while let Some(done) = self.tasks.join_next_with_id().await {
            match done {
                Ok((_, Ok(()))) => {}
                Ok((_, Err(error))) => return error,
                // The task panicked. The message is already on standard error.
                Err(error) => {
                    let name = self.names.get(&error.id()).copied();
                    return StartError::Ended(name.unwrap_or("a task"));
                }
            }
        }
        std::future::pending().await
    }

    /// Aborts all tasks and waits for them.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn a_loop_that_panics_is_a_failure_with_its_name() {
        let mut loops = BackgroundTasks::default();
        loops.forever("crawl", pending());
        loops.forever("engine", async { panic!("on purpose") });
        assert!(matches!(loops.failure().await, StartError::Ended("engine")));
        loops.shutdown().await;
    }

    #[tokio::test]
    async fn a_loop_that_returns_is_a_failure_and_a_task_that_is_done_is_none() {
        let mut loops = BackgroundTasks::default();
        loops.once("memory", async { Ok(()) });
        // Runs only after the other task completed.
        loops.forever("crawl", async {
            tokio::task::yield_now().await;
        });
        assert!(matches!(loops.failure().await, StartError::Ended("crawl")));
    }

    #[tokio::test]
    async fn a_task_that_panics_or_fails_is_a_failure() {
        let mut loops = BackgroundTasks::default();
        loops.once("memory", async { panic!("on purpose") });
        assert!(matches!(loops.failure().await, StartError::Ended("memory")));
        loops.once("memory", async { Err(StartError::Rules(Vec::new())) });
        assert!(matches!(loops.failure().await, StartError::Rules(_)));
    }
}
