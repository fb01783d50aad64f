//! The search words of an entry.
//!
//! A word is a run of letters and digits in lower case; an IP address is one word. Names and addresses are indexed,
//! because auditors search by them: such a word carries the path of the private value from which it was derived, and is
//! erased together with it. Justifications, comments and the texts of items are not indexed: free text is not a useful search key and
//! would make up most of the index. Words with a colon are keywords of Leastwise (`type:change`, `outcome:denied`); typed text is never
//! split into one.

use std::{collections::BTreeSet, net::IpAddr};

use domain::{
    ids::{AwsRequestId, ChangeId, OperationId, PersonId, UserId},
    ledger::{Entry, Outcome, PrivateValue, items::is_item_text},
};

use super::listed::COMMENT;

/// The maximum number of words in a search. Further words are ignored.
pub const MAX_WORDS: usize = 8;
/// The maximum length of a word. Longer runs are truncated, because index rows have a size limit.
const MAX_BYTES: usize = 64;
/// The maximum length of a value. Longer values are text and not names.
const MAX_VALUE: usize = 200;
/// The maximum number of words per entry, so that one entry cannot flood the index.
pub const MOST: usize = 128;

/// Returns the words of a search text, without duplicates.
pub fn query_words(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    split(text)
        .filter(|word| seen.insert(word.clone()))
        .take(MAX_WORDS)
        .collect()
}

/// Returns the word under which entries of a family of events are found.
pub fn family_word(family: &str) -> String {
    format!("type:{family}")
}

/// Returns the word under which entries with an outcome are found.
pub fn outcome_word(outcome: Outcome) -> String {
    format!("outcome:{}", outcome.as_str())
}

/// Returns the rarest word of an id: a search for an id looks only at the entries with this word.
pub fn word_of_id(id: &str) -> Option<String> {
    split(id).max_by_key(String::len)
}

/// Returns the words of an entry, each with the path of the private value from which it was derived, or an empty path.
pub fn of(entry: &Entry, private: &[PrivateValue]) -> Vec<(String, String)> {
    all_of(entry, private).take(MOST).collect()
}

/// As [`of`], without the limit. Words without a private value come first, so that erasing a value does not change
/// which of them are within the limit.
pub fn all_of(
    entry: &Entry,
    private: &[PrivateValue],
) -> impl Iterator<Item = (String, String)> + use<> {
    let family = entry.kind.as_str().split('.').next().unwrap_or_default();
    let mut words = BTreeSet::from([family_word(family), outcome_word(entry.outcome)]);
    for text in public(entry) {
        words.extend(split(text));
    }
    let mut names = BTreeSet::new();
    for value in private {
        let is_text = value.path == "/justification"
            || value.path == COMMENT
            || value.path == "/origin/user_agent"
            || is_item_text(value);
        if !is_text && value.value.len() <= MAX_VALUE {
            names.extend(split(&value.value).map(|word| (word, value.path.clone())));
        }
    }
    let words = words.into_iter().map(|word| (word, String::new()));
    words.chain(names)
}

fn public(entry: &Entry) -> impl Iterator<Item = &str> {
    let target = entry.target.as_ref();
    let named = [
        Some(entry.kind.as_str()),
        Some(entry.outcome.as_str()),
        entry.actor.person_id.as_ref().map(PersonId::as_str),
        entry
            .actor
            .identity_store_user_id
            .as_ref()
            .map(UserId::as_str),
        entry.change_id.as_ref().map(ChangeId::as_str),
        entry.operation_id.as_ref().map(OperationId::as_str),
        entry.aws_request_id.as_ref().map(AwsRequestId::as_str),
        entry.error_code.as_deref(),
        entry.ticket.as_deref(),
        entry.api.as_deref(),
        target.map(|target| target.kind.as_str()),
        target.and_then(|target| target.id.as_deref()),
        target.and_then(|target| Some(target.account_id.as_ref()?.as_str())),
        target.and_then(|target| target.environment.as_deref()),
        target.and_then(|target| Some(target.permission_set_arn.as_ref()?.as_str())),
        target.and_then(|target| target.principal_id.as_deref()),
    ];
    let facts = entry.data.values().flat_map(|fact| match fact {
        serde_json::Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    });
    let facts = facts
        .filter_map(serde_json::Value::as_str)
        .filter(|fact| fact.len() <= MAX_VALUE);
    named.into_iter().flatten().chain(facts)
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().flat_map(|part| {
        let whole = part.parse::<IpAddr>().is_ok();
        part.split(move |c: char| !whole && !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(lower)
    })
}

fn lower(word: &str) -> String {
    let mut word = word.to_lowercase();
    word.truncate(
        (0..=MAX_BYTES.min(word.len()))
            .rev()
            .find(|&at| word.is_char_boundary(at))
            .unwrap_or(0),
    );
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_word_and_everything_else_splits_at_what_is_no_letter() {
        assert_eq!(
            query_words("Ann.Lee@example.com 192.0.2.7 2001:db8::1 change:Submitted ann"),
            [
                "ann",
                "lee",
                "example",
                "com",
                "192.0.2.7",
                "2001:db8::1",
                "change",
                "submitted"
            ]
        );
    }

    #[test]
    fn a_long_run_is_cut_at_a_letter_in_index_and_search_alike() {
        assert_eq!(query_words(&"é".repeat(100)), ["é".repeat(32)]);
    }
}
