//! A menu that nobody has asked for yet costs its vendor one read, however many ask at once.

use std::{collections::BTreeSet, time::Duration};

use tests::{
    Answer, Jobs, Stack, eventually, menu_path,
    stub::{Expected, Hall, Scope},
};

fn all_the_same(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let bodies: BTreeSet<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(bodies.len(), 1, "equal bodies");
}

#[tokio::test]
async fn a_thousand_visitors_to_a_cold_menu_cost_the_vendor_one_read() {
    let stack = Stack::wanted().apis(3).workers(2).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(200));
    for round in 0..4 {
        let day = stack.in_days(round);
        stack.vendor.forget_reads();
        let answers = stack.get_many(1000, &menu_path(Hall::Hoch, day, "dinner")).await;
        all_the_same(&answers);
        assert_eq!(stack.vendor.total_reads(), 1, "round {round}");
    }
    stack.lost_no_wake_up().await;
}

#[tokio::test]
async fn the_same_menu_costs_one_read_each_time_that_it_has_expired() {
    let stack = Stack::wanted().workers(2).start().await;
    let day = stack.weekday();
    for round in 1..=5 {
        let answers = stack.get_many(50, &menu_path(Hall::Malott, day, "lunch")).await;
        all_the_same(&answers);
        assert_eq!(stack.vendor.total_reads(), round);
        stack.grow_old().await;
    }
}

#[tokio::test]
async fn an_entry_that_is_gone_comes_back_from_postgres_while_it_is_fresh() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    let first = stack.menu(Hall::Malott, day, "lunch").await;
    stack.expire("menu:").await;
    let again = stack.menu(Hall::Malott, day, "lunch").await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(stack.vendor.total_reads(), 1);
    let mut redis = stack.redis().await;
    let key = stack.key(&format!("menu:malott:{day}:lunch"));
    let ttl: u64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
    assert!((1400..=2100).contains(&ttl), "it lives as long as the read is good for: {ttl}");
}

#[tokio::test]
async fn one_read_of_a_document_answers_all_meals_in_it() {
    let stack = Stack::wanted().apis(2).workers(2).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(100));
    let day = stack.weekday();
    let path = |meal| menu_path(Hall::Mcconnell, day, meal);
    let (breakfast, lunch, dinner, brunch) =
        (path("breakfast"), path("lunch"), path("dinner"), path("brunch"));
    let (breakfast, lunch, dinner, brunch) = tokio::join!(
        stack.get_many(10, &breakfast),
        stack.get_many(10, &lunch),
        stack.get_many(10, &dinner),
        stack.get_many(10, &brunch),
    );
    [breakfast, lunch, dinner].iter().for_each(|answers| all_the_same(answers));
    for answer in &brunch {
        assert_eq!(answer.problem(404).1, "meal_not_served");
    }
    assert_eq!(stack.vendor.counts().len(), 1, "{:?}", stack.vendor.counts());
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn one_read_of_pomonas_feed_fills_the_halls_week() {
    let stack = Stack::start().await;
    let mut menus = 0;
    for day in 0..7 {
        let date = stack.in_days(day);
        for meal in ["breakfast", "brunch", "lunch", "dinner"] {
            let answer = stack.menu(Hall::Frary, date, meal).await;
            menus += usize::from(answer.status == 200);
            assert!([200, 404].contains(&answer.status), "{answer:?}");
        }
    }
    assert!(menus >= 7 * 2, "{menus} menus in a week");
    let far = stack.menu(Hall::Frary, stack.in_days(12), "dinner").await;
    assert_eq!(far.problem(404).1, "not_posted");
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn every_hall_serves_what_its_vendor_posted_and_nothing_else() {
    let stack = Stack::start().await;
    for hall in Hall::ALL {
        for day in 0..7 {
            let date = stack.in_days(day);
            let expected = stack.vendor.expected(hall, date);
            for meal in ["breakfast", "brunch", "lunch", "dinner", "late_night", "snack"] {
                let answer = stack.menu(hall, date, meal).await;
                let what = format!("{} {date} {meal}", hall.as_str());
                match expected.stations(meal) {
                    Some(stations) => {
                        assert_eq!(answer.status, 200, "{what}: {answer:?}");
                        let body = answer.json();
                        assert_eq!(&body["stations"], stations, "{what}");
                        assert_eq!(body["is_stale"], false, "{what}");
                        assert_eq!(
                            (&body["hall_id"], &body["meal"]),
                            (&hall.as_str().into(), &meal.into())
                        );
                        assert_eq!(body["date"], date.to_string());
                    }
                    None => {
                        let (detail, reason) = answer.problem(404);
                        assert_eq!(
                            detail,
                            format!("No menu found for {} on {date} for {meal}", hall.as_str())
                        );
                        let fits: &[&str] = match &expected {
                            Expected::Menu(_) => &["meal_not_served"],
                            Expected::Closed => &["closed"],
                            Expected::NotPosted => &["not_posted", "closed"],
                        };
                        assert!(
                            fits.contains(&reason.as_str()),
                            "{what}: {reason} for {expected:?}"
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_miss_goes_on_when_the_visitors_leave() {
    let stack = Stack::start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(400));
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let leaving =
        (0..99).map(|_| tokio::time::timeout(Duration::from_millis(50), stack.get(&path)));
    let (left, stayed) = tokio::join!(futures::future::join_all(leaving), stack.get(&path));
    assert!(left.iter().all(Result::is_err), "they left before the menu was there");
    assert_eq!(stayed.status, 200);
    assert_eq!(stack.vendor.total_reads(), 1);
    assert!(stack.get(&path).await.header("cache-status").contains("hit"));
}

#[tokio::test]
async fn two_misses_of_different_halls_do_not_wait_for_each_other() {
    let stack = Stack::start().await;
    stack.vendor.delay(Scope::Hall(Hall::Hoch), Duration::from_secs(2));
    let day = stack.weekday();
    let slow = stack.menu(Hall::Hoch, day, "lunch");
    let quick = async {
        let answer = stack.menu(Hall::Collins, day, "lunch").await;
        assert_eq!(answer.status, 200);
        assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    };
    let (slow, ()) = tokio::join!(slow, quick);
    assert_eq!(slow.status, 200);
    assert!(slow.took >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_job_is_gone_from_the_queue_as_soon_as_it_is_done() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    assert_eq!(stack.menu(Hall::Hoch, day, "lunch").await.status, 200);
    eventually("no job left", Duration::from_secs(2), async || {
        (stack.jobs().await == Jobs::NONE).then_some(())
    })
    .await;
    let mut redis = stack.redis().await;
    let data = stack.key("fetch:data");
    let claimed: bool = redis::cmd("HEXISTS")
        .arg(&data)
        .arg(format!("menu:hoch:{day}:lunch"))
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!(!claimed, "the id is free");
    let done: u64 =
        redis::cmd("ZCARD").arg(stack.key("fetch:done")).query_async(&mut redis).await.unwrap();
    assert_eq!(done, 1, "and the job is on record");
}

#[tokio::test]
async fn a_lifetime_is_counted_from_the_asking() {
    let wanted = Stack::wanted().with("CACHE_TTL_SECS", 10).with("CACHE_TTL_JITTER_SECS", 1);
    let stack = wanted.with("VENDOR_CONCURRENCY", 15).with("VENDOR_SPACING_MS", 0).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(1500));
    // So many that some draw the longest of the three lives.
    let cafes = [Hall::Collins, Hall::Malott, Hall::Mcconnell];
    let days = (1..=5).flat_map(|ahead| cafes.map(|hall| (hall, stack.in_days(ahead))));
    let asked = days.map(async |(hall, date)| stack.menu(hall, date, "dinner").await);
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let control = answer.header("cache-control");
        let left = control.split(['=', ',']).nth(2).and_then(|secs| secs.parse::<u64>().ok());
        assert!(left.is_some_and(|secs| (1..=9).contains(&secs)), "{control}");
    }
}

#[tokio::test]
async fn a_menu_that_is_put_back_from_a_copy_takes_nobodys_turn_with_its_vendor() {
    let stack = Stack::wanted().with("VENDOR_SPACING_MS", 2000).start().await;
    let (first, second) = (stack.in_days(1), stack.in_days(2));
    assert_eq!(stack.menu(Hall::Collins, first, "dinner").await.status, 200);
    stack.is_idle().await;
    may_be_asked(&stack, Duration::from_secs(10)).await;

    stack.expire("menu:").await;
    assert_eq!(stack.menu(Hall::Collins, first, "dinner").await.status, 200);
    assert_eq!(stack.vendor.total_reads(), 1, "from the copy");
    may_be_asked(&stack, Duration::from_secs(1)).await;

    let next = stack.menu(Hall::Collins, second, "dinner").await;
    assert_eq!((next.status, stack.vendor.total_reads()), (200, 2));
    assert!(next.took < Duration::from_millis(1500), "{:?}", next.took);
}

/// Waits until no request to a vendor is open, and the next need not wait.
async fn may_be_asked(stack: &Stack, within: Duration) {
    eventually("the vendor may be asked", within, async || {
        let keys = stack.keys().await.into_iter().filter(|key| key.starts_with("pace:"));
        for site in keys.map(|site| stack.key(&site)) {
            let mut open = redis::cmd("ZCOUNT");
            open.arg(site).arg(chrono::Utc::now().timestamp_millis()).arg("+inf");
            let open: u64 = open.query_async(&mut stack.redis().await).await.ok()?;
            if open > 0 {
                return None;
            }
        }
        Some(())
    })
    .await;
}
