//! AWS pagination: opaque tokens that are bound to their list and stable while the list changes.
//!
//! A token holds the last key returned, so that no record is skipped or repeated when records are added or removed
//! between two pages.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::call::{Call, PageFault};
use super::refusal::Refusal;

/// The pagination of an operation.
pub(crate) struct Paging {
    pub token: &'static str,
    /// The member with the page size, if the operation has one.
    pub size: Option<&'static str>,
    /// The maximum and default page size.
    pub limit: usize,
    /// Whether the service documents empty pages that carry a token.
    pub may_be_empty: MayBeEmpty,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MayBeEmpty {
    No,
    Yes,
}

/// sso-admin and identitystore.
pub(crate) const HUNDRED: Paging = Paging {
    token: "NextToken",
    size: Some("MaxResults"),
    limit: 100,
    may_be_empty: MayBeEmpty::No,
};

/// Organizations.
pub(crate) const TWENTY: Paging = Paging {
    token: "NextToken",
    size: Some("MaxResults"),
    limit: 20,
    may_be_empty: MayBeEmpty::Yes,
};

/// `ListTagsForResource` of Organizations: no page size, and at most 50 tags.
pub(crate) const TAGS: Paging = Paging {
    token: "NextToken",
    size: None,
    limit: 50,
    may_be_empty: MayBeEmpty::No,
};

/// cognito-idp, except `ListUsers`, which names the token differently.
pub(crate) const SIXTY: Paging = Paging {
    token: "NextToken",
    size: Some("Limit"),
    limit: 60,
    may_be_empty: MayBeEmpty::No,
};

/// A page to take from a list.
pub(crate) struct Page {
    after: Option<String>,
    limit: usize,
    scope: u64,
    fault: PageFault,
    /// Whether an empty page was returned at this position before.
    pause_done: bool,
    empty: bool,
}

impl Page {
    /// Reads the page size and the token. `scope` identifies the list: a token is valid only for the list that it came
    /// from.
    pub fn read(call: &Call<'_>, paging: &Paging, scope: &[&str]) -> Result<Self, Refusal> {
        let asked = match paging.size {
            Some(member) => call.params.page_size(member, paging.limit)?,
            None => None,
        };
        let limit = asked.unwrap_or(paging.limit);
        let mut hasher = DefaultHasher::new();
        (call.operation, scope).hash(&mut hasher);
        let scope = hasher.finish();
        let given = match call.params.optional(paging.token)? {
            None => None,
            Some(token) => Some(
                read_token(token, scope)
                    .ok_or_else(|| call.params.invalid("The provided NextToken is invalid"))?,
            ),
        };
        let ragged = call.sandbox.ragged_pages && paging.may_be_empty == MayBeEmpty::Yes;
        let first = given.is_none();
        let (after, pause_done) = given.unwrap_or_default();
        let fault = call.fate.page;
        let empty = match fault {
            PageFault::RepeatedToken | PageFault::NoRecords => false,
            PageFault::Empty => !pause_done,
            PageFault::None | PageFault::Short => ragged && !first && !pause_done,
        };
        Ok(Self {
            after: Some(after).filter(|key| !key.is_empty()),
            limit,
            scope,
            fault,
            pause_done,
            empty,
        })
    }

    /// Returns the key after which this page begins.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Takes the page from `rest`, the records after [`Page::after`] ordered by key. Returns its items and the next
    /// token.
    pub fn cut<'k, T>(&self, rest: impl Iterator<Item = (&'k str, T)>) -> (Vec<T>, Option<String>) {
        if self.fault == PageFault::NoRecords {
            return (Vec::new(), None);
        }
        if self.empty {
            return (Vec::new(), Some(self.token(self.after.as_deref(), true)));
        }
        let mut rest = rest;
        let mut keys = Vec::with_capacity(self.limit);
        let mut items = Vec::with_capacity(self.limit);
        for (key, item) in rest.by_ref().take(self.limit) {
            keys.push(key);
            items.push(item);
        }
        if self.fault == PageFault::RepeatedToken {
            return (
                items,
                Some(self.token(self.after.as_deref(), self.pause_done)),
            );
        }
        // The second page at one position is not empty, so that a list of short pages ends.
        if self.fault == PageFault::Short && !(self.pause_done && items.is_empty()) {
            let half = (items.len() / 2).max(usize::from(self.pause_done));
            items.truncate(half);
            let last = half.checked_sub(1).map(|at| keys[at]);
            return (
                items,
                Some(self.token(last.or(self.after.as_deref()), true)),
            );
        }
        let more = rest.next().is_some();
        let token = keys
            .last()
            .filter(|_| more)
            .map(|key| self.token(Some(key), false));
        (items, token)
    }

    /// Like [`Page::cut`], for a list that is not ordered by key.
    pub fn cut_sorted<T>(&self, mut all: Vec<(String, T)>) -> (Vec<T>, Option<String>) {
        all.sort_by(|left, right| left.0.cmp(&right.0));
        if let Some(after) = self.after() {
            all.retain(|(key, _)| key.as_str() > after);
        }
        let (keys, items): (Vec<String>, Vec<T>) = all.into_iter().unzip();
        self.cut(keys.iter().map(String::as_str).zip(items))
    }

    fn token(&self, key: Option<&str>, pause_done: bool) -> String {
        let flag = if pause_done { 'd' } else { 'p' };
        let position = key.map_or_else(String::new, |key| format!(">{key}"));
        URL_SAFE_NO_PAD.encode(format!("{:016x}{flag}{position}", self.scope))
    }
}

/// Parses a token into its key and whether an empty page was already returned at this position.
fn read_token(token: &str, scope: u64) -> Option<(String, bool)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let rest = text.strip_prefix(&format!("{scope:016x}"))?;
    let pause_done = match rest.chars().next()? {
        'd' => true,
        'p' => false,
        _ => return None,
    };
    let key = rest[1..].strip_prefix('>').unwrap_or_default();
    Some((key.to_owned(), pause_done))
}
