//! Whether what delays a grant may delay an item: reads of AWS, the alarm about identities, the limit of waiting grants, and
//! the time in which an approved change starts.
//!
//! Whatever takes something away is delayed by none of these, and if nobody else has to agree to it, by nobody: neither the
//! user pool nor the directory is asked. An item that says nothing may be delayed.

/// Whether an item may be delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// It gives something, or makes something less strict.
    May,
    /// It takes something away, unless one of these checks found something that others must agree to.
    NeverUnless(&'static [&'static str]),
    /// It takes something away, also if others must agree.
    Never,
}
