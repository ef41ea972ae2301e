//! Over a year of data no query that somebody waits for reads a table from end to end, unless all of it
//! fits into a few pages and stays so. Every query of the programs is looked at.

use tests::{Stack, a_year, questions, scans};

/// Tables of the halls, of what is known of each, and of the last days: some dozens of rows, ever.
const SMALL: [&str; 6] = [
    "halls",
    "dining_hours",
    "dining_hours_overrides",
    "drift_states",
    "menu_suspects",
    "menu_verdicts",
];

/// What may read more: nobody waits for it, and it is done once a minute or once an hour.
const UPKEEP: [&str; 5] = [
    "`store/alerts.rs` `give_up_alerts`",
    "`store/audit.rs` `forget_audit_before`",
    "`store/drift.rs` `forget_verdicts_before`",
    "`store/upkeep.rs` `forget_runs_before`",
    "`store/upkeep.rs` `index_menus`",
];

#[tokio::test]
async fn no_query_that_somebody_waits_for_reads_a_table_from_end_to_end() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    a_year(&stack.database).await;
    assert!(stack.database.number("select count(*) from menu_items").await > 50_000);
    let mut link = stack.database.connect().await;
    let (questions, mut bad) = (questions(), Vec::new());
    assert!(questions.len() >= 48, "{}", questions.len());
    for question in &questions {
        let plan = question.plan(&mut link).await;
        let found = scans(&plan);
        eprintln!("{}: {}", question.asked_by, found.join(", "));
        let is_bad = |scan: &&String| {
            scan.strip_prefix("Seq Scan on ").is_some_and(|table| !SMALL.contains(&table))
        };
        if !UPKEEP.contains(&question.asked_by.as_str()) && found.iter().any(|scan| is_bad(&scan)) {
            bad.push(format!("{}\n{plan}", question.asked_by));
        }
    }
    for known in UPKEEP {
        let there = questions.iter().any(|question| question.asked_by == known);
        assert!(there, "{known} asks nothing any more");
    }
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}
