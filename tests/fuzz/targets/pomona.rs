//! A feed.
#![no_main]

use common::vendors::pomona::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|feed: &str| {
    if let Ok(reading) = parse(feed) {
        fuzz::check(&reading);
    }
});
