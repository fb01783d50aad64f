//! The claims that nobody has settled, in memory: every page of an approver needs them to tell which changes wait for the
//! viewer. As long as no entry about an identity was committed, they are the same. Whoever decides reads them again.

use std::sync::Arc;

use domain::person::Claims;

use crate::{
    service::held::Held,
    store::{StoreConnection, StoreError, ledger::live, person},
};

/// The claims that this process has read.
#[derive(Debug, Default)]
pub struct UnsettledClaims(Held<Claims>);

impl UnsettledClaims {
    /// Returns the claims of now.
    pub async fn now(&self, conn: &mut StoreConnection) -> Result<Arc<Claims>, StoreError> {
        let entries = live::view(conn, |projection| projection.counts().identities).await?;
        if let Some(held) = self.0.as_of(entries) {
            return Ok(held);
        }
        Ok(self.0.hold(entries, person::claims(conn).await?))
    }
}
