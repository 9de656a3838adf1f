//! End-to-end tests: one binary, one module a subject, each test on both databases unless it makes no sense there.

mod access;
mod alerts;
mod authz_matrix;
mod board;
mod chain;
mod chores;
mod files;
mod fixture;
mod http;
mod hygiene;
mod inputs;
mod keys;
mod lanes;
mod lifecycle;
mod live;
mod migrations;
mod outage;
mod processes;
mod queue_contract;
mod races;
mod team;
mod timeline;
