//! The local AWS from outside: raw awsJson1.1 through the router, on a clock that stands still.

mod assignments;
mod crawl;
mod directory;
mod edges;
mod faults;
mod people;
mod permission_sets;
mod persistence;
mod support;
mod trail;
