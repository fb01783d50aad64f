//! Actions on jobs: request a crawl, retry, dismiss, cancel.

use domain::ids::JobId;

use crate::{
    backend::{OPERATIONS, PortResult},
    routes::{Post, Sent},
};

/// Requests a crawl.
pub async fn crawl(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&[])?;
    backend.request_crawl().await?;
    Ok(OPERATIONS.to_owned())
}

/// Puts a failed job back into the queue.
pub async fn retry(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&[])?;
    backend.retry_job(&sent.param::<JobId>("id")?).await?;
    Ok(OPERATIONS.to_owned())
}

/// Removes a failed job from the list of failed jobs.
pub async fn dismiss(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&[])?;
    backend.dismiss_job(&sent.param::<JobId>("id")?).await?;
    Ok(OPERATIONS.to_owned())
}

/// Cancels a waiting or running job.
pub async fn cancel(Post { backend, sent }: Post) -> PortResult<String> {
    sent.only(&[])?;
    backend.cancel_job(&sent.param::<JobId>("id")?).await?;
    Ok(OPERATIONS.to_owned())
}

/// Returns the URL of the page with the buttons.
pub fn form(_: &Sent) -> String {
    OPERATIONS.to_owned()
}
