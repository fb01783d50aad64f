//! What permission sets allow, by the embedded catalogue.

mod cases;
mod naive;
mod naive_property;
mod review;
