//! What the running programs cost, one subject at a time: `hits`, `misses`, `growth`, `start`, `plans`;
//! and `render`, which writes what was measured into `docs/performance.md`. `scripts/bench.sh` starts it.
//!
//! Whatever is compared is measured in one run, in turns, because the machine is noisy. The servers
//! to compare with are this program under another name (`roles`), nginx and Varnish (`proxies`).

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints its figures, and ends where it cannot have them"
)]

mod caller;
mod crowd;
mod field;
mod growth;
mod hits;
mod misses;
mod numbers;
mod plans;
mod plots;
mod proxies;
mod render;
mod report;
mod roles;
mod settings;
mod start;
mod taken;
mod wrk;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if let Some(role) = settings::given(roles::ROLE) {
        return runtime.block_on(roles::play(&role));
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let subject = words.first().map_or("", String::as_str);
    runtime.block_on(async {
        match subject {
            "hits" => hits::measure().await.keep("hits"),
            "misses" => misses::measure().await.keep("misses"),
            "growth" => growth::measure().await.keep("growth"),
            "start" => start::measure().await.keep("start"),
            "plans" => plans::measure().await.keep("plans"),
            "render" => render::all(),
            other => panic!("no subject {other:?}: hits, misses, growth, start, plans, render"),
        }
    });
}
