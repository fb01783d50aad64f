//! Categories of events, by which people look for entries. A category is a set of families: the first words of types.

mod setup;

use super::EventKind;

/// What an event is about, in coarse terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Requests, decisions, and what became of changes.
    Changes,
    /// Access windows and removals.
    Access,
    /// Writes to AWS, and the steps of items that are no access.
    Writes,
    /// What was done outside Leastwise.
    Drift,
    /// Sessions, and what was refused.
    Sessions,
    /// Who a sign-in is.
    Identities,
    Roles,
    /// Policies, and the classification of accounts.
    Policies,
    /// Crawls and other jobs.
    Jobs,
    /// Who read or downloaded what, and what was done to the ledger itself.
    Reads,
    /// The process and its database.
    System,
}

impl Category {
    pub const ALL: [Self; 11] = [
        Self::Changes,
        Self::Access,
        Self::Writes,
        Self::Drift,
        Self::Sessions,
        Self::Identities,
        Self::Roles,
        Self::Policies,
        Self::Jobs,
        Self::Reads,
        Self::System,
    ];

    /// Returns the name in URLs and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Access => "access",
            Self::Writes => "writes",
            Self::Drift => "drift",
            Self::Sessions => "sessions",
            Self::Identities => "identities",
            Self::Roles => "roles",
            Self::Policies => "policies",
            Self::Jobs => "jobs",
            Self::Reads => "reads",
            Self::System => "system",
        }
    }

    /// Finds a category by its name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Returns the first words of the types of its events. Types of newer versions belong to it as well.
    pub const fn families(self) -> &'static [&'static str] {
        match self {
            Self::Changes => &["change"],
            Self::Access => &["grant"],
            Self::Writes => &["operation", "step"],
            Self::Drift => &["outside"],
            Self::Sessions => &["session", "access"],
            Self::Identities => &["subject", "identity"],
            Self::Roles => &["role"],
            Self::Policies => &["rules", "classification", "account"],
            Self::Jobs => &["sync", "job"],
            Self::Reads => &["report", "ledger"],
            Self::System => &["log", "rows"],
        }
    }
}

impl EventKind {
    /// Returns the first word of its type.
    pub fn family(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_in_one_category_which_its_name_finds() {
        for kind in EventKind::ALL {
            let of = Category::ALL
                .into_iter()
                .filter(|one| one.families().contains(&kind.family()));
            assert_eq!(of.count(), 1, "{kind:?}");
        }
        for category in Category::ALL {
            assert_eq!(Category::from_word(category.as_str()), Some(category));
        }
        assert_eq!(Category::from_word("moon"), None);
    }
}
