//! The ways in which a vendor can be ill, and for which documents it is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::document::Scope;

/// One way of answering. Delays add to it: see [`Fault::Delay`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The document, in good health.
    Ok,
    /// The document (or another fault's answer) after this time.
    Delay(Duration),
    /// The request is read and never answered.
    Hang,
    /// The connection is reset before an answer.
    Reset,
    /// This status, with `Retry-After` in seconds if given.
    Status(u16, Option<u64>),
    /// Half of the body, then the end, though the head tells of the whole.
    CutBody,
    /// Two lengths that contradict each other.
    BadLength,
    /// Bytes that are no text.
    Garbage,
    /// The right envelope without what a reader needs.
    BadLayout,
    /// What a reader needs, of the wrong type.
    BadType,
    /// Every tenth dish of Sodexo's without its name; documents of others as they are.
    Nameless,
    /// 200 without a byte.
    Empty,
    /// 200 with a page to log in.
    LoginPage,
    /// The vendor has nothing for the day (`[]`, no meals, no records).
    NotPosted,
    /// The next day's document.
    WrongDay,
    /// Today's document, whatever the day that is asked for.
    Today,
    /// A body that never ends.
    Endless,
    /// A small body that unpacks to this many MiB.
    GzipBomb(u64),
    /// A body of this many MiB.
    Huge(u64),
    /// A redirect to this address.
    Redirect(String),
    /// A redirect to the same address.
    RedirectLoop,
    /// The body, one byte at a time with this time between.
    Drip(Duration),
    /// The document under a header of this many KiB.
    HugeHeader(usize),
    /// The head, one byte at a time with this time between.
    SlowHead(Duration),
    /// In good health and 500, alternately.
    Flapping,
}

/// Mode, what its value is, and what it does; `parse` and the help text go by it.
pub(crate) const MODES: [(&str, &str, &str); 25] = [
    ("ok", "", "healthy and at once, whatever was said before"),
    ("delay", "ms", "every answer of the scope that much later; adds to any other mode"),
    ("hang", "", "read the request, never answer"),
    ("reset", "", "reset the connection before an answer"),
    ("status", "code", "that status; \"retry_after\": seconds adds the header"),
    ("cutbody", "", "half of the body, then close"),
    ("badlen", "", "two contradicting content-length headers"),
    ("garbage", "", "200 with binary bytes"),
    ("badlayout", "", "a valid envelope without what a reader needs"),
    ("badtype", "", "what a reader needs, of the wrong type"),
    ("nameless", "", "every tenth dish of Sodexo's without its name"),
    ("empty", "", "200 without a byte"),
    ("login", "", "200 with an HTML login page"),
    ("not_posted", "", "nothing for the day"),
    ("wrongday", "", "the next day's document"),
    ("today", "", "today's document, whatever the day"),
    ("endless", "", "a body that never ends"),
    ("gzipbomb", "MiB", "unpacks to that size"),
    ("huge", "MiB", "a body of that size"),
    ("redirect", "URL", "302 to that address"),
    ("loop", "", "302 to the same address"),
    ("drip", "ms", "one byte of the body in that time"),
    ("hugeheader", "KiB", "a header of that size"),
    ("slowhead", "ms", "one byte of the head in that time"),
    ("flapping", "", "ok and 500, alternately"),
];

impl Fault {
    /// The fault of this mode; `value` and `retry_after` as in the control calls.
    ///
    /// # Errors
    /// Says which mode or value is wrong.
    pub fn parse(mode: &str, value: &Value, retry_after: Option<u64>) -> Result<Self, String> {
        let number = || {
            let digits = || value.as_str().and_then(|text| text.parse().ok());
            value
                .as_u64()
                .or_else(digits)
                .ok_or_else(|| format!("mode {mode:?} needs a whole number as \"value\""))
        };
        let ms = || number().map(Duration::from_millis);
        Ok(match mode {
            "ok" => Self::Ok,
            "delay" | "slow" => Self::Delay(ms()?),
            "hang" => Self::Hang,
            "reset" | "refuse" => Self::Reset,
            "status" => {
                let code = u16::try_from(number()?).ok().filter(|code| (200..600).contains(code));
                Self::Status(code.ok_or("a status is a number from 200 to 599")?, retry_after)
            }
            "cutbody" | "truncated" => Self::CutBody,
            "badlen" => Self::BadLength,
            "garbage" => Self::Garbage,
            "badlayout" => Self::BadLayout,
            "badtype" => Self::BadType,
            "nameless" => Self::Nameless,
            "empty" => Self::Empty,
            "login" | "html" => Self::LoginPage,
            "not_posted" | "[]" => Self::NotPosted,
            "wrongday" => Self::WrongDay,
            "today" => Self::Today,
            "endless" => Self::Endless,
            "gzipbomb" => Self::GzipBomb(number()?),
            "huge" => Self::Huge(number()?),
            "redirect" => Self::Redirect(
                value.as_str().ok_or("mode \"redirect\" needs an address as \"value\"")?.to_owned(),
            ),
            "loop" => Self::RedirectLoop,
            "drip" => Self::Drip(ms()?),
            "hugeheader" => Self::HugeHeader(usize::try_from(number()?).unwrap_or(usize::MAX)),
            "slowhead" => Self::SlowHead(ms()?),
            "flapping" => Self::Flapping,
            _ => {
                let modes: Vec<&str> = MODES.iter().map(|(mode, ..)| *mode).collect();
                return Err(format!("unknown mode {mode:?}: use {}", modes.join(", ")));
            }
        })
    }
}

#[derive(Debug)]
struct Rule {
    scope: Scope,
    fault: Fault,
    left: Option<usize>,
    used: usize,
}

/// What was said of which scope; the latest word that matches counts.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    answers: Mutex<Vec<Rule>>,
    delays: Mutex<Vec<Rule>>,
}

impl Faults {
    pub(crate) fn add(&self, scope: Scope, fault: Fault, times: Option<usize>) {
        if fault == Fault::Ok {
            let at_once = Fault::Delay(Duration::ZERO);
            lock(&self.delays).push(Rule {
                scope: scope.clone(),
                fault: at_once,
                left: times,
                used: 0,
            });
        }
        let list = if matches!(fault, Fault::Delay(_)) { &self.delays } else { &self.answers };
        lock(list).push(Rule { scope, fault, left: times, used: 0 });
    }

    pub(crate) fn heal(&self) {
        lock(&self.answers).clear();
        lock(&self.delays).clear();
    }

    /// How this read is answered, and how much later.
    pub(crate) fn decide(&self, document: &str) -> (Duration, Fault) {
        let delay = match take(&self.delays, document) {
            Some((Fault::Delay(time), _)) => time,
            _ => Duration::ZERO,
        };
        let fault = match take(&self.answers, document) {
            Some((Fault::Flapping, used)) if used % 2 == 0 => Fault::Ok,
            Some((Fault::Flapping, _)) => Fault::Status(500, None),
            Some((fault, _)) => fault,
            None => Fault::Ok,
        };
        (delay, fault)
    }
}

/// The latest rule that matches, and how often it was used before. A rule's last use removes it.
fn take(list: &Mutex<Vec<Rule>>, document: &str) -> Option<(Fault, usize)> {
    let mut rules = lock(list);
    rules.retain(|rule| rule.left != Some(0));
    let rule = rules.iter_mut().rev().find(|rule| rule.scope.holds(document))?;
    let used = rule.used;
    rule.used += 1;
    rule.left = rule.left.map(|left| left.saturating_sub(1));
    Some((rule.fault.clone(), used))
}

fn lock(list: &Mutex<Vec<Rule>>) -> MutexGuard<'_, Vec<Rule>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_word_counts_for_its_times_and_then_the_one_before() {
        let faults = Faults::default();
        faults.add(Scope::All, Fault::Hang, None);
        faults.add(Scope::parse("pomona:frary").unwrap(), Fault::Status(503, Some(7)), Some(2));
        faults.add(Scope::All, Fault::Delay(Duration::from_millis(5)), None);
        let frary = || faults.decide("pomona:frary");
        assert_eq!(frary(), (Duration::from_millis(5), Fault::Status(503, Some(7))));
        assert_eq!(faults.decide("pomona:frank").1, Fault::Hang);
        assert_eq!(frary().1, Fault::Status(503, Some(7)));
        assert_eq!(frary().1, Fault::Hang);
        faults.add(Scope::All, Fault::Ok, None);
        assert_eq!(frary(), (Duration::ZERO, Fault::Ok));
        faults.heal();
        assert_eq!(frary(), (Duration::ZERO, Fault::Ok));
    }

    #[test]
    fn every_listed_mode_is_understood_and_no_other() {
        for (mode, value, _) in MODES {
            let value = if value == "URL" { "http://x/".into() } else { Value::from(200) };
            assert!(Fault::parse(mode, &value, None).is_ok(), "{mode}");
        }
        assert!(Fault::parse("sulk", &Value::Null, None).unwrap_err().contains("unknown mode"));
        assert!(Fault::parse("delay", &Value::Null, None).unwrap_err().contains("whole number"));
        assert!(Fault::parse("status", &Value::from(20), None).is_err());
    }
}
