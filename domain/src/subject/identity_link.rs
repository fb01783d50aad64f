//! Which Identity Center user an identity is, if two people said so. E-mail addresses are never evidence.

use super::content_hash;
use crate::{ids::UserId, permission_set::ContentHash};

/// Hashes the linked user of an identity.
pub fn content(user: Option<&UserId>) -> ContentHash {
    content_hash(&user)
}
