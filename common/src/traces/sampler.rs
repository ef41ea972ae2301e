//! Which traces are told to the collector, by the rules and names of OpenTelemetry.

/// Follows a parent's word or not, and of all others tells a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// What the caller decided counts.
    parent_based: bool,
    /// Of traces that begin here, or of all.
    share: f64,
}

impl Sampler {
    /// Every name that there is.
    pub const NAMES: [&str; 6] = [
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
        "always_on",
        "always_off",
        "traceidratio",
    ];

    /// What holds where nothing else is said.
    pub const ALL: Self = Self { parent_based: true, share: 1.0 };

    /// By its name; `share` counts for the two that tell a share.
    #[must_use]
    pub fn named(name: &str, share: f64) -> Option<Self> {
        let kind = name.strip_prefix("parentbased_");
        let share = match kind.unwrap_or(name) {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => share,
            _ => return None,
        };
        Some(Self { parent_based: kind.is_some(), share })
    }

    /// The share is decided by the trace's number, as every SDK does it: so all programs that a trace
    /// goes through decide alike.
    pub(super) fn samples(self, trace: u128, parent: Option<bool>) -> bool {
        match parent {
            Some(sampled) if self.parent_based => sampled,
            _ if self.share >= 1.0 => true,
            _ => {
                #[expect(clippy::cast_possible_truncation, reason = "the low half is what counts")]
                let low = (trace as u64) >> 1;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a share of 2^63, to the nearest that there is"
                )]
                let bound = (self.share * (1_u64 << 63) as f64) as u64;
                low < bound
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_decides_as_its_name_says() {
        let trace = 7_u128 << 62;
        for (name, root, told, not_told) in [
            ("parentbased_always_on", true, true, false),
            ("parentbased_always_off", false, true, false),
            ("parentbased_traceidratio", false, true, false),
            ("always_on", true, true, true),
            ("always_off", false, false, false),
            ("traceidratio", false, false, false),
        ] {
            assert!(Sampler::NAMES.contains(&name));
            let sampler = Sampler::named(name, 0.1).unwrap();
            let decided = [None, Some(true), Some(false)].map(|word| sampler.samples(trace, word));
            assert_eq!(decided, [root, told, not_told], "{name}");
        }
        assert_eq!(Sampler::named("jaeger_remote", 1.0), None);
        assert_eq!(Sampler::named("parentbased_", 1.0), None);
    }

    #[test]
    fn a_share_is_a_share() {
        for share in [0.0, 0.01, 0.5, 1.0] {
            let sampler = Sampler::named("traceidratio", share).unwrap();
            let mut dice = fastrand::Rng::with_seed(7);
            let told = (0..20_000).filter(|_| sampler.samples(dice.u128(..), None)).count();
            let off = (f64::from(u32::try_from(told).unwrap()) / 20_000.0 - share).abs();
            assert!(off < 0.02, "{share}: {told}");
        }
    }
}
