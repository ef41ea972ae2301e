//! What labels can say: every word of each. What is on no list counts as its last.

/// Routes as they are registered; pages of the documentation count as one, and so does the status in
/// both its forms; unknown paths are `other`.
pub const ROUTES: &[&str] = &[
    "/api/v2/menus",
    "/api/v2/menus/day",
    "/api/v2/menus/week",
    "/api/v2/open-now",
    "/api/v2/halls",
    "/api/v2/halls/{hall_id}/menus",
    "/api/v2/items",
    "/api/v2/labels",
    "/api/v2/stats/dashboard",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/problems",
    "/status",
    "other",
];
pub(super) const METHODS: &[&str] = &["GET", "HEAD", "OPTIONS", "other"];
pub(super) const STATUSES: &[&str] = &["2xx", "3xx", "4xx", "5xx", "other"];
pub(super) const RESULTS: &[&str] =
    &["hit", "stored", "copy", "postgres", "live", "no_menu", "pending", "refused", "unavailable"];
pub(super) const REFUSALS: &[&str] =
    &["requests", "misses", "queries", "waiters", "flights", "uri", "body"];
pub(super) const STORES: &[&str] = &["postgres", "redis"];
pub(super) const LISTENERS: &[&str] = &["api", "metrics"];
pub(super) const VENDORS: &[&str] = &["bon_appetit", "pomona", "sodexo"];
/// `ok`, or [`crate::vendors::VendorError::class`].
pub(super) const READS: &[&str] = &[
    "ok",
    "timeout",
    "connect",
    "refused",
    "throttled",
    "redirect",
    "status_4xx",
    "status_5xx",
    "too_large",
    "broken",
    "unsent",
    "paused",
    "quiet",
    "open",
    "parse",
    "wrong_day",
    "panic",
    "no_key",
    "other",
];
pub(super) const OUTCOMES: &[&str] =
    &["known", "restored", "live", "snapshot", "unavailable", "refused", "failed"];
pub(super) const REASONS: &[&str] = &["miss", "prewarm", "refresh", "manual"];
pub(super) const ACTIONS: &[&str] = &[
    "refetch",
    "drop-entry",
    "pause-vendor",
    "resume-vendor",
    "retry-job",
    "delete-job",
    "add-override",
    "delete-override",
];
pub(super) const ENDS: &[&str] = &["held", "agreed"];
pub(super) const VERDICTS: &[&str] = &["ok", "watch", "drift"];
pub(super) const STATES: &[&str] = &["pending", "running", "scheduled", "dead"];
