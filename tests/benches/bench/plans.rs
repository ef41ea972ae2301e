//! How Postgres reaches its tables, over a year of data: one row a query of the programs.

use tests::{Stack, a_year, questions, scans};

use crate::report::Report;

pub(crate) async fn measure() -> Report {
    let mut report = Report::new();
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    a_year(&stack.database).await;
    let mut link = stack.database.connect().await;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for question in questions() {
        let found = scans(&question.plan(&mut link).await);
        let words = found.iter().map(|scan| match scan.strip_prefix("Seq Scan on ") {
            Some(table) => format!("{table}, all of it"),
            None => format!("`{scan}`"),
        });
        let words = words.collect::<Vec<_>>().join(", ");
        let words = if words.is_empty() { "nothing".to_owned() } else { words };
        rows.push(vec![question.asked_by, words]);
    }
    let menus = stack.database.number("select count(*) from menus").await;
    let reads = stack.database.number("select count(*) from fetch_runs").await;
    let note = format!("{menus} menus, {reads} reads; by the function that asks:");
    report.table("plans", note, &["asked by", "reads"], rows);
    report
}
