//! Reads the judgements about the actions of a service: one line for each action, `Name capability[+capability]
//! # Reason.`

use std::collections::HashSet;

use super::{Capability, CatalogueError};

/// What people say about an action.
#[derive(Debug)]
pub(super) struct ReviewLine<'a> {
    /// The name of the action, without its service.
    pub(super) name: &'a str,
    pub(super) capabilities: Vec<Capability>,
    pub(super) reason: Option<&'a str>,
}

/// Reads the review of a service.
pub(super) fn read<'a>(
    service: &str,
    text: &'a str,
) -> Result<Vec<ReviewLine<'a>>, CatalogueError> {
    let mut seen = HashSet::new();
    let mut judgements = Vec::new();
    for (line, at) in text.lines().zip(1..) {
        let fail = |expected| CatalogueError {
            file: service.to_owned(),
            line: at,
            expected,
        };
        let Some(judgement) = judgement(line).map_err(fail)? else {
            continue;
        };
        if !seen.insert(judgement.name.to_ascii_lowercase()) {
            return Err(fail("each action once"));
        }
        judgements.push(judgement);
    }
    Ok(judgements)
}

/// Reads a line; none if it is a comment. Fails with what was expected.
fn judgement(line: &str) -> Result<Option<ReviewLine<'_>>, &'static str> {
    let (words, reason) = match line.split_once('#') {
        Some((words, reason)) => (words, Some(reason.trim())),
        None => (line, None),
    };
    let mut words = words.split_whitespace();
    let Some(name) = words.next() else {
        return Ok(None);
    };
    let capabilities = words.next().ok_or("a capability")?;
    if words.next().is_some() {
        return Err("# before the reason");
    }
    let capabilities = capabilities.split('+').map(|word| {
        Capability::parse(word)
            .filter(|known| *known != Capability::UnreviewedChange)
            .ok_or("a capability")
    });
    Ok(Some(ReviewLine {
        name,
        capabilities: capabilities.collect::<Result<_, _>>()?,
        reason,
    }))
}
