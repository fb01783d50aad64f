//! What permission sets allow, by the embedded catalogue.

mod analysis;
mod cases;
mod data;
mod large;
mod managed_policies;
mod naive;
mod naive_property;
mod principles;
mod properties;
mod review;
