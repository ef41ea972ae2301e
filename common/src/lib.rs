//! What the api and the worker of 5C Menus must agree on. Which file owns what:
//!
//! | file | owns |
//! |---|---|
//! | [`hall`] | which halls and vendors there are |
//! | [`meal`] | what a meal is called |
//! | [`labels`] | the vocabulary: every tag, and each vendor's words for it |
//! | [`tags`] | what a vendor states of a dish |
//! | [`menu`] | stations and items, and what a vendor can say of a day |
//! | [`hours`] | opening hours, overrides, and who is open when |
//! | [`entry`] | the key of a menu and what a key holds, as JSON |
//! | [`vendors`] | documents: addresses, HTTP, one parser a vendor |
//! | [`breaker`] | a store that is away is not asked by everybody |
//! | [`mod@link`] | the connection to Redis, behind its breaker |
//! | [`cache`] | entries in Redis, who is told, the names of all keys |
//! | [`queue`] | the job and how it is pushed |
//! | [`mod@line`] | a Redis channel that is followed through every gap |
//! | [`prewarm`] | what workers know together of pre-warming |
//! | [`lease`] | who may read a document |
//! | [`changes`] | how a menu changed from one reading to the next |
//! | [`alerts`] | what operators are told |
//! | [`drift`] | whether a menu looks like those before it |
//! | [`store`] | SQL |
//! | [`stats`] | what the statistics dashboard shows |
//! | [`status`] | how things stand, for the status page |
//! | [`refresh`] | the one way to make a menu |
//! | [`metrics`] | every metric |
//! | [`config`] | the environment |
//! | [`recipient`] | who is told something as JSON: a collector, a webhook |
//! | [`program`] | arguments, signals, health checks |
//! | [`telemetry`] | logs and the ready line |
//! | [`traces`] | spans to a collector, and the `traceparent` that goes with a job |

pub mod alerts;
pub mod breaker;
pub mod cache;
pub mod changes;
pub mod config;
pub mod drift;
pub mod entry;
pub mod hall;
pub mod hours;
pub mod labels;
pub mod lease;
pub mod line;
pub mod link;
pub mod meal;
pub mod menu;
pub mod metrics;
pub mod prewarm;
pub mod program;
pub mod queue;
pub mod readiness;
pub mod recipient;
pub mod refresh;
pub mod stats;
pub mod status;
pub mod store;
pub mod tags;
pub mod telemetry;
pub mod traces;
pub mod vendors;
