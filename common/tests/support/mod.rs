//! Real vendor answers for the parser tests. They may not be published, so they lie outside of the
//! project; where they are absent the tests that need them say so and check nothing.

use std::path::Path;

/// The text of a capture such as `pomona/frank_2025-12-01.json`, where the captures are at hand:
/// in `VENDOR_CAPTURES`, or in `shared/vendor-captures` beside the project.
pub(crate) fn capture(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vendor-captures");
    let folder = option_env!("VENDOR_CAPTURES").unwrap_or(beside);
    let path = Path::new(folder).join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("not checked: no capture {name} at hand");
    }
    text
}
