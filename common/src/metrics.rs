//! Every metric of both programs: its name, what it says, and every value of its labels. Counting is
//! an addition to an atomic: no lock, no allocation, no map. Who counts what is found by the name.

mod labels;
mod series;

use std::time::Duration;

pub use labels::ROUTES;
use labels::{
    ACTIONS, ENDS, LISTENERS, METHODS, OUTCOMES, READS, REASONS, REFUSALS, RESULTS, STATES,
    STATUSES, STORES, VENDORS, VERDICTS,
};
pub use series::{About, Counter, Gauge, Histogram, Label, Metric, render};

use crate::{
    hall::Vendor,
    store::FetchRun,
    vendors::{Read, VendorError},
};

/// What an answer in this format says of itself.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

macro_rules! metric {
    ($vis:vis $kind:ident $item:ident, $name:literal, $help:literal $(, $label:literal in $values:expr)*) => {
        #[doc = $help]
        $vis static $item: $kind<{ series::count(&[$(($label, $values)),*]) }> =
            $kind::new(About { name: $name, help: $help, labels: &[$(($label, $values)),*] });
    };
    ($vis:vis sparse $kind:ident $item:ident, $name:literal, $help:literal $(, $label:literal in $values:expr)*) => {
        #[doc = $help]
        $vis static $item: $kind<{ series::count(&[$(($label, $values)),*]) }> =
            $kind::new(About { name: $name, help: $help, labels: &[$(($label, $values)),*] }).sparse();
    };
}

metric!(pub sparse Counter HTTP_REQUESTS, "menus5c_http_requests_total",
    "Requests answered, by route, method and class of the status.",
    "route" in ROUTES, "method" in METHODS, "status" in STATUSES);
metric!(pub Histogram HTTP_DURATION, "menus5c_http_request_duration_seconds",
    "Time from the head of a request to the head of its answer.", "route" in ROUTES);
metric!(pub Counter MENUS, "menus5c_menu_answers_total",
    "Answers of /api/v2/menus to requests that were well-formed, by where they came from or why there was no menu.",
    "result" in RESULTS);
metric!(pub Counter NEAR_CACHE, "menus5c_near_cache_lookups_total",
    "Looks into what the process keeps of the cache, menus and lists.", "result" in &["hit", "miss"]);
metric!(pub Gauge FLIGHTS, "menus5c_flights",
    "Menus that the process is looking for at the moment, each for all requests that want it.");
metric!(pub Gauge WAITERS, "menus5c_waiters",
    "Requests that wait for a menu or a list that is being looked for.");
metric!(pub Counter REQUESTS_REFUSED, "menus5c_requests_refused_total",
    "Requests, and parts of a screen, that were refused before any work was done, by what there was too much of.",
    "reason" in REFUSALS);
metric!(pub Counter PUSHES, "menus5c_pushes_total",
    "Jobs asked for, by what became of that.",
    "result" in &["enqueued", "coalesced", "cached", "healed", "full", "error"]);
metric!(pub Counter WAITS, "menus5c_waits_total",
    "Waits for a job, by what ended them.", "end" in &["ready", "backstop", "budget"]);
metric!(pub Gauge CONNECTIONS, "menus5c_connections_open",
    "Connections that are open.", "listener" in LISTENERS);
metric!(pub Counter CONNECTIONS_REFUSED, "menus5c_connections_refused_total",
    "Connections that were one too many.", "listener" in LISTENERS);
metric!(pub Gauge BREAKER_OPEN, "menus5c_breaker_open",
    "1 while the process takes the store for away and asks it once a second, else 0.", "store" in STORES);
metric!(pub Counter VENDOR_READS, "menus5c_vendor_reads_total",
    "Reads of documents, retries included, by how they ended.", "vendor" in VENDORS, "outcome" in READS);
metric!(pub Histogram VENDOR_DURATION, "menus5c_vendor_read_duration_seconds",
    "Time of reads of documents, from the first request to what the parser says.", "vendor" in VENDORS);
metric!(pub Counter VENDOR_BYTES, "menus5c_vendor_read_bytes_total",
    "Bytes of documents that were read, decoded.", "vendor" in VENDORS);
metric!(pub Counter VENDOR_ITEMS, "menus5c_vendor_items_total",
    "Dishes found in documents.", "vendor" in VENDORS);
metric!(pub Counter VENDOR_SKIPPED, "menus5c_vendor_items_skipped_total",
    "Dishes in documents that could not be read.", "vendor" in VENDORS);
metric!(pub Gauge VENDOR_PAUSED, "menus5c_vendor_paused",
    "1 while somebody at the ops side has paused the vendor, else 0; the same for every worker.",
    "vendor" in VENDORS);
metric!(pub Counter OPS_ACTIONS, "menus5c_ops_actions_total",
    "Actions of the ops side that were put on record, by what came of them.",
    "action" in ACTIONS, "result" in &["done", "refused"]);
metric!(pub Counter SAVES_FAILED, "menus5c_saves_failed_total",
    "Documents that were read and served and could not be saved.");
metric!(pub Counter JOBS, "menus5c_jobs_total",
    "Runs of jobs, by how they ended and why they were asked for.",
    "outcome" in OUTCOMES, "reason" in REASONS);
metric!(pub Counter JOBS_DEAD, "menus5c_jobs_dead_total",
    "Jobs given up for good by this worker.");
metric!(pub Histogram JOB_WAIT, "menus5c_job_wait_seconds",
    "Time from a job's push to its first start, by the clock of Redis.");
metric!(pub Histogram JOB_DURATION, "menus5c_job_duration_seconds",
    "Time of runs of jobs.");
metric!(pub Gauge QUEUE_JOBS, "menus5c_queue_jobs",
    "Jobs in the queue, the same for every worker; dead ones are kept, 500 at most.", "state" in STATES);
metric!(pub Gauge WORKERS, "menus5c_workers_alive",
    "Workers that were heard of in the last 4 s, the same for every worker.");
metric!(pub Counter IMPLAUSIBLE, "menus5c_implausible_days_total",
    "Days in documents that would take most of a good copy away: held back, or believed because the reading before said the same.",
    "vendor" in VENDORS, "end" in ENDS);
metric!(pub Gauge DRIFT, "menus5c_drift_meals",
    "Meals of halls by how they compare with those before them, the same from every worker.",
    "vendor" in VENDORS, "verdict" in VERDICTS);
metric!(pub Counter ALERTS, "menus5c_alerts_total",
    "Tries to tell the webhook of an alert, by how they ended; `untold`: alerts given up while they waited.",
    "result" in &["delivered", "retried", "given_up", "untold"]);
metric!(pub Counter UPKEEP_FAILURES, "menus5c_upkeep_failures_total",
    "What this worker does to the database while nobody waits, and could not do.",
    "task" in &["search", "forget", "warm_up"]);
metric!(pub Counter SPANS, "menus5c_spans_total",
    "Spans for the collector, by what became of them; `dropped`: too many waited.",
    "result" in &["exported", "failed", "dropped"]);
metric!(pub Counter PREWARM_TICKS, "menus5c_prewarm_ticks_total",
    "Times at which meals or the coming days are looked after, by who took them; `failed`: nobody could, so far.",
    "plan" in &["meals", "days"], "result" in &["taken", "other", "failed"]);
metric!(pub Counter PREWARM_DOCUMENTS, "menus5c_prewarm_documents_total",
    "Documents that were looked after before anybody asks, by what became of it; `holds`: there was no need.",
    "result" in &["holds", "enqueued", "coalesced", "cached", "healed", "full", "error"]);
metric!(pub Counter PREWARM_STARTS, "menus5c_prewarm_starts_total",
    "Meals that began, by whether their entry was there and fresh.",
    "entry" in &["warm", "stale", "cold", "no_menu"]);

/// What the api counts.
pub const API: &[&dyn Metric] = &[
    &HTTP_REQUESTS,
    &HTTP_DURATION,
    &MENUS,
    &NEAR_CACHE,
    &FLIGHTS,
    &WAITERS,
    &REQUESTS_REFUSED,
    &PUSHES,
    &WAITS,
    &CONNECTIONS,
    &CONNECTIONS_REFUSED,
    &BREAKER_OPEN,
    &VENDOR_READS,
    &VENDOR_DURATION,
    &VENDOR_BYTES,
    &VENDOR_ITEMS,
    &VENDOR_SKIPPED,
    &SAVES_FAILED,
    &IMPLAUSIBLE,
    &SPANS,
];

/// What the worker counts.
pub const WORKER: &[&dyn Metric] = &[
    &JOBS,
    &JOBS_DEAD,
    &JOB_WAIT,
    &JOB_DURATION,
    &QUEUE_JOBS,
    &WORKERS,
    &VENDOR_PAUSED,
    &OPS_ACTIONS,
    &PREWARM_TICKS,
    &PREWARM_DOCUMENTS,
    &PREWARM_STARTS,
    &BREAKER_OPEN,
    &VENDOR_READS,
    &VENDOR_DURATION,
    &VENDOR_BYTES,
    &VENDOR_ITEMS,
    &VENDOR_SKIPPED,
    &SAVES_FAILED,
    &IMPLAUSIBLE,
    &DRIFT,
    &ALERTS,
    &UPKEEP_FAILURES,
    &SPANS,
];

/// A request was answered. `route` is the route as registered, never the path.
pub fn http_answered(route: Option<&str>, method: &str, status: u16, time: Duration) {
    let route = match route.unwrap_or("other") {
        "/" => "other",
        route => route.strip_suffix('/').unwrap_or(route),
    };
    // Names of pages change with their content; the status is one in either form.
    let page = ["/docs", "/problems", "/status"].into_iter().find(|page| route.starts_with(page));
    let route = page.unwrap_or(route);
    let class = status.checked_div(100).and_then(|class| class.checked_sub(2)).map(usize::from);
    let class = class.and_then(|class| STATUSES.get(class)).copied().unwrap_or("other");
    HTTP_REQUESTS.one(&[route, method, class]);
    HTTP_DURATION.observe(&[route], time);
}

/// A document was read, or could not be.
pub fn vendor_read(vendor: Vendor, read: &Result<Read, VendorError>, time: Duration) {
    let outcome = read.as_ref().map_or_else(VendorError::class, |_| "ok");
    VENDOR_READS.one(&[vendor.as_str(), outcome]);
    VENDOR_DURATION.observe(&[vendor.as_str()], time);
}

/// What was in a document that was read.
pub fn vendor_document(vendor: Vendor, run: &FetchRun) {
    let add = |to: &Counter<3>, count: i32| {
        to.add(&[vendor.as_str()], u64::try_from(count).unwrap_or_default());
    };
    add(&VENDOR_BYTES, run.bytes);
    add(&VENDOR_ITEMS, run.items);
    add(&VENDOR_SKIPPED, run.skipped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_one_kind_and_tell_the_unit() {
        for metric in API.iter().chain(WORKER) {
            let About { name, help, .. } = *metric.about();
            let mut text = String::new();
            metric.write(&mut text);
            let kind = text.lines().nth(1).unwrap().rsplit(' ').next().unwrap();
            assert!(name.starts_with("menus5c_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
            assert_eq!(name.ends_with("_seconds"), kind == "histogram", "{name}");
            assert!(help.ends_with('.') && !help.contains(['\n', '\\']), "{help}");
        }
    }

    #[test]
    fn every_vendor_has_its_series() {
        assert_eq!(Vendor::ALL.map(Vendor::as_str), VENDORS);
    }

    #[test]
    fn what_no_list_names_counts_as_the_last_and_makes_no_series() {
        metric!(Counter PROBE, "menus5c_probe_total", "A probe.",
            "one" in &["a", "b"], "two" in &["x", "other"]);
        PROBE.one(&["b", "x"]);
        for word in 0..1000 {
            PROBE.one(&["a", &word.to_string()]);
        }
        let mut text = String::new();
        PROBE.write(&mut text);
        let expected = "# HELP menus5c_probe_total A probe.\n# TYPE menus5c_probe_total counter\n\
            menus5c_probe_total{one=\"a\",two=\"x\"} 0\n\
            menus5c_probe_total{one=\"a\",two=\"other\"} 1000\n\
            menus5c_probe_total{one=\"b\",two=\"x\"} 1\n\
            menus5c_probe_total{one=\"b\",two=\"other\"} 0\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn times_fall_into_every_bucket_that_is_large_enough() {
        metric!(Histogram PROBE, "menus5c_probe_seconds", "A probe.");
        for millis in [1, 2, 40_000] {
            PROBE.observe(&[], Duration::from_millis(millis));
        }
        let mut text = String::new();
        PROBE.write(&mut text);
        for line in [
            "menus5c_probe_seconds_bucket{le=\"0.00025\"} 0",
            "menus5c_probe_seconds_bucket{le=\"0.001\"} 1",
            "menus5c_probe_seconds_bucket{le=\"0.0025\"} 2",
            "menus5c_probe_seconds_bucket{le=\"30\"} 2",
            "menus5c_probe_seconds_bucket{le=\"+Inf\"} 3",
            "menus5c_probe_seconds_sum 40.003",
            "menus5c_probe_seconds_count 3",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}:\n{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        metric!(Gauge PROBE, "menus5c_probe", "A probe.");
        let lines = || {
            let mut text = String::new();
            PROBE.write(&mut text);
            text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(), [""; 0]);
        PROBE.set(&[], Some(0));
        assert_eq!(lines(), ["menus5c_probe 0"]);
        PROBE.set(&[], None);
        assert_eq!(lines(), [""; 0]);
    }
}
