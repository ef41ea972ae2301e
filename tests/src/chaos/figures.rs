//! What a run gave, and whether it is as it should be.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{Seen, Stack};

/// See the top of the file.
#[derive(Debug, Default)]
pub struct Figures {
    seed: u64,
    time: Duration,
    /// What was broken.
    pub(super) faults: Vec<String>,
    calm: Seen,
    stormy: Seen,
    /// Reads of vendors a second while nothing was broken, and reads in all while something was.
    calm_reads: f64,
    reads: usize,
    /// In the end.
    pub(super) fresh_after: Option<Duration>,
    /// Files and KiB of memory of each api, after each half.
    before: Vec<(usize, usize)>,
    after: Vec<(usize, usize)>,
}

/// For connections that nobody uses to be closed.
const IDLE: Duration = Duration::from_secs(3);
/// More memory than this is growth, in KiB beside the tenth that is allowed: what an allocator keeps.
const SLACK: usize = 16 * 1024;

impl Figures {
    pub(super) fn new(seed: u64, time: Duration) -> Self {
        Self { seed, time, ..Self::default() }
    }

    pub(super) fn calm(&mut self, seen: Seen, time: Duration, reads: usize) {
        self.calm_reads = reads as f64 / time.as_secs_f64();
        self.calm = seen;
    }

    pub(super) fn stormy(&mut self, seen: Seen, reads: usize) {
        self.stormy.0.extend(seen.0);
        self.reads += reads;
    }

    /// What the apis hold after each half, once the visitors' connections are closed.
    pub(super) async fn held(&mut self, half: usize, stack: &Stack) {
        tokio::time::sleep(IDLE).await;
        let held = stack.apis.iter().map(|api| (api.files(), api.memory())).collect();
        if half == 0 {
            self.before = held;
        } else {
            self.after = held;
        }
    }

    /// What vendors may be asked: twice what is needed without faults, and once more a fault.
    fn allowed(&self) -> usize {
        (self.calm_reads * self.time.as_secs_f64() * 2.0) as usize + self.faults.len()
    }

    /// Asserts that it is as it should be.
    ///
    /// # Panics
    /// When it is not.
    pub fn hold(&self) {
        self.calm.lawful();
        self.stormy.lawful();
        assert!(self.fresh_after.is_some(), "not every key is fresh in the end");
        assert!(self.reads <= self.allowed(), "{} reads, {} allowed", self.reads, self.allowed());
        for ((files, memory), (files_after, memory_after)) in self.before.iter().zip(&self.after) {
            assert!(*files_after <= files + files / 10 + 5, "{files} files, then {files_after}");
            assert!(*memory_after <= memory + memory / 10 + SLACK, "{memory} KiB, {memory_after}");
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        self.faults.iter().for_each(|fault| *kinds.entry(fault).or_default() += 1);
        let wrong: Vec<_> = self.stormy.0.iter().filter_map(|one| one.wrong.as_ref()).collect();
        let stale = self.stormy.0.iter().filter(|sample| sample.stale).count();
        writeln!(
            to,
            "seed {}, {:?}, {} faults: {kinds:?}",
            self.seed,
            self.time,
            self.faults.len()
        )?;
        writeln!(to, "requests            {}", self.stormy.0.len())?;
        writeln!(to, "statuses            {:?}, stale {stale}", self.stormy.statuses())?;
        writeln!(to, "from                {:?}", self.stormy.places())?;
        writeln!(to, "violations of law G {}", wrong.len())?;
        for one in wrong.iter().take(10) {
            writeln!(to, "    {}", one.chars().take(300).collect::<String>())?;
        }
        let (p99, slowest) = (self.stormy.p99(), self.stormy.slowest());
        writeln!(
            to,
            "p99, slowest        {p99:?}, {slowest:?}; without faults {:?}",
            self.calm.p99()
        )?;
        writeln!(to, "vendor reads        {}, allowed {}", self.reads, self.allowed())?;
        writeln!(to, "all keys fresh      {:?} after the last fault", self.fresh_after)?;
        write!(to, "files, KiB an api   {:?}, then {:?}", self.before, self.after)
    }
}
