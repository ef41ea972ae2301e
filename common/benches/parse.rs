//! What it costs to read a vendor's document: each parser over its largest one, in time and bytes
//! a second, beside `serde_json`'s own pass over the JSON in it, the floor under each parser.

#[path = "parse/documents.rs"]
mod documents;
#[path = "parse/ratio.rs"]
mod ratio;
#[path = "../tests/support/mod.rs"]
mod support;

use chrono::NaiveDate;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use documents::Document;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// As the worker has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    documents::load();
    ratio::measure();
    divan::main();
}

/// A parser over the whole body. It must find a menu, or the figure would be that of an error.
fn parser<R, E: std::fmt::Debug>(
    bencher: Bencher<'_, '_>,
    document: &Document,
    parse: impl Fn(&str, NaiveDate) -> Result<R, E> + Sync,
) {
    let Document { body, day, .. } = document;
    let known = parse(body, *day);
    assert!(known.is_ok(), "the document of this bench is not read: {:?}", known.err());
    bencher.counter(BytesCount::of_str(body)).bench(|| parse(black_box(body), *day));
}

/// `serde_json` over what the parser reads of the body.
fn json<T: DeserializeOwned>(bencher: Bencher<'_, '_>, document: &Document) {
    let json = document.json();
    bencher.counter(BytesCount::of_str(json)).bench(|| serde_json::from_str::<T>(black_box(json)));
}

/// A café page; the JSON is that of its dishes, a half to two thirds of the page.
mod bon_appetit {
    use super::{Bencher, IgnoredAny, Value, documents, json, parser};

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        parser(bencher, &documents::BON_APPETIT, common::vendors::bon_appetit::parse);
    }

    #[divan::bench]
    fn json_skipped(bencher: Bencher<'_, '_>) {
        json::<IgnoredAny>(bencher, &documents::BON_APPETIT);
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        json::<Value>(bencher, &documents::BON_APPETIT);
    }
}

/// A day as the data service sends it.
mod sodexo_api {
    use super::{Bencher, IgnoredAny, Value, documents, json, parser};

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        parser(bencher, &documents::SODEXO_API, common::vendors::sodexo::parse_api);
    }

    #[divan::bench]
    fn json_skipped(bencher: Bencher<'_, '_>) {
        json::<IgnoredAny>(bencher, &documents::SODEXO_API);
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        json::<Value>(bencher, &documents::SODEXO_API);
    }
}

/// The state of the hall's page.
mod sodexo_page {
    use super::{Bencher, IgnoredAny, Value, documents, json, parser};

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        parser(bencher, &documents::SODEXO_PAGE, common::vendors::sodexo::parse_location_page);
    }

    #[divan::bench]
    fn json_skipped(bencher: Bencher<'_, '_>) {
        json::<IgnoredAny>(bencher, &documents::SODEXO_PAGE);
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        json::<Value>(bencher, &documents::SODEXO_PAGE);
    }
}

/// A feed of a few days.
mod pomona {
    use super::{Bencher, IgnoredAny, Value, documents, json, parser};

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        parser(bencher, &documents::POMONA, |body, _| common::vendors::pomona::parse(body));
    }

    #[divan::bench]
    fn json_skipped(bencher: Bencher<'_, '_>) {
        json::<IgnoredAny>(bencher, &documents::POMONA);
    }

    #[divan::bench]
    fn json_value(bencher: Bencher<'_, '_>) {
        json::<Value>(bencher, &documents::POMONA);
    }
}
