//! Placeholder while the crate takes shape.
