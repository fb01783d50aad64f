//! The words of a search, all of which must occur.

/// Every word of a search, in lower case.
pub struct Words(Vec<String>);

impl Words {
    /// From what was typed.
    pub fn of(text: &str) -> Self {
        Self(
            text.to_lowercase()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether all of them occur.
    pub fn occur_in(&self, text: &str) -> bool {
        self.0.iter().all(|word| text.contains(word.as_str()))
    }
}
