//! What permission sets allow, by the embedded catalogue.

mod cases;
mod review;
