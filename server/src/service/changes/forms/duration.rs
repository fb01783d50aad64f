//! How long access lasts and when it begins, as people choose and type it.

use app::backend::{OTHER, STANDING, change_field};
use domain::{
    change::{InvalidProposal, START_AHEAD},
    grant::{LONGEST_WINDOW, SHORTEST_WINDOW, Term},
    subject::InvalidItem,
    time::{Duration, Timestamp},
};

use super::{ParsedForm, error, reader::FormReader};

/// How long ago a start may be that means at once: the form was opened before.
const JUST_PASSED: Duration = Duration::minutes(15);

impl FormReader<'_> {
    /// Returns the term. What is typed in words is replaced by its number of minutes.
    pub(super) fn term(&mut self) -> Option<Term> {
        let text = self.field(change_field::TERM, |change_form| &mut change_form.term)?;
        if text == STANDING {
            return Some(Term::Standing);
        }
        let (field, text) = if text == OTHER {
            let typed = self.field(change_field::LENGTH, |change_form| &mut change_form.length)?;
            (change_field::LENGTH, typed)
        } else {
            (change_field::TERM, text)
        };
        let window = duration(&text);
        match window {
            Some(window) if (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window) => {
                self.parsed.change_form.term = (window.as_seconds() / 60).to_string();
                self.parsed.change_form.length.clear();
                Some(Term::For(window))
            }
            _ => {
                self.wrong(field, InvalidItem::Window.to_string());
                None
            }
        }
    }
}

impl ParsedForm {
    /// Reads the time at which access begins. It is dropped where nobody gains access.
    pub(in crate::service::changes) fn starting(mut self, now: Timestamp) -> Self {
        let text = self.change_form.start.trim().to_owned();
        let gives = self.change_form.known_kind();
        let gives = gives.is_some_and(app::backend::ChangeKind::gives);
        self.change_form.start.clear();
        if text.is_empty() || !gives {
            return self;
        }
        let last = now + START_AHEAD;
        match Timestamp::parse_form_minute(&text) {
            Some(at) if at <= now && now <= at + JUST_PASSED => return self,
            Some(at) if (now..=last).contains(&at) => self.not_before = Some(at),
            Some(at) => {
                let wrong = InvalidProposal::Start { at, last };
                self.errors
                    .push(error(change_field::START, wrong.to_string()));
            }
            None => self.errors.push(error(
                change_field::START,
                "This is not a date with a time. State both in UTC, such as 2026-11-30T15:04, or neither.",
            )),
        }
        self.change_form.start = text;
        self
    }
}

/// Reads minutes as a number, or hours and minutes in words: `90`, `90 min`, `1h30`, `1 h 30 min`, `2 hours`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let (mut minutes, mut hours_stated) = (0_i64, false);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest[..digits].parse::<u16>().ok()?.into();
        let after = rest[digits..].trim_start();
        let letters = after.len() - after.trim_start_matches(char::is_alphabetic).len();
        minutes += match &after[..letters] {
            "h" | "hour" | "hours" if !hours_stated => {
                hours_stated = true;
                number * 60
            }
            "" | "m" | "min" | "minute" | "minutes" if after.len() == letters => number,
            _ => return None,
        };
        rest = after[letters..].trim_start();
    }
    (minutes > 0).then(|| Duration::minutes(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_people_write_it() {
        for (text, minutes) in [
            ("90", 90),
            ("90 min", 90),
            ("90m", 90),
            ("1h30", 90),
            ("1 h 30 min", 90),
            ("1 Hour 30 Minutes", 90),
            ("2 hours", 120),
        ] {
            assert_eq!(duration(text), Some(Duration::minutes(minutes)), "{text}");
        }
        for text in [
            "",
            "0",
            "h",
            "1h2h",
            "30 min 1 h",
            "1.5 h",
            "-5",
            "1 day",
            "99999",
            "1 h 1 1",
            "٣",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
