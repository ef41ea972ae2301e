//! What is on record of each read.

use std::time::Duration;

use tests::{
    eventually,
    stub::{Fault, Hall, Kind, Scope},
};

use super::hurried;

#[tokio::test]
async fn every_read_is_on_record_with_how_it_ended() {
    let stack = hurried().start().await;
    let day = stack.weekday();
    let state = async |wanted: &str| {
        stack.is_idle().await;
        let sql = "select state from fetch_runs order by id desc limit 1";
        eventually(wanted, Duration::from_secs(3), async || {
            (stack.database.text(sql).await == wanted).then_some(())
        })
        .await;
    };
    stack.menu(Hall::Collins, day, "lunch").await;
    state("changed").await;
    stack.grow_old().await;
    stack.menu(Hall::Collins, day, "lunch").await;
    state("unchanged").await;
    stack.vendor.post(Hall::Collins, day, Kind::Weekday, 1);
    stack.grow_old().await;
    stack.menu(Hall::Collins, day, "lunch").await;
    state("changed").await;
    for (fault, wanted) in [
        (Fault::Status(500, None), "failed"),
        (Fault::CutBody, "broken"),
        (Fault::Garbage, "invalid"),
        (Fault::NotPosted, "empty"),
    ] {
        stack.grow_old().await;
        stack.vendor.fault(Scope::All, fault);
        stack.menu(Hall::Collins, day, "lunch").await;
        stack.settled(Hall::Collins, day, "lunch").await;
        state(wanted).await;
        stack.vendor.heal();
    }
    let whole = "select count(*) from fetch_runs where vendor = 'bon_appetit' and hall_id = 'collins' and reason = 'miss'
                 and document like 'bon_appetit:collins:%' and finished_at >= started_at";
    assert_eq!(stack.database.number(whole).await, 7);
    assert_eq!(stack.database.number("select count(*) from fetch_runs where state = 'changed' and bytes > 100000 and meals >= 3 and items > 20").await, 2);
}
