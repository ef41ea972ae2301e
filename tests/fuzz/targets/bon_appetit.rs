//! A café page, whole.
#![no_main]

use common::vendors::bon_appetit::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &str| {
    if let Ok(reading) = parse(page, fuzz::asked()) {
        fuzz::check(&reading);
    }
});
