//! A query string, as each endpoint reads it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| api::fuzzing::query(query));
