//! Compares the private values that are given beside an entry with their hashes in the leaf.

use super::{Hash, Item, PrivateValue, Reason, canonical::Envelope, items::text_beside};

/// Returns the first given value that is not the one of the leaf. Those of items beside the entry are compared with the items.
pub(super) fn differing_private(item: &Item<'_>, scanned: Option<Envelope<'_>>) -> Option<Reason> {
    let in_leaf = item.private.iter();
    let in_leaf = in_leaf.filter(|value| text_beside(value).is_none());
    // Most are right where the scan found them. The leaf is parsed only for the others.
    let not_found = |value: &&PrivateValue| {
        let raw = scanned.and_then(|envelope| envelope.at(&value.path));
        let hex = raw.and_then(|raw| raw.strip_prefix(b"{\"h\":\"")?.strip_suffix(b"\"}"));
        hex.and_then(Hash::parse_hex) != Some(value.hash())
    };
    let mut rest = in_leaf.filter(not_found).peekable();
    rest.peek()?;
    let leaf: serde_json::Value = serde_json::from_slice(item.leaf).ok()?;
    let matches = |value: &PrivateValue| {
        let hash = leaf.pointer(&value.path)?.as_object()?.get("h")?.as_str()?;
        let hash = Hash::parse_hex(hash.as_bytes())?;
        Some(value.hash() == hash)
    };
    let differing = rest.find(|value| matches(value) != Some(true))?;
    Some(Reason::PrivateValueDiffers {
        path: differing.path.clone(),
    })
}
