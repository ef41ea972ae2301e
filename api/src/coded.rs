//! A body in every content coding that a caller may want (RFC 9110, 8.4), each with its strong etag
//! and made at most once, however often it is sent.

use std::{
    io::Write,
    sync::{Arc, OnceLock},
};

use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::{Weighter, sync::Cache};
use xxhash_rust::xxh3::xxh3_128;

/// Below this, a coding costs more than it spares: it all fits into one packet anyway.
const WORTH_CODING: usize = 1000;
/// Both codings at the level where the next one costs more time than it spares bytes.
const GZIP_LEVEL: u32 = 6;
const BROTLI_LEVEL: i32 = 5;
const BROTLI_WINDOW: i32 = 22;

/// See the top of the file.
pub(crate) struct Coded {
    plain: Variant,
    gzip: OnceLock<Option<Variant>>,
    brotli: OnceLock<Option<Variant>>,
}

/// The body in one coding.
pub(crate) struct Variant {
    pub(crate) bytes: Bytes,
    pub(crate) etag: HeaderValue,
}

/// A content coding that we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952
    Gzip,
    /// RFC 7932
    Brotli,
}

impl Coding {
    /// The word in `content-encoding`.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The best that this `accept-encoding` allows: by its weights, brotli where it has no
    /// preference. What allows nothing that we have gets the body as it is (RFC 9110, 12.5.3).
    pub(crate) fn best(accepted: &str) -> Self {
        let other = weight(accepted, "*").unwrap_or(0);
        let [brotli, gzip] = ["br", "gzip"].map(|name| weight(accepted, name).unwrap_or(other));
        let plain = weight(accepted, "identity").unwrap_or(0);
        if brotli > 0 && brotli >= gzip && brotli >= plain {
            Self::Brotli
        } else if gzip > 0 && gzip >= plain {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

/// The weight of a coding in thousandths; `None` where it is not named.
fn weight(accepted: &str, name: &str) -> Option<u32> {
    accepted.split(',').find_map(|coding| {
        let (coding, parameter) = coding.split_once(';').unwrap_or((coding, ""));
        if !coding.trim().eq_ignore_ascii_case(name) {
            return None;
        }
        let Some((_, weight)) = parameter.split_once('=') else { return Some(1000) };
        let weight: f32 =
            weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
        Some((weight * 1000.0) as u32)
    })
}

impl Coded {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let etag = etag(&format!("{:032x}", xxh3_128(&bytes)));
        let plain = Variant { bytes, etag };
        Self { plain, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    /// The body as it is.
    pub(crate) const fn plain(&self) -> &Bytes {
        &self.plain.bytes
    }

    /// What it takes with both codings, give or take.
    pub(crate) const fn bytes(&self) -> usize {
        2 * self.plain.bytes.len() + 512
    }

    /// The body in this coding, or as it is where coding it spares nothing.
    pub(crate) fn variant(&self, coding: Coding) -> (&Variant, Coding) {
        let coded = match coding {
            Coding::Identity => None,
            _ if self.plain.bytes.len() < WORTH_CODING => None,
            Coding::Gzip => self.gzip.get_or_init(|| self.coded("gz", gzip)).as_ref(),
            Coding::Brotli => self.brotli.get_or_init(|| self.coded("br", brotli)).as_ref(),
        };
        coded.map_or((&self.plain, Coding::Identity), |variant| (variant, coding))
    }

    fn coded(
        &self,
        suffix: &str,
        code: impl Fn(&[u8]) -> std::io::Result<Vec<u8>>,
    ) -> Option<Variant> {
        let bytes = code(&self.plain.bytes).ok()?;
        let plain = self.plain.etag.to_str().ok()?.trim_matches('"');
        let etag = etag(&format!("{plain}-{suffix}"));
        (bytes.len() < self.plain.bytes.len()).then(|| Variant { bytes: bytes.into(), etag })
    }
}

/// Bodies that were put together of others lately, by what is in them: the same again is neither coded
/// nor kept twice.
pub(crate) struct Bodies(Cache<u128, Arc<Coded>, ByBytes>);

/// The most that is kept of them, in bytes, and how many are expected.
const CAPACITY: u64 = 8 * 1024 * 1024;
const EXPECTED: usize = 64;

#[derive(Clone)]
struct ByBytes;

impl Weighter<u128, Arc<Coded>> for ByBytes {
    fn weight(&self, _: &u128, body: &Arc<Coded>) -> u64 {
        body.bytes() as u64
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, CAPACITY, ByBytes))
    }
}

impl Bodies {
    /// The body, with what was made of it before.
    pub(crate) fn coded(&self, bytes: Vec<u8>) -> Arc<Coded> {
        let hash = xxh3_128(&bytes);
        if let Some(known) = self.0.get(&hash) {
            return known;
        }
        let coded = Arc::new(Coded::new(bytes.into()));
        self.0.insert(hash, Arc::clone(&coded));
        coded
    }
}

fn etag(tag: &str) -> HeaderValue {
    // Hexadecimal digits and letters are a header value, always.
    HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
    writer.write_all(bytes)?;
    writer.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_LEVEL,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut coded = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut coded, &parameters)?;
    Ok(coded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_caller_gets_the_coding_that_it_prefers_and_brotli_where_it_does_not_care() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("GZIP", Coding::Gzip),
            ("br", Coding::Brotli),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip;q=1.0, br;q=0.5", Coding::Gzip),
            ("br;q=0, gzip", Coding::Gzip),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("br;q=0, *", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0.5, gzip;q=1", Coding::Gzip),
            ("deflate, zstd", Coding::Identity),
            ("gzip;q=2, br;q=x", Coding::Identity),
            ("xgzip", Coding::Identity),
            (";;;,=,q=1,;q=", Coding::Identity),
        ] {
            assert_eq!(Coding::best(accepted), coding, "{accepted}");
        }
    }

    #[test]
    fn each_coding_gives_the_body_back_and_has_an_etag_of_its_own() {
        let body = "[\"Grilled Cheese\",\"Tomato Soup\"]".repeat(100);
        let coded = Coded::new(Bytes::from(body.clone()));
        let (plain, gzip, brotli) = (
            coded.variant(Coding::Identity).0,
            coded.variant(Coding::Gzip).0,
            coded.variant(Coding::Brotli).0,
        );
        let (mut from_gzip, mut from_brotli) = (String::new(), Vec::new());
        flate2::read::GzDecoder::new(&*gzip.bytes).read_to_string(&mut from_gzip).unwrap();
        brotli::BrotliDecompress(&mut &*brotli.bytes, &mut from_brotli).unwrap();
        assert_eq!((&*plain.bytes, from_gzip.as_bytes()), (body.as_bytes(), body.as_bytes()));
        assert_eq!(from_brotli, body.as_bytes());
        assert!(gzip.etag != plain.etag && brotli.etag != plain.etag && gzip.etag != brotli.etag);
        let again = coded.variant(Coding::Brotli).0;
        assert_eq!(again.bytes.as_ptr(), brotli.bytes.as_ptr(), "made once");
    }

    #[test]
    fn the_same_body_again_is_not_coded_again_and_any_number_of_them_takes_bounded_room() {
        let bodies = Bodies::default();
        let body = vec![b'x'; 100_000];
        let first = bodies.coded(body.clone());
        assert!(Arc::ptr_eq(&first, &bodies.coded(body)));
        for other in 0..=255 {
            bodies.coded(vec![other; 100_000]);
        }
        assert!(bodies.0.weight() <= CAPACITY, "{}", bodies.0.weight());
    }

    #[test]
    fn what_is_small_is_sent_as_it_is() {
        let coded = Coded::new(Bytes::from_static(b"[]"));
        assert_eq!(coded.variant(Coding::Brotli).1, Coding::Identity);
    }
}
