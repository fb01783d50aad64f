//! What `/readyz` and `/metrics` report. `http` calls this interface, and the composition root implements it.

use async_trait::async_trait;

/// Whether the server is ready.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Waits until the stored state is loaded. Before that, pages would be incorrect and people could not be
    /// recognized.
    async fn restored(&self) {}
    /// Returns what is still missing, as text. Empty if ready. The database is checked separately.
    async fn missing(&self) -> Vec<String>;
    /// Returns metrics as Prometheus text.
    async fn metrics(&self) -> String;
}
