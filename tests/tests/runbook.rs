//! What people are told to type does what it says: the runbook (`docs/operations.md`) as it stands there,
//! and the scripts from wherever they are called.

#![expect(clippy::unwrap_used, reason = "a test may fail in any way")]

use std::{path::Path, process::Command};

use tests::{Stack, stub::Hall};

/// The first block of SQL behind these words of the page.
fn sql_behind(words: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once(words).unwrap();
    let (_, sql) = rest.split_once("```sql\n").unwrap();
    sql.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn a_wrong_menu_that_is_withdrawn_stays_away_without_a_word_to_the_vendor() {
    let stack = Stack::start().await;
    let (of_a_meal, whole) = (stack.weekday(), stack.weekday().succ_opt().unwrap());
    for (date, meal) in [(of_a_meal, "lunch"), (of_a_meal, "dinner"), (whole, "lunch")] {
        assert_eq!(stack.menu(Hall::Hoch, date, meal).await.status, 200, "{date} {meal}");
    }
    stack.is_idle().await;
    let reads = stack.vendor.total_reads();

    let sql = sql_behind("**Withdraw a wrong menu.**");
    assert!(sql.contains("'2026-11-24'") && sql.contains("'2026-11-23'"), "{sql}");
    // By way of words, as today's dates may be those of the page.
    let sql = sql.replace("2026-11-24", "of_a_meal").replace("2026-11-23", "whole");
    let sql = sql.replace("of_a_meal", &of_a_meal.to_string());
    stack.database.run(&sql.replace("whole", &whole.to_string())).await;
    stack.expire("menu:hoch:").await;
    stack.expire("menus:upcoming:hoch").await;

    // Once from the job that looks at Postgres, once from the entry that it made.
    for _ in 0..2 {
        for (date, meal, why) in [
            (of_a_meal, "lunch", "meal_not_served"),
            (whole, "lunch", "closed"),
            (whole, "dinner", "closed"),
        ] {
            let answer = stack.menu(Hall::Hoch, date, meal).await;
            assert_eq!(
                (answer.status, &answer.json()["reason"]),
                (404, &why.into()),
                "{date} {meal}"
            );
        }
        assert_eq!(stack.menu(Hall::Hoch, of_a_meal, "dinner").await.status, 200);
        stack.is_idle().await;
    }
    let listed = stack.get("/api/v2/halls/hoch/menus").await.json();
    let days = listed.as_array().unwrap().iter().map(|row| row["date"].as_str().unwrap());
    assert_eq!(days.filter(|day| **day == whole.to_string()).count(), 0, "{listed}");
    assert_eq!(stack.vendor.total_reads(), reads);
}

#[tokio::test]
async fn a_day_that_is_closed_by_half_is_refused() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let read = "timestamptz '2026-11-23T18:00:00Z'";
    let sql = format!(
        "insert into menu_days values ('hoch', '2026-11-23', 'posted', {read}, {read}, 1, {read})"
    );
    stack.database.run(&sql).await;
    let closed = sqlx::query("update menu_days set state = 'closed'")
        .execute(&mut stack.database.connect().await)
        .await;
    let error = closed.unwrap_err().to_string();
    assert!(error.contains("menu_days_closed_has_no_menus"), "{error}");
    stack.database.run("update menu_days set state = 'closed', menus_read_at = null").await;
}

#[test]
fn scripts_are_found_from_any_folder() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
    let run = |command: &str| {
        // Stores that are named are not started.
        let urls = [("REDIS_URL", "redis://x"), ("DATABASE_URL", "postgres://x")];
        let mut bash = Command::new("bash");
        let ended = bash.arg("-c").arg(command).current_dir(&scripts).envs(urls).output().unwrap();
        let said = |bytes| String::from_utf8(bytes).unwrap();
        assert!(ended.status.success(), "{command}: {}", said(ended.stderr));
        said(ended.stdout)
    };
    assert_eq!(run("./stores.sh printenv REDIS_URL"), "redis://x\n");
    for script in ["stores.sh", "run.sh", "test.sh", "test-api.sh", "lint.sh"] {
        let help = run(&format!("./{script} --help"));
        assert!(help.starts_with(&format!("scripts/{script}")), "{script}: {help}");
    }
    assert_eq!(
        run("source ./stores.sh; package_of redis-cli; package_of curl"),
        "redis-tools\ncurl\n"
    );
}
