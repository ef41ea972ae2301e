//! What counting costs where it counts: all that is counted of one hit, alone and by two threads at
//! once, and what a scrape of the api costs.

use std::time::Duration;

use common::metrics::{API, MENUS, NEAR_CACHE, http_answered, render};
use divan::black_box;

fn main() {
    divan::main();
}

#[divan::bench(threads = [1, 2], sample_size = 10_000)]
fn a_hit() {
    NEAR_CACHE.one(black_box(&["hit"]));
    MENUS.one(black_box(&["hit"]));
    http_answered(black_box(Some("/api/v2/menus")), "GET", 200, Duration::from_micros(30));
}

#[divan::bench]
fn a_scrape() -> String {
    render(API)
}
