//! What permission sets allow, by the embedded catalogue.

mod analysis;
mod cases;
mod properties;
mod review;
