//! The template of a sentence about an entry.
//!
//! `{slot}` stands for a name or a value. `[...]` is left out if a slot in it has no value.

/// A name or a value in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Who did it.
    Actor,
    /// The change, access, permission set or account that the entry is about.
    Item,
    /// The person that the entry is about.
    Person,
    /// An Identity Center user.
    User,
    Role,
    /// The recorded reason, in text written by Leastwise.
    Reason,
    /// The API call in IAM notation.
    Api,
    /// Why a write was not carried out.
    Code,
    /// Whether access exists: *present* or *absent*.
    Presence,
    /// When an access window ends.
    Until,
    /// What happened outside Leastwise.
    Drift,
    Report,
    Format,
    /// What an account was declared to be.
    Classification,
    /// A number of accounts, with the noun.
    Accounts,
    /// A number of entries, with the noun.
    Entries,
    /// A number of identities that differ.
    Differing,
    /// A number of linked identities.
    Linked,
    /// Which step of an item it was, and of how many.
    Step,
    /// What the step does.
    StepName,
    /// Why a sign-in was linked to no user: where each method of linking leads, or else the recorded reason.
    Obstacle,
}

impl Slot {
    const ALL: [(&'static str, Self); 21] = [
        ("actor", Self::Actor),
        ("item", Self::Item),
        ("person", Self::Person),
        ("user", Self::User),
        ("role", Self::Role),
        ("reason", Self::Reason),
        ("api", Self::Api),
        ("code", Self::Code),
        ("presence", Self::Presence),
        ("until", Self::Until),
        ("drift", Self::Drift),
        ("report", Self::Report),
        ("format", Self::Format),
        ("classification", Self::Classification),
        ("accounts", Self::Accounts),
        ("entries", Self::Entries),
        ("differing", Self::Differing),
        ("linked", Self::Linked),
        ("step", Self::Step),
        ("step_name", Self::StepName),
        ("obstacle", Self::Obstacle),
    ];

    fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(name, _)| *name == word);
        found.map(|(_, slot)| *slot)
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Slot(Slot),
    /// Left out if a slot in it has no value.
    Optional(Vec<Part>),
}

/// Parses a template. None if it has an unknown slot or an unclosed bracket.
pub fn parts(template: &str) -> Option<Vec<Part>> {
    let (found, rest) = sequence(template, None)?;
    rest.is_empty().then_some(found)
}

/// Parses up to `end`, or to the end of the text, and returns the rest.
fn sequence(mut rest: &str, end: Option<char>) -> Option<(Vec<Part>, &str)> {
    let mut found = Vec::new();
    loop {
        let at = rest.find(['{', '[', ']']).unwrap_or(rest.len());
        let (text, from) = rest.split_at(at);
        if !text.is_empty() {
            found.push(Part::Text(text.to_owned()));
        }
        let mut chars = from.chars();
        match chars.next() {
            None => return end.is_none().then_some((found, "")),
            Some('{') => {
                let (word, after) = chars.as_str().split_once('}')?;
                found.push(Part::Slot(Slot::from_word(word)?));
                rest = after;
            }
            Some('[') => {
                let (inner, after) = sequence(chars.as_str(), Some(']'))?;
                found.push(Part::Optional(inner));
                rest = after;
            }
            Some(closing) => {
                return (end == Some(closing)).then_some((found, chars.as_str()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_text_slots_and_optional_parts() {
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(
            parts("{actor} approved {item}[, until {until}]."),
            Some(vec![
                Part::Slot(Slot::Actor),
                text(" approved "),
                Part::Slot(Slot::Item),
                Part::Optional(vec![text(", until "), Part::Slot(Slot::Until)]),
                text("."),
            ])
        );
    }

    #[test]
    fn a_template_with_a_mistake_has_no_parts() {
        for wrong in ["{actr} approved", "{actor", "[{actor}", "{actor}]", "a]b"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
