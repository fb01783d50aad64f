//! The servers on this database, as the last heartbeat of this process saw them. A server whose counter stands still is
//! shown with the time at which it last rose; nothing is decided by it.

use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

use crate::store::process::ProcessRow;

/// A server, and when this process last saw its counter rise.
#[derive(Debug, Clone)]
pub struct KnownServer {
    pub row: ProcessRow,
    pub seen: Timestamp,
}

/// The servers that this process knows of; empty before its first heartbeat.
#[derive(Debug, Default)]
pub struct KnownServers(Mutex<Vec<KnownServer>>);

impl KnownServers {
    /// Replaces the list.
    pub fn are(&self, servers: Vec<KnownServer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = servers;
    }

    pub fn all(&self) -> Vec<KnownServer> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
