//! What is taken out of pages: texts, the tags that say a day or a closing, values in scripts, an
//! address. The input stands where each of them is looked for.
#![no_main]

use common::vendors::{bon_appetit, pomona, sodexo, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|piece: &str| {
    if let Some(clean) = text::clean(piece) {
        fuzz::check_text(&clean);
        assert!(clean.chars().count() <= text::MAX_CHARS);
        fuzz::check_text(text::title_case(&clean).trim());
    }
    let _ = pomona::feed_address(piece);
    let holder = format!("<p><div id=\"dining-menu-from-json\" {piece}></div>");
    if let Some(address) = pomona::feed_address(&holder) {
        assert!(!address.trim().is_empty());
    }
    let state = format!("<html><script>window.__PRELOADED_STATE__ = {piece};</script></html>");
    if let Ok(reading) = sodexo::parse_location_page(&state, fuzz::asked()) {
        fuzz::check(&reading);
    }
    for page in [
        format!(
            "<section class=\"site-panel--daypart\" data-jump-nav-title=\"{piece}\"></section>"
        ),
        format!("<div {piece} class=site-panel__daypart-container data-end-date=2026-02-09></div>"),
        format!("<ul class='cafe-hours-special'><li class='dotted-leader-container'>{piece}</li>"),
        format!("<script>Bamco.menu_items = {piece};</script>"),
        format!("<script>Bamco.menu_items = {{}};Bamco.dayparts['{piece};</script>"),
    ] {
        let page = format!("<html>{page}</html>");
        if let Ok(reading) = bon_appetit::parse(&page, fuzz::asked()) {
            fuzz::check(&reading);
        }
    }
});
