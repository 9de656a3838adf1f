//! End-to-end tests: one binary, one module a subject, each test on both databases unless it makes no sense there.

mod access;
mod alerts;
mod authz_matrix;
mod chain;
mod files;
mod fixture;
mod hygiene;
mod inputs;
mod keys;
mod lanes;
mod lifecycle;
mod live;
mod migrations;
mod outage;
mod races;
mod team;
mod timeline;
