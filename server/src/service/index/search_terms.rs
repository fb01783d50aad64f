//! Search words. A text matches if it contains all of them.

/// The words of a search, in lower case.
pub struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// Splits the search text into words.
    pub fn of(text: &str) -> Self {
        Self(
            text.to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Returns whether the text contains all words.
    pub fn occur_in(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}
