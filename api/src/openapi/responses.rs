//! The answers that endpoints share, each described once: a handler names those that it can give,
//! and the description refers to them. The problems among them come from their table.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::{
    IntoResponses,
    openapi::{
        AllOfBuilder, Content, Header, Object, ObjectBuilder, Ref, RefOr, Response,
        ResponseBuilder, Type, example::ExampleBuilder, extensions::Extensions,
        header::HeaderBuilder,
    },
};

use crate::problem::kinds::{self, Example, Kind};

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $response:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let shared = Ref::from_response_name(stringify!($name));
                    BTreeMap::from([($status.to_owned(), RefOr::Ref(shared))])
                }
            }
        )*

        /// All of them, by name.
        pub(super) fn shared() -> Vec<(&'static str, Response)> {
            vec![$((stringify!($name), $response)),*]
        }
    };
}

shared! {
    /// 304
    NotModified = "304", unchanged();
    /// 400
    BadRequest = "400", problem(
        "A parameter is wrong, and `detail` names it; or there is a body.",
        &[&kinds::INVALID_DATE, &kinds::INVALID_PARAMETER, &kinds::UNEXPECTED_BODY],
    );
    /// 404 of what belongs to one hall.
    UnknownHall = "404", problem("No hall has that id.", &[&kinds::UNKNOWN_HALL]);
    /// 404 of a menu.
    MenuNotFound = "404", problem(
        "No hall has that id; or there is no such menu, and `reason` says why.",
        &[&kinds::UNKNOWN_HALL, &kinds::NO_MENU],
    );
    /// 405, of every endpoint.
    MethodNotAllowed = "405", problem("To another method.", &[&kinds::METHOD_NOT_ALLOWED]);
    /// 414, of every endpoint.
    UriTooLong = "414", problem("Path and query are too long.", &[&kinds::URI_TOO_LONG]);
    /// 429, of every endpoint but those of health.
    TooManyRequests = "429", problem(
        "Your address has asked for too much; `ratelimit` says what of.",
        &[&kinds::TOO_MANY_REQUESTS],
    );
    /// 500, of every endpoint.
    InternalError = "500", problem("An error that we did not foresee.", &[&kinds::INTERNAL]);
    /// 503 of what the stores hold.
    Unavailable = "503", problem(
        "Neither store can be asked; or very many wait.",
        &[&kinds::UNAVAILABLE, &kinds::OVERLOADED],
    );
    /// 503 of a menu.
    MenuUnavailable = "503", problem(
        "The vendor failed and there is no good copy (`vendor_error`), or it is still being read \
         (`pending`); or very many wait.",
        &[&kinds::UNAVAILABLE, &kinds::PENDING, &kinds::OVERLOADED],
    );
}

/// The headers of every answer.
pub(super) fn of_every_answer() -> Vec<(&'static str, RefOr<Header>)> {
    vec![
        ("x-request-id", by_name("XRequestId")),
        ("link", by_name("Link")),
        ("access-control-allow-origin", by_name("AccessControlAllowOrigin")),
    ]
}

/// The headers of what can be asked for again with `if-none-match`.
pub(super) fn of_what_is_cached() -> Vec<(&'static str, RefOr<Header>)> {
    vec![
        ("etag", by_name("ETag")),
        ("cache-control", by_name("CacheControl")),
        ("cache-status", by_name("CacheStatus")),
    ]
}

/// The headers that answers refer to, by name.
pub(super) fn headers() -> Vec<(&'static str, Header)> {
    let id = "The request's own, if it is 1 to 64 letters, digits, `-`, `_`, `.`; else a new one.";
    let from = "Where the answer came from (RFC 9211).";
    vec![
        ("XRequestId", always(text(id, "0beb1ec60b3192a1b85d8438"))),
        (
            "Link",
            always(text(
                "This description (`service-desc`) and its page (`service-doc`); of a page of a list \
                 also `first`, `prev`, `next`, `last` (RFC 8288), in a line of their own.",
                "</openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"",
            )),
        ),
        (
            "AccessControlAllowOrigin",
            text("`*`, or your origin where the operator lists those that may read.", "*"),
        ),
        ("ETag", always(text("Strong, over the body.", "\"66e8b3a9bca3b02373240c7de99d9e6e\""))),
        (
            "CacheControl",
            always(text(
                "How long the answer holds: N is what is left, not what it was.",
                "public, max-age=1739, stale-while-revalidate=60, stale-if-error=86400",
            )),
        ),
        ("CacheStatus", text(from, "menus5c; hit; ttl=1739")),
        ("NoStore", always(text("Not to be kept.", "no-store"))),
        ("RetryAfter", always(number("Seconds to wait.", 1))),
        ("Connection", always(text("The connection ends with this answer.", "close"))),
        (
            "RateLimit",
            always(text(
                "Of each policy of which less than half is left: `r`, how many requests, and `t`, in how \
                 many seconds there is more. Other answers have it too, then.",
                "\"misses\";r=0;t=1",
            )),
        ),
        (
            "RateLimitPolicy",
            always(text(
                "What these policies give: `q` requests, and again in `w` seconds.",
                "\"misses\";q=100;w=10",
            )),
        ),
        ("Allow", always(text("The methods that are answered.", "GET, HEAD, OPTIONS"))),
    ]
}

fn by_name(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

fn text(description: &str, example: &str) -> Header {
    HeaderBuilder::new().description(Some(description)).example(Some(json!(example))).build()
}

fn number(description: &str, least: u32) -> Header {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    let header = HeaderBuilder::new().schema(Some(schema.build()));
    header.description(Some(description)).example(Some(json!(least))).build()
}

/// A header that is never missing.
fn always(mut header: Header) -> Header {
    header.extensions = Some(Extensions::from_iter([("required", true)]));
    header
}

/// Without a body, as always with 304.
fn unchanged() -> Response {
    let mut response = Response::new("What you have is still the same (`if-none-match`).");
    let headers = of_every_answer().into_iter().chain(of_what_is_cached());
    response.headers.extend(headers.map(|(name, header)| (name.to_owned(), header)));
    response
}

/// A problem that is one of these kinds, all of one status.
fn problem(description: &str, kinds: &[&Kind]) -> Response {
    let mut content = Content::new(Some(one_of(kinds)));
    for kind in kinds {
        for example in kind.examples {
            let value = serde_json::to_value(kind.as_sent(example)).ok();
            let built = ExampleBuilder::new().summary(example.detail).value(value).build();
            content.examples.insert(name(kind, example), built.into());
        }
    }
    let mut response = ResponseBuilder::new().description(description).build();
    response.content.insert("application/problem+json".to_owned(), content.into());
    let own: &[(&str, &str)] = match kinds.first().map_or(0, |kind| kind.status) {
        404 => &[("cache-control", "CacheControl"), ("cache-status", "CacheStatus")],
        405 => &[("allow", "Allow")],
        414 => &[("cache-control", "NoStore"), ("connection", "Connection")],
        429 => &[
            ("cache-control", "NoStore"),
            ("retry-after", "RetryAfter"),
            ("ratelimit", "RateLimit"),
            ("ratelimit-policy", "RateLimitPolicy"),
        ],
        503 => &[
            ("cache-control", "NoStore"),
            ("retry-after", "RetryAfter"),
            ("cache-status", "CacheStatus"),
        ],
        _ => &[("cache-control", "NoStore")],
    };
    let own = own.iter().map(|(name, header)| (*name, by_name(header)));
    let headers = of_every_answer().into_iter().chain(own);
    response.headers.extend(headers.map(|(name, header)| (name.to_owned(), header)));
    response
}

/// The schema of a problem, narrowed down to these kinds.
fn one_of(kinds: &[&Kind]) -> utoipa::openapi::Schema {
    let types = Object::builder()
        .schema_type(Type::String)
        .enum_values(Some(kinds.iter().map(|kind| kind.r#type)));
    let statuses: Vec<u16> = kinds.iter().map(|kind| kind.status).take(1).collect();
    let status = Object::builder().schema_type(Type::Integer).enum_values(Some(statuses));
    let narrow = Object::builder()
        .schema_type(Type::Object)
        .property("type", types.build())
        .property("status", status.build());
    AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(narrow.build()).build().into()
}

/// What an example is called: its `reason`, or the last part of its `type`.
fn name(kind: &Kind, example: &Example) -> String {
    let kind = kind.r#type.trim_start_matches("/problems/");
    let nth = match example.detail {
        detail if detail.contains("no number") => "-range",
        detail if detail.contains("misses") => "-misses",
        detail if detail.contains("queries") => "-queries",
        _ => "",
    };
    example.reason.map_or_else(|| format!("{kind}{nth}"), ToOwned::to_owned)
}
