//! The api's description of itself (OpenAPI 3.1). What is said of an endpoint stands at its handler;
//! here is what holds for all of them, and the document as it is served.

pub(crate) mod figures;
pub(crate) mod params;
pub(crate) mod responses;
pub(crate) mod schemas;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Components, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, Response, path::Operation,
        server::Server, tag::TagBuilder,
    },
};

/// What a reader has to know before the first request.
const DESCRIPTION: &str = "\
What is for lunch at the seven dining halls of the Claremont Colleges, and who is open. Read-only, no key, \
no account.

- `GET`, `HEAD` and `OPTIONS` are answered, everything else is 405. `HEAD` is `GET` without the body.
- A trailing slash makes no difference and is never redirected. Parameters that a path does not know are \
ignored; one that it knows may be given once, not empty, with at most 64 bytes of UTF-8 (256: `diet`, \
`exclude_allergen`, `cursor`).
- Success is plain JSON without an envelope. Errors are problems (RFC 9457): decide by `type` and `reason`; \
[each type has a page](/problems).
- Every answer has `x-request-id`: yours, if you send a sane one. Quote it when you report something.
- `cache-control` says how long an answer holds; nothing newer is there before. Then ask again with \
`if-none-match`: 304 if it is still the same. Menus are read anew about every half hour, lists and figures \
every 5 minutes.
- One address may ask for a lot, and not for everything at once: 429 says when to come back, `ratelimit` warns \
before. `GET` has no body, path and query have at most 2048 bytes.
- Browsers may read every answer (CORS), errors included; cookies are not used.
- No tag on a dish means \"not stated\", never \"free of\".
- Be ready for fields, tags and meals that are not in this description: new ones are not a new version.";

/// The endpoints that answer however often they are asked.
const HEALTH: &str = "Health";

/// The document without any endpoint.
pub(crate) fn empty() -> OpenApi {
    let title = "5C Menus";
    let info = InfoBuilder::new()
        .title(title)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION));
    let tag = |name: &str, what: &str| TagBuilder::new().name(name).description(Some(what)).build();
    let tags = [
        tag("Menus", "What there is to eat."),
        tag("Halls", "Where, and when."),
        tag("Statistics", "What was read of the vendors."),
        tag(HEALTH, "For operators. Not limited."),
    ];
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .components(Some(components()))
        .build()
}

fn components() -> Components {
    let mut components = Components::new();
    for (name, response) in responses::shared() {
        components.responses.insert(name.to_owned(), response.into());
    }
    for (name, header) in responses::headers() {
        components.headers.insert(name.to_owned(), header.into());
    }
    let mut schemas = Vec::new();
    <schemas::Problem as ToSchema>::schemas(&mut schemas);
    schemas.push(("Problem".to_owned(), schemas::Problem::schema()));
    // Of parameters, which do not bring them along.
    schemas.push((schemas::DietId::name().into(), schemas::DietId::schema()));
    schemas.push((schemas::AllergenId::name().into(), schemas::AllergenId::schema()));
    components.schemas.extend(schemas);
    components
}

/// Adds to each endpoint what no handler has to say: the answers and the headers of all.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    let paths = document.paths.paths.values_mut();
    for operation in paths.filter_map(|path| path.get.as_mut()) {
        let is_limited = operation.tags.iter().flatten().all(|tag| tag != HEALTH);
        let limited = is_limited.then(responses::TooManyRequests::responses);
        let of_all = [
            responses::MethodNotAllowed::responses(),
            responses::UriTooLong::responses(),
            responses::InternalError::responses(),
        ];
        operation.responses.responses.extend(of_all.into_iter().chain(limited).flatten());
        add_headers(operation);
    }
    document
}

fn add_headers(operation: &mut Operation) {
    let cached = operation.responses.responses.contains_key("304");
    let of_cached = if cached { responses::of_what_is_cached() } else { Vec::new() };
    let headers: Vec<_> = responses::of_every_answer().into_iter().chain(of_cached).collect();
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(Response { headers: own, .. }) = response else { continue };
        for (name, header) in &headers {
            own.entry((*name).to_owned()).or_insert_with(|| header.clone());
        }
    }
}
