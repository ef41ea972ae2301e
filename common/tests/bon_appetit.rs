//! What the Bon Appétit parser promises: of menus, of closed days, of broken bodies, and of the
//! vendor's real pages.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail in any way"
)]

mod support;

#[path = "bon_appetit/broken.rs"]
mod broken;
#[path = "bon_appetit/captures.rs"]
mod captures;
#[path = "bon_appetit/days.rs"]
mod days;
#[path = "bon_appetit/dishes.rs"]
mod dishes;
#[path = "bon_appetit/page.rs"]
mod page;
#[path = "bon_appetit/stations.rs"]
mod stations;
