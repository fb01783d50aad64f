//! What permission sets allow, by the embedded catalogue.

mod analysis;
mod cases;
mod data;
mod large;
mod log_buckets;
mod managed_policies;
mod naive;
mod naive_property;
mod principles;
mod properties;
mod reasons;
mod review;
