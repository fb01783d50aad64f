//! Action patterns of a statement.
//!
//! IAM compares services and actions without regard to case; `*` matches any characters and `?` exactly one, at any
//! position. A name that is not valid in IAM is an error, and not a pattern without a match.

use super::{
    action_set::{ActionNumber, ActionSet},
    catalogue::{ActionCatalogue, Service},
};

/// The maximum length of an action name. A pattern that needs more characters cannot match.
const LONGEST_NAME: usize = 128;

/// A letter, digit, hyphen or underscore.
const PLAIN: u8 = 0;
const WILD: u8 = 1;
/// What no service and no action contains.
const REFUSED: u8 = 2;

/// The kind of each byte, as a table because a policy can have thousands of patterns.
const KINDS: [u8; 256] = {
    let mut kinds = [REFUSED; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'*' | b'?' => WILD,
            b'-' | b'_' => PLAIN,
            other if other.is_ascii_alphanumeric() => PLAIN,
            _ => REFUSED,
        };
        byte += 1;
    }
    kinds
};

/// Returns the kinds of all bytes together.
fn kinds(part: &str) -> u8 {
    part.bytes()
        .fold(PLAIN, |all, byte| all | KINDS[usize::from(byte)])
}

/// Whether `name` matches `pattern`, both in lower case and the pattern without `**`. The worst case takes time proportional to
/// the product of the lengths, so that no pattern can block a thread.
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // The backtracking position: after the last star, and how many characters that star has consumed.
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, read));
                at += 1;
            }
            Some(want) if *want == b'?' || *want == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((after, swallowed)) => {
                    star = Some((after, swallowed + 1));
                    at = after;
                    read = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// What the patterns of a statement mean in a catalogue.
#[derive(Debug, Clone)]
pub(super) struct Expansion {
    pub(super) actions: ActionSet,
    /// Patterns of services that the catalogue does not have, as `service:action` in lower case.
    pub(super) unknown: Vec<String>,
    /// Patterns of known services that match no action, as `service:action` in lower case.
    pub(super) void: Vec<String>,
}

/// The actions of one statement: the named ones (`Action`), or all others (`NotAction`).
#[derive(Debug, Clone, Default)]
pub(super) struct Actions {
    /// Whether this is a `NotAction`.
    negated: bool,
    /// All patterns in lower case, one after another, because a policy can have thousands.
    text: String,
    /// The patterns of services without a wildcard.
    places: Vec<Place>,
    /// Service and action patterns, where the service has a wildcard.
    any_service: Vec<(String, String)>,
    /// How many of these are `*`, which is compared with nothing.
    everything: usize,
}

/// Where a pattern stands in the text.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    colon: usize,
    /// Where the first wildcard of the action stands, or its end.
    literal: usize,
    end: usize,
}

impl Actions {
    /// Returns an empty `Action`.
    pub(super) fn named() -> Self {
        Self::default()
    }

    /// Returns an empty `NotAction`.
    pub(super) fn all_but() -> Self {
        Self {
            negated: true,
            ..Self::default()
        }
    }

    /// Adds `*` or `service:action`. Fails with a short description of what is wrong.
    pub(super) fn add(&mut self, text: &str) -> Result<(), &'static str> {
        let Some(colon) = text.bytes().position(|byte| byte == b':') else {
            return self.add_without_colon(text);
        };
        let (service, action) = (&text[..colon], &text[colon + 1..]);
        let (of_service, of_action) = (kinds(service), kinds(action));
        if (of_service | of_action) & REFUSED != 0 || service.is_empty() || action.is_empty() {
            return Err(refusal(text));
        }
        // Rejected here and not skipped later, because matching 32 kB of question marks would slow down every lookup.
        if text.len() > LONGEST_NAME
            && text.bytes().filter(|byte| *byte != b'*').count() > LONGEST_NAME
        {
            return Err("is longer than any action name");
        }
        if (of_service | of_action) & WILD != 0 && text.contains("**") {
            return self.add(&collapse(text));
        }
        if of_service & WILD != 0 {
            let pattern = (service.to_ascii_lowercase(), action.to_ascii_lowercase());
            self.any_service.push(pattern);
            return Ok(());
        }
        let wild = (of_action & WILD != 0).then(|| action.find(['*', '?']));
        let literal = wild.flatten().unwrap_or(action.len());
        let start = self.text.len();
        self.text.push_str(text);
        self.text[start..].make_ascii_lowercase();
        let colon = start + colon;
        self.places.push(Place {
            start,
            colon,
            literal: colon + 1 + literal,
            end: self.text.len(),
        });
        Ok(())
    }

    fn add_without_colon(&mut self, text: &str) -> Result<(), &'static str> {
        if text.is_empty() || text.bytes().any(|byte| byte != b'*') {
            return Err(refusal(text));
        }
        self.any_service.push(("*".to_owned(), "*".to_owned()));
        self.everything += 1;
        Ok(())
    }

    /// Returns the number of patterns that are compared with the actions of many services.
    pub(super) fn wide(&self) -> usize {
        self.any_service.len() - self.everything
    }

    /// Returns each pattern with its service, if the catalogue has it.
    fn with_services<'a>(
        &'a self,
        catalogue: &'a ActionCatalogue,
    ) -> impl Iterator<Item = (&'a Place, Option<&'a Service>)> {
        // Lists name the actions of a service one after another.
        let mut last = ("", None);
        self.places.iter().map(move |place| {
            let prefix = &self.text[place.start..place.colon];
            if last.0 != prefix {
                last = (prefix, catalogue.service(prefix));
            }
            (place, last.1)
        })
    }

    /// Returns the actions of the catalogue that the statement covers, and the patterns that find nothing there.
    pub(super) fn expand(&self, catalogue: &ActionCatalogue) -> Expansion {
        let mut expansion = Expansion {
            actions: ActionSet::default(),
            unknown: Vec::new(),
            void: Vec::new(),
        };
        for (place, service) in self.with_services(catalogue) {
            let whole = || self.text[place.start..place.end].to_owned();
            let Some(service) = service else {
                expansion.unknown.push(whole());
                continue;
            };
            let start = &self.text[place.colon + 1..place.literal];
            let tail = &self.text[place.literal..place.end];
            if !catalogue.add_matches(service, (start, tail), &mut expansion.actions) {
                expansion.void.push(whole());
            }
        }
        // The patterns of a service stand one after another.
        expansion.unknown.sort();
        for (services, pattern) in &self.any_service {
            let wild = pattern.find(['*', '?']).unwrap_or(pattern.len());
            for service in catalogue.all_services() {
                if fits(services.as_bytes(), service.prefix.as_bytes()) {
                    catalogue.add_matches(service, pattern.split_at(wild), &mut expansion.actions);
                }
            }
        }
        if self.negated {
            expansion.actions = expansion.actions.complement(catalogue.actions());
        }
        expansion
    }

    /// Returns the actions that it names in full, in the order of their names in the statement.
    pub(super) fn named_in(&self, catalogue: &ActionCatalogue) -> Vec<ActionNumber> {
        if self.negated {
            return Vec::new();
        }
        let exact = self
            .places
            .iter()
            .filter(|place| place.literal == place.end);
        exact
            .filter_map(|place| catalogue.number(&self.text[place.start..place.end]))
            .collect()
    }

    /// Returns the actions that it names in full, and those of patterns that match only actions without resource types: who
    /// writes them beside ARNs has seen that the service compares with them.
    pub(super) fn meant_for_arns(&self, catalogue: &ActionCatalogue) -> ActionSet {
        let mut meant = ActionSet::default();
        for action in self.named_in(catalogue) {
            meant.insert(action);
        }
        if self.negated {
            return meant;
        }
        for (place, service) in self.with_services(catalogue) {
            let tail = &self.text[place.literal..place.end];
            if let Some(service) = service.filter(|_| !tail.is_empty()) {
                let start = &self.text[place.colon + 1..place.literal];
                let mut matches = ActionSet::default();
                catalogue.add_matches(service, (start, tail), &mut matches);
                let is_plain = |action| catalogue.action(action).resource_types.is_empty();
                if matches.iter().all(is_plain) {
                    meant.add(&matches);
                }
            }
        }
        meant
    }

    /// Whether it covers all present and future actions.
    pub(super) fn are_all(&self) -> bool {
        !self.negated
            && self
                .any_service
                .iter()
                .any(|(service, action)| service == "*" && action == "*")
    }

    /// Whether it certainly covers every action of every service that the catalogue does not have.
    pub(super) fn cover_the_unknown(&self, catalogue: &ActionCatalogue) -> bool {
        self.are_all()
            || self.negated && self.any_service.is_empty() && !self.name_the_unknown(catalogue)
    }

    /// Whether it may cover an action of a service that the catalogue does not have.
    pub(super) fn meet_the_unknown(&self, catalogue: &ActionCatalogue) -> bool {
        self.are_open_ended() || self.name_the_unknown(catalogue)
    }

    fn name_the_unknown(&self, catalogue: &ActionCatalogue) -> bool {
        self.with_services(catalogue)
            .any(|(_, service)| service.is_none())
    }

    /// Whether it is a `NotAction`.
    pub(super) fn are_all_but(&self) -> bool {
        self.negated
    }

    /// Whether it covers services that are not named.
    pub(super) fn are_open_ended(&self) -> bool {
        self.negated || !self.any_service.is_empty()
    }
}

/// Returns what is wrong with a pattern.
fn refusal(text: &str) -> &'static str {
    if text.is_ascii() {
        "is not of the form service:action"
    } else {
        "contains characters outside ASCII, which may look like others"
    }
}

/// Replaces `**` by the equivalent `*`.
fn collapse(pattern: &str) -> String {
    let mut collapsed = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        if character != '*' || !collapsed.ends_with('*') {
            collapsed.push(character);
        }
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(patterns: &[&str]) -> Actions {
        let mut actions = Actions::named();
        for pattern in patterns {
            actions.add(pattern).unwrap();
        }
        actions
    }

    /// Whether the statement covers an action, in a catalogue that has no other.
    fn covers(actions: &Actions, action: &str) -> bool {
        let (service, name) = action.split_once(':').unwrap();
        let text = format!("test\t1\t2026-11-23\nS\t{service}\nA\t{name}\tR\t");
        let catalogue = ActionCatalogue::parse(&text, "", []).unwrap();
        !actions.expand(&catalogue).actions.is_empty()
    }

    #[test]
    fn wildcards_stand_anywhere_and_case_does_not_count() {
        for (pattern, action) in [
            ("*", "iam:PassRole"),
            ("**", "iam:PassRole"),
            ("*:*", "iam:PassRole"),
            ("i*:*", "iam:PassRole"),
            ("iam:Pass*", "iam:PassRole"),
            ("IAM:passrole", "iam:PassRole"),
            ("iam:*Role", "iam:PassRole"),
            ("iam:*a*s*o*", "iam:PassRole"),
            ("s3:Get?bject", "s3:GetObject"),
            ("s?:GetObject", "s3:GetObject"),
            ("s3:*Object", "s3:GetObjectObject"),
        ] {
            assert!(
                covers(&actions(&[pattern]), action),
                "{pattern} covers {action}"
            );
        }
        for (pattern, action) in [
            ("s3:Get?bject", "s3:Getbject"),
            ("s3:GetObject", "s3:GetObjectAcl"),
            ("s3:GetObject?", "s3:GetObject"),
            ("s3:*Object", "s3:GetObjectAcl"),
            ("iam:Pass*", "s3:PassRole"),
        ] {
            assert!(
                !covers(&actions(&[pattern]), action),
                "{pattern} does not cover {action}"
            );
        }
    }

    #[test]
    fn all_but_covers_what_is_not_named() {
        let mut actions = Actions::all_but();
        actions.add("iam:*").unwrap();
        assert!(
            covers(&actions, "s3:GetObject")
                && !covers(&actions, "iam:PassRole")
                && actions.are_open_ended()
        );
    }

    #[test]
    fn a_name_that_iam_cannot_mean_is_an_error() {
        for name in [
            "",
            "s3",
            "s3:",
            ":GetObject",
            "s3:Get Object",
            " s3:GetObject",
            "s3:Get:Object",
            "s3:GetObj\u{435}ct",
            "?",
        ] {
            assert!(Actions::named().add(name).is_err(), "{name}");
        }
        assert!(
            Actions::named()
                .add(&format!("s3:{}", "?".repeat(32_000)))
                .is_err()
        );
    }

    #[test]
    fn the_worst_pattern_is_still_quick() {
        let pattern = format!("s3:{}b", "*a".repeat(60));
        let name = format!("s3:{}", "a".repeat(10_000));
        assert!(!covers(&actions(&[&pattern]), &name));
    }
}
