//! End-to-end tests: one binary, one module a subject, each test on both databases unless it makes no sense there.

mod chain;
mod fixture;
mod hygiene;
mod keys;
mod lanes;
mod lifecycle;
mod migrations;
mod races;
mod team;
mod timeline;
