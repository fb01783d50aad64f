//! Reads the judgements about the actions of a service: one line for each action, `Name capability[+capability]
//! # Reason.` And says which actions have none.

use std::collections::HashSet;

use super::{ActionCatalogue, ActionSet, Capability, CatalogueError};

/// What people say about an action.
#[derive(Debug)]
pub(super) struct ReviewLine<'a> {
    /// The name of the action, without its service.
    pub(super) name: &'a str,
    pub(super) capabilities: Vec<Capability>,
    pub(super) reason: Option<&'a str>,
}

impl ActionCatalogue {
    /// Returns how many of these actions nobody has reviewed.
    pub(in super::super) fn count_unreviewed(&self, actions: &ActionSet) -> usize {
        actions.len() - actions.and(&self.reviewed).len()
    }

    /// Returns the number of actions that people have reviewed.
    pub fn reviewed(&self) -> usize {
        self.reviewed.len()
    }

    /// Returns the actions that nobody has reviewed, as `service:Action`.
    pub fn unreviewed(&self) -> impl Iterator<Item = &str> {
        let actions = (0..self.actions.len()).filter(|action| !self.reviewed.contains(*action));
        actions.map(|action| self.name(action))
    }
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
