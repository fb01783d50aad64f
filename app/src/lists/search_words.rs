//! The words of a search. Every word must occur in the text, in any order and in any place. A word is never a pattern.

/// The words of a search, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords(Vec<String>);

impl SearchWords {
    pub fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether every word occurs in a text, which is in lower case.
    pub fn occur_in(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }

    /// Returns at most `most` of those whose text has every word; those that begin with the first word come first.
    pub fn best<'t, T>(&self, all: impl Iterator<Item = (&'t str, T)>, most: usize) -> Vec<T> {
        let (mut begin, mut hold) = (Vec::new(), Vec::new());
        for (text, one) in all {
            if begin.len() == most {
                break;
            }
            if !self.occur_in(text) {
                continue;
            }
            if self.0.first().is_some_and(|word| text.starts_with(word)) {
                begin.push(one);
            } else if hold.len() < most {
                hold.push(one);
            }
        }
        begin.into_iter().chain(hold).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_first_word_comes_first_and_every_word_must_be_there() {
        let all = [
            "ann lee\nann",
            "joann lee\njo",
            "lee ann\nlee",
            "ann berg\nberg",
        ];
        let found = |words: &str, most| {
            let all = all.iter().map(|text| (*text, *text));
            SearchWords::of(words).best(all, most)
        };
        assert_eq!(
            found("Ann LEE", 10),
            ["ann lee\nann", "joann lee\njo", "lee ann\nlee"]
        );
        assert_eq!(
            found("lee", 10),
            ["lee ann\nlee", "ann lee\nann", "joann lee\njo"]
        );
        assert_eq!(found("lee", 1), ["lee ann\nlee"]);
        assert!(found("nobody", 10).is_empty());
    }
}
