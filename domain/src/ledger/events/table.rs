//! The macro with which the kinds of events are written as one table.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal { $($field:ident: $value:expr),+ $(,)? })+) => {
        /// The kind of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $name,)+
        }

        impl EventKind {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the type as it is stored. Never changes.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// Returns what the kind means to its readers.
            pub const fn meaning(self) -> &'static EventMeaning {
                match self {
                    $(Self::$name => &EventMeaning { $($field: $value),+ },)+
                }
            }
        }
    };
}

pub(super) use kinds;
