//! The local AWS, tested by raw awsJson1.1 requests through its router, with a manual clock.

mod assignments;
mod crawl;
mod directory;
mod edges;
mod faults;
mod instances;
mod organization;
mod people;
mod permission_sets;
mod persistence;
mod provisioned_users;
mod refusals;
mod signatures;
mod sigv4;
mod support;
mod trail;
mod validation;
