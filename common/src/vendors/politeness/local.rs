//! What one process knows of a site, for when it has nobody to agree with.

use std::time::Duration;

use tokio::time::Instant;

use super::{Ended, OPENS_AFTER, Rules, Word};

/// One site. How many requests are open at once is kept where turns are handed out.
#[derive(Debug, Default)]
pub(super) struct Local {
    quiet_until: Option<Instant>,
    next_start: Option<Instant>,
    failures: u32,
    next_probe: Option<Instant>,
}

impl Local {
    pub(super) fn quiet(&self, now: Instant) -> Option<Duration> {
        left(self.quiet_until, now)
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        left(self.next_start, now).is_none()
    }

    pub(super) fn ask(&self, now: Instant) -> Word {
        let is_open = self.failures >= OPENS_AFTER;
        if let Some(left) = self.quiet(now) {
            return Word::Quiet(left);
        }
        if let Some(left) = left(self.next_probe, now).filter(|_| is_open) {
            return Word::Open(left);
        }
        left(self.next_start, now).map_or(Word::Go, Word::Wait)
    }

    /// A request starts. While the site fails, it is the probe.
    pub(super) fn go(&mut self, now: Instant, gap: Duration, rules: &Rules) {
        self.next_start = Some(now + gap);
        if self.failures >= OPENS_AFTER {
            self.next_probe = Some(now + rules.probe_every);
        }
    }

    /// How many failures in a row it was before an answer, or are with this failure.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        ended: Ended,
        quiet: Option<Duration>,
        rules: &Rules,
    ) -> u32 {
        self.quiet_until = self.quiet_until.max(quiet.map(|quiet| now + quiet));
        if ended == Ended::Answered {
            return std::mem::take(&mut self.failures);
        }
        self.failures = self.failures.saturating_add(1);
        self.next_probe = Some(now + rules.probe_every);
        self.failures
    }
}

fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    until?.checked_duration_since(now).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        at_once: 2,
        spacing: Duration::from_millis(250),
        probe_every: Duration::from_secs(30),
        hold: Duration::from_secs(10),
    };

    #[test]
    fn three_failures_in_a_row_leave_one_probe_in_each_half_minute() {
        let (start, mut local) = (Instant::now(), Local::default());
        let fail = |local: &mut Local, at| local.tell(at, Ended::Failed, None, &RULES);
        assert_eq!((fail(&mut local, start), fail(&mut local, start)), (1, 2));
        assert_eq!(local.tell(start, Ended::Answered, None, &RULES), 2, "in a row, or not at all");
        assert_eq!((fail(&mut local, start), fail(&mut local, start)), (1, 2), "from nought");
        assert_eq!(local.ask(start), Word::Go);
        assert_eq!(fail(&mut local, start), 3);
        assert_eq!(local.ask(start), Word::Open(RULES.probe_every));
        let later = start + RULES.probe_every;
        assert_eq!(local.ask(later), Word::Go, "the probe");
        local.go(later, Duration::ZERO, &RULES);
        assert_eq!(local.ask(later), Word::Open(RULES.probe_every), "one of them only");
        assert_eq!(local.tell(later, Ended::Answered, None, &RULES), 3);
        assert_eq!(local.ask(later), Word::Go, "closed");
    }

    #[test]
    fn a_wish_for_quiet_is_never_cut_short_by_a_shorter_one() {
        let (start, mut local) = (Instant::now(), Local::default());
        let seconds = Duration::from_secs;
        local.tell(start, Ended::Answered, Some(seconds(7)), &RULES);
        local.tell(start, Ended::Failed, Some(seconds(2)), &RULES);
        local.tell(start, Ended::Answered, None, &RULES);
        assert_eq!(local.ask(start + seconds(6)), Word::Quiet(seconds(1)));
        assert_eq!(local.ask(start + seconds(7)), Word::Go);
    }

    #[test]
    fn requests_are_some_time_apart() {
        let (start, mut local) = (Instant::now(), Local::default());
        local.go(start, RULES.spacing, &RULES);
        assert_eq!(local.ask(start), Word::Wait(RULES.spacing));
        assert_eq!(local.ask(start + RULES.spacing), Word::Go);
        assert!((0..1000).all(|_| RULES.gap() >= RULES.spacing));
    }
}
