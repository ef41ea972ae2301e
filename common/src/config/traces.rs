//! Where spans go, if anywhere: by the variables that OpenTelemetry has for it.

use std::{fmt, time::Duration};

use percent_encoding::percent_decode_str;
use url::Url;

use super::{Secret, SecretUrl, Vars};
use crate::traces::Sampler;

/// The one form that is spoken.
const PROTOCOL: &str = "http/json";

/// The collector, and what it is told.
#[derive(Clone)]
pub struct TraceSettings {
    /// Where it takes traces; `None` = no span is made.
    pub endpoint: Option<SecretUrl>,
    /// What it wants to be shown.
    pub headers: Vec<(String, Secret)>,
    /// For one request.
    pub timeout: Duration,
    /// How long spans are gathered for one request.
    pub delay: Duration,
    /// What the program calls itself; `None` = by its own name.
    pub service: Option<String>,
    /// Which traces are told.
    pub sampler: Sampler,
}

impl TraceSettings {
    /// Reads the section.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        const MS: Duration = Duration::from_millis(1);
        let endpoint = vars.optional_url(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &["http", "https"],
            "a collector that spans are sent to; unset: none are made",
        );
        let protocol = vars.parsed_or(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            PROTOCOL.to_owned(),
            "how; there is no other",
        );
        if protocol != PROTOCOL {
            vars.problem(format!(
                "OTEL_EXPORTER_OTLP_PROTOCOL: must be {PROTOCOL} (is: {protocol:?})"
            ));
        }
        Self {
            endpoint: endpoint.map(for_traces),
            headers: headers(vars),
            timeout: vars.duration_or(
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                MS,
                10_000,
                10..=60_000,
                "for one request to the collector, in ms",
            ),
            delay: vars.duration_or(
                "OTEL_BSP_SCHEDULE_DELAY",
                MS,
                5_000,
                1..=60_000,
                "how long spans are gathered for one request, in ms",
            ),
            service: vars.optional(
                "OTEL_SERVICE_NAME",
                "what the program calls itself; unset: 5c-menus-api, 5c-menus-worker",
            ),
            sampler: sampler(vars),
        }
    }
}

/// As the standard has it: what is named is the collector, and traces have their path there.
fn for_traces(endpoint: SecretUrl) -> SecretUrl {
    let Ok(mut url) = Url::parse(endpoint.reveal()) else { return endpoint };
    url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
    SecretUrl(url.into())
}

/// `name=value,name=value`, values percent-encoded where need be. What is wrong is not repeated.
fn headers(vars: &mut Vars<'_>) -> Vec<(String, Secret)> {
    let name = "OTEL_EXPORTER_OTLP_HEADERS";
    let Some(text) = vars.optional(name, "headers for the collector: name=value,name=value") else {
        return Vec::new();
    };
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let headers: Option<Vec<_>> = pairs.map(header).collect();
    if headers.is_none() {
        vars.problem(format!("{name}: must be name=value, comma-separated"));
    }
    headers.unwrap_or_default()
}

fn header(pair: &str) -> Option<(String, Secret)> {
    let (name, value) = pair.split_once('=')?;
    let (name, value) = (name.trim(), percent_decode_str(value.trim()).decode_utf8().ok()?);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = !name.is_empty()
        && name.bytes().all(is_name)
        && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    fits.then(|| (name.to_ascii_lowercase(), Secret::new(value.into_owned())))
}

fn sampler(vars: &mut Vars<'_>) -> Sampler {
    let all = "parentbased_always_on";
    let name = vars.parsed_or(
        "OTEL_TRACES_SAMPLER",
        all.to_owned(),
        "which traces are sent, by OpenTelemetry's names of samplers",
    );
    let share = vars.parsed_or(
        "OTEL_TRACES_SAMPLER_ARG",
        1.0,
        "of samplers by traceidratio: the share, 0 to 1",
    );
    if !(0.0..=1.0).contains(&share) {
        vars.problem(format!("OTEL_TRACES_SAMPLER_ARG: must be 0 to 1 (is: {share})"));
    }
    let sampler = Sampler::named(&name, share);
    if sampler.is_none() {
        let names = Sampler::NAMES.join(", ");
        vars.problem(format!("OTEL_TRACES_SAMPLER: must be one of {names} (is: {name:?})"));
    }
    sampler.unwrap_or(Sampler::ALL)
}

/// Of the address and the headers nothing but that there are some.
impl fmt::Debug for TraceSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSettings")
            .field("endpoint", &self.endpoint.is_some())
            .field("headers", &self.headers.len())
            .field("sampler", &self.sampler)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Problems;

    fn read(set: &[(&str, &str)]) -> Result<TraceSettings, Problems> {
        let get = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut vars = Vars::new(&get);
        let settings = TraceSettings::read(&mut vars);
        vars.finish(settings)
    }

    #[test]
    fn traces_have_their_path_at_the_collector() {
        for (endpoint, url) in [
            ("http://collector:4318", "http://collector:4318/v1/traces"),
            ("http://collector:4318/", "http://collector:4318/v1/traces"),
            ("https://u:p@host/otlp/", "https://u:p@host/otlp/v1/traces"),
        ] {
            let settings = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]).unwrap();
            assert_eq!(settings.endpoint.unwrap().reveal(), url);
        }
        assert!(read(&[]).unwrap().endpoint.is_none());
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let said = " Authorization=Bearer%20SECRET , x-team = menus,";
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", said),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://SECRET:SECRET@host/SECRET"),
        ])
        .unwrap();
        let plain: Vec<_> =
            settings.headers.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        assert_eq!(plain, [("authorization", "Bearer SECRET"), ("x-team", "menus")]);
        assert!(!format!("{settings:?}").contains("SECRET"));
    }

    #[test]
    fn what_is_wrong_is_named_and_secrets_are_not_repeated() {
        let Problems(lines) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://SECRET@host"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "SECRET"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
            ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
            ("OTEL_TRACES_SAMPLER", "some"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ])
        .unwrap_err();
        assert_eq!(lines.len(), 7, "{lines:?}");
        assert!(!lines.join("").contains("SECRET"), "{lines:?}");
        for header in ["=x", "a b=c", "a=%ff", "a=%0d%0ab: c", "a"] {
            assert!(read(&[("OTEL_EXPORTER_OTLP_HEADERS", header)]).is_err(), "{header}");
        }
    }
}
