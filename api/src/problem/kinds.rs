//! Every type of problem, once: what answers carry of it, what the description shows, and what its
//! page says. A type that is not in this table cannot be sent.

use serde::Serialize;

/// A type of problem.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Its `type`: the address of its page.
    pub(crate) r#type: &'static str,
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    /// What it says, in a sentence or two; here and in what follows, code stands in backticks.
    pub(crate) meaning: &'static str,
    /// When it comes.
    pub(crate) when: &'static str,
    /// What a program that meets it should do.
    pub(crate) advice: &'static str,
    pub(crate) examples: &'static [Example],
}

/// A problem of that type, as it may be met.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// Also what the example is called.
    pub(crate) detail: &'static str,
    pub(crate) reason: Option<&'static str>,
}

/// An example as it would be sent.
#[derive(Serialize)]
pub(crate) struct Sent {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    instance: &'static str,
}

impl Kind {
    pub(crate) fn as_sent(&self, example: &Example) -> Sent {
        let Self { r#type, title, status, .. } = *self;
        let Example { detail, reason } = *example;
        Sent { r#type, title, status, detail, reason, instance: "0beb1ec60b3192a1b85d8438" }
    }
}

const fn said(detail: &'static str) -> Example {
    Example { detail, reason: None }
}

const fn because(reason: &'static str, detail: &'static str) -> Example {
    Example { detail, reason: Some(reason) }
}

macro_rules! kinds {
    ($($name:ident = $kind:expr;)*) => {
        $(pub(crate) static $name: Kind = $kind;)*

        /// All of them, in the order in which they are listed.
        pub(crate) static ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    INVALID_DATE = Kind {
        r#type: "/problems/invalid-date",
        status: 400,
        title: "Invalid date",
        meaning: "The date that was asked for is no day of the calendar, or is not written as one.",
        when: "`date` is anything but ten ASCII characters, `YYYY-MM-DD`, that name a day that exists: \
               `2026-2-9`, `20260209` and `2026-02-30` are none.",
        advice: "Correct the request. The same one will never succeed. Dates are the halls' own \
                 (Pacific), so take today's from there and not from the device.",
        examples: &[said("Invalid date format, use YYYY-MM-DD")],
    };
    INVALID_PARAMETER = Kind {
        r#type: "/problems/invalid-parameter",
        status: 400,
        title: "Invalid parameter",
        meaning: "A parameter cannot be taken as it is. `detail` names it and says why.",
        when: "A required parameter is missing, or one is empty, given twice, longer than 64 bytes, \
               not UTF-8, or outside of its range. Parameters that a path does not know are ignored.",
        advice: "Correct the request. The same one will never succeed.",
        examples: &[
            said("Parameter hall_id is missing"),
            said("Parameter page_size is no number from 1 to 100"),
        ],
    };
    UNKNOWN_HALL = Kind {
        r#type: "/problems/unknown-hall",
        status: 404,
        title: "Unknown hall",
        meaning: "No hall has that id.",
        when: "`hall_id` is none of the ids that `/api/v2/halls` lists. They are compared exactly: `HOCH` \
               is no hall, `hoch` is one.",
        advice: "Take the ids from `/api/v2/halls`. Halls come and go rarely; a list of your own may be \
                 out of date.",
        examples: &[said("Unknown hall_id: nowhere")],
    };
    NO_MENU = Kind {
        r#type: "/problems/no-menu",
        status: 404,
        title: "No menu",
        meaning: "There is no such menu. That is an answer, not a failure; `reason` says why.",
        when: "`closed`: the hall is shut that day. `not_posted`: the vendor says nothing of that day \
               (yet). `meal_not_served`: the day is posted without this meal. `out_of_range`: vendors are \
               not asked for that day, and nothing of it was ever saved.",
        advice: "Show it as what it is. `not_posted` may well change, the others seldom do: ask again when \
                 `max-age` has passed.",
        examples: &[
            because("closed", "No menu found for hoch on 2026-12-25 for lunch"),
            because("not_posted", "No menu found for frary on 2026-02-20 for dinner"),
            because("meal_not_served", "No menu found for hoch on 2026-02-09 for brunch"),
            because("out_of_range", "No menu found for hoch on 2020-02-09 for lunch"),
        ],
    };
    UNAVAILABLE = Kind {
        r#type: "/problems/unavailable",
        status: 503,
        title: "Temporarily unavailable",
        meaning: "What was asked for exists, or may exist, but cannot be had at the moment.",
        when: "For a menu, with `reason` `vendor_error`: the vendor's site could not be read and there is no \
               copy that is good enough. Without a `reason`: our own stores do not answer.",
        advice: "Wait as long as `retry-after` says and ask again. Meanwhile show what you have, and when \
                 it was read. Never show it as no menu.",
        examples: &[
            because("vendor_error", "Menu temporarily unavailable"),
            said("Temporarily unavailable"),
        ],
    };
    PENDING = Kind {
        r#type: "/problems/pending",
        status: 503,
        title: "Not ready yet",
        meaning: "The vendor is being read for you; it takes longer than an answer may wait.",
        when: "The first request for a menu of which there is no copy, while its vendor is slow.",
        advice: "Ask again after a second, as `retry-after` says. The read goes on without you.",
        examples: &[because("pending", "Menu is being fetched, try again")],
    };
    OVERLOADED = Kind {
        r#type: "/problems/overloaded",
        status: 503,
        title: "Overloaded",
        meaning: "More requests wait for something that is being fetched, or more connections are open, than \
                  the service has room for.",
        when: "When very many ask at once for what nobody has asked for lately; what is in the cache is \
               answered meanwhile. Or when your address, or all together, hold too many connections: then the \
               new one is closed.",
        advice: "Ask again after a second or two, as `retry-after` says, and not all at once.",
        examples: &[said("Too many are waiting, try again")],
    };
    TOO_MANY_REQUESTS = Kind {
        r#type: "/problems/too-many-requests",
        status: 429,
        title: "Too many requests",
        meaning: "Your address has asked for more than one address may in a while; of IPv6 the first 64 bits \
                  count. `ratelimit` says of which policy nothing is left, `ratelimit-policy` how much it gives.",
        when: "`requests` counts all of them, `misses` those that make us read a vendor, `queries` those that \
               only the database can answer, such as a search. What was refused is not counted.",
        advice: "Wait as long as `retry-after` says. Before that it is no use to ask; `ratelimit` warns you \
                 when less than half is left. Keep answers for as long as `max-age` says.",
        examples: &[
            said("Too many requests from your address, try again later"),
            said("Too many misses from your address, try again later"),
            said("Too many queries from your address, try again later"),
        ],
    };
    URI_TOO_LONG = Kind {
        r#type: "/problems/uri-too-long",
        status: 414,
        title: "URI too long",
        meaning: "No question to this service is that long.",
        when: "Path and query together have more than 2048 bytes. The connection is closed.",
        advice: "Correct the request. The same one will never succeed.",
        examples: &[said("Path and query are longer than 2048 bytes")],
    };
    UNEXPECTED_BODY = Kind {
        r#type: "/problems/unexpected-body",
        status: 400,
        title: "Unexpected body",
        meaning: "A request to this service has nothing to say in a body, so none is read.",
        when: "A `GET` or `HEAD` announces a body with `content-length` or `transfer-encoding`. The connection \
               is closed.",
        advice: "Send the request without a body. Parameters belong into the query.",
        examples: &[said("A request here has no body")],
    };
    UNKNOWN_PATH = Kind {
        r#type: "/problems/unknown-path",
        status: 404,
        title: "Unknown path",
        meaning: "No endpoint has this path.",
        when: "The path is misspelt, or has a part too many. A trailing slash makes no difference.",
        advice: "Compare the path with `/openapi.json`.",
        examples: &[said("There is nothing at this path")],
    };
    METHOD_NOT_ALLOWED = Kind {
        r#type: "/problems/method-not-allowed",
        status: 405,
        title: "Method not allowed",
        meaning: "This is a service to read from; there is nothing to write to.",
        when: "The method is none of those that `allow` lists.",
        advice: "Use `GET`, or `HEAD` for the headers alone.",
        examples: &[said("Only GET, HEAD and OPTIONS are answered here")],
    };
    INTERNAL = Kind {
        r#type: "/problems/internal",
        status: 500,
        title: "Internal error",
        meaning: "Something went wrong on our side that we did not foresee.",
        when: "Never, we hope.",
        advice: "Ask again later. If it stays, report it with the request id (`instance`): the cause is in \
                 our log under that id.",
        examples: &[said("Something went wrong on our side")],
    };
}
