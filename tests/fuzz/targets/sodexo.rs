//! A day from the data service, and the same text as the location page.
#![no_main]

use common::vendors::sodexo::{parse_api, parse_location_page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let read = [parse_api(body, fuzz::asked()), parse_location_page(body, fuzz::asked())];
    for reading in read.into_iter().flatten() {
        fuzz::check(&reading);
    }
});
