//! What a key in Redis may hold: ours, or somebody else's.
#![no_main]

use bytes::Bytes;
use common::entry::{Entry, MenuKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let key: MenuKey = "menu:hoch:2026-02-09:lunch".parse().expect("a key");
    let value = Bytes::copy_from_slice(value);
    let Some(entry) = Entry::from_bytes(&key, value.clone()) else { return };
    let bytes = entry.to_bytes(&key).expect("JSON");
    if let Entry::Menu { .. } = entry {
        assert_eq!(bytes, value, "a menu is passed on as it is");
    }
    assert!(std::str::from_utf8(&bytes).is_ok(), "answers are UTF-8");
    let again = Entry::from_bytes(&key, bytes).expect("an entry of ours");
    assert_eq!(again.fetched_at().timestamp(), entry.fetched_at().timestamp());
});
