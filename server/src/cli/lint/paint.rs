//! Where the text of `leastwise lint` goes: colours and line breaks only on a terminal.

use std::io::{self, IsTerminal as _};

use unicode_width::UnicodeWidthStr as _;

use crate::cli::table::printable;

/// Standard output as a terminal or as something else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    /// The columns of the terminal; without one, lines are as long as their text.
    columns: Option<usize>,
    colours: Colours,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colours {
    None,
    Ansi,
}

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Doubtful,
    Good,
    Strong,
    Quiet,
}

/// Narrower lines would break every word.
const NARROWEST: usize = 20;

impl Output {
    /// Returns the standard output of this process. `NO_COLOR` turns the colours off.
    pub(super) fn of_process() -> Self {
        if !io::stdout().is_terminal() {
            return Self {
                columns: None,
                colours: Colours::None,
            };
        }
        let size = terminal_size::terminal_size();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            columns: Some(size.map_or(80, |(width, _)| usize::from(width.0))),
            colours: if plain { Colours::None } else { Colours::Ansi },
        }
    }

    /// Returns a text in the colour of its meaning. Control characters are replaced.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let text = printable(text);
        if self.colours == Colours::None {
            return text;
        }
        let code = match tone {
            Tone::Bad => "31",
            Tone::Doubtful => "33",
            Tone::Good => "32",
            Tone::Strong => "1",
            Tone::Quiet => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Breaks a text into lines that start at a column, the first one after `used` columns.
    pub(super) fn wrap(self, text: &str, start: usize, used: usize) -> String {
        let text = printable(text);
        let Some(columns) = self.columns else {
            return text;
        };
        let end = columns.max(start + NARROWEST);
        let mut wrapped = String::new();
        let mut at = used;
        for word in text.split(' ') {
            let width = word.width();
            let first = wrapped.is_empty();
            if !first && at + 1 + width > end {
                wrapped.push('\n');
                wrapped.extend(std::iter::repeat_n(' ', start));
                at = start;
            } else if !first {
                wrapped.push(' ');
                at += 1;
            }
            wrapped.push_str(word);
            at += width;
        }
        wrapped
    }
}

#[cfg(test)]
impl Output {
    /// Returns a terminal without colours.
    pub(super) fn plain(columns: Option<usize>) -> Self {
        Self {
            columns,
            colours: Colours::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_within_the_terminal_and_a_long_word_stays_whole() {
        let terminal = Output::plain(Some(30));
        let wrapped = terminal.wrap("one two three four five six seven", 4, 10);
        assert_eq!(wrapped, "one two three four\n    five six seven");
        assert!(wrapped.lines().all(|line| line.width() <= 30));
        let long = "x".repeat(50);
        let wrapped = terminal.wrap(&format!("a {long} b"), 2, 2);
        assert_eq!(wrapped, format!("a\n  {long}\n  b"));
        assert_eq!(Output::plain(None).wrap(&long, 2, 2), long);
        assert!(Output::plain(Some(1)).wrap("a b c", 4, 4).lines().count() < 3);
    }

    #[test]
    fn colours_are_only_for_terminals_and_a_text_brings_none_of_its_own() {
        let plain = Output::plain(None);
        assert_eq!(plain.paint(Tone::Bad, "a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
        let colourful = Output {
            columns: None,
            colours: Colours::Ansi,
        };
        assert_eq!(colourful.paint(Tone::Bad, "no"), "\u{1b}[31mno\u{1b}[0m");
    }
}
