//! A9 and what the limits count: whose request it is, and what it costs.

use std::time::Duration;

use reqwest::Method;
use tests::{
    Answer, Stack, Wanted, menu_path,
    stub::{Hall, Scope},
};

use crate::costs::client_at;

fn limited(rates: &str) -> Wanted {
    Stack::wanted().with("RATE_LIMIT", rates)
}

/// How many of these requests were let in, each said to come from another address.
async fn let_in(stack: &Stack, forwarded: impl Iterator<Item = String>) -> usize {
    let mut count = 0;
    for address in forwarded {
        let answer =
            stack.ask(0, Method::GET, "/api/v2/labels", &[("x-forwarded-for", &address)]).await;
        assert!([200, 429].contains(&answer.status), "{answer:?}");
        count += usize::from(answer.status == 200);
    }
    count
}

fn is_refused(answer: &Answer, policy: &str) {
    let (detail, _) = answer.problem(429);
    assert_eq!(detail, format!("Too many {policy} from your address, try again later"));
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1), "{answer:?}");
    let limit = answer.header("ratelimit");
    let wait = limit.split_once(&format!("\"{policy}\";r=0;t=")).expect("what is left").1;
    let wait = wait.split(',').next().unwrap();
    assert_eq!(wait, answer.header("retry-after"), "not before there is more (draft, section 6)");
    assert!(answer.header("ratelimit-policy").contains(&format!("\"{policy}\";q=")), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
        assert!(answer.header("access-control-expose-headers").contains(name), "{answer:?}");
    }
}

#[tokio::test]
async fn a9_a_forged_address_is_believed_from_nobody_but_a_trusted_proxy() {
    let some = |at: u8| format!("203.0.113.{at}");
    let direct = limited("requests=1/h:5").workers(0).start().await;
    assert_eq!(let_in(&direct, (0..20).map(some)).await, 5);

    let proxied = limited("requests=1/h:5").workers(0).with("TRUSTED_PROXIES", "127.0.0.0/8");
    let proxied = proxied.start().await;
    assert_eq!(let_in(&proxied, (0..20).map(some)).await, 20, "each is somebody else");
    let forged = (0..20).map(|at| format!("198.51.100.{at}, 203.0.113.77"));
    assert_eq!(
        let_in(&proxied, forged).await,
        5,
        "what a client says of itself counts for nothing"
    );
    let further = (0..20).map(|at| format!("198.51.100.{at}, 203.0.113.88, 127.0.0.9"));
    assert_eq!(let_in(&proxied, further).await, 5, "however many proxies there are");
    let subscriber = (0..20).map(|at| format!("2001:db8:1:2::{at}"));
    assert_eq!(let_in(&proxied, subscriber).await, 5, "a /64 is one subscriber");
    let nonsense = (0..20).map(|at| format!("x{at}"));
    assert_eq!(let_in(&proxied, nonsense).await, 5, "nobody in particular is one");
}

#[tokio::test]
async fn a9_any_number_of_addresses_takes_a_bounded_place() {
    let wanted = limited("requests=1/h:5").workers(0).with("TRUSTED_PROXIES", "127.0.0.1");
    let stack = wanted.start().await;
    let ask = async |from: u32| {
        let all = (0..2000).map(|at| {
            let [_, second, third, fourth] = (from + at).to_be_bytes();
            format!("2001:db8:{second:x}:{third:x}{fourth:02x}::1")
        });
        let_in(&stack, all).await
    };
    assert_eq!(ask(0).await, 2000);
    let before = crate::costs::memory(&stack.apis[0]);
    assert_eq!(ask(2000).await, 2000);
    let grown = crate::costs::memory(&stack.apis[0]).saturating_sub(before);
    assert!(grown <= 2 * crate::costs::MIB, "{grown} bytes for 2000 clients");
}

#[tokio::test]
async fn a_miss_is_charged_to_who_starts_it_and_a_hit_to_nobody() {
    let stack = limited("misses=1/h:2").apis(2).start().await;
    stack.vendor.delay(Scope::All, Duration::from_millis(300));
    let paths: Vec<String> =
        [1, 2, 3].map(|day| menu_path(Hall::Malott, stack.in_days(day), "dinner")).to_vec();
    let first = stack.get_many(20, &paths[0]).await;
    assert!(first.iter().all(|answer| [200, 404].contains(&answer.status)), "{first:?}");
    let second = stack.get(&paths[1]).await;
    assert!([200, 404].contains(&second.status), "{second:?}");
    assert!(second.header("ratelimit").starts_with("\"misses\";r=0;t="), "{second:?}");
    is_refused(&stack.get(&paths[2]).await, "misses");
    // The other api has this one in Redis alone, time and again: that is no miss.
    for _ in 0..5 {
        stack.write(&touch(&stack, &paths[1])).await;
        let hit = stack.ask(1, Method::GET, &paths[1], &[]).await;
        assert_eq!(hit.status, second.status, "{hit:?}");
    }
    let other = client_at("127.0.0.2").get(format!("{}{}", stack.apis[0].url(), paths[2]));
    assert!([200, 404].contains(&other.send().await.unwrap().status().as_u16()));
    let shared = stack.get(&paths[2]).await;
    assert!([200, 404].contains(&shared.status), "what another has asked for is a hit: {shared:?}");
    assert!(stack.vendor.total_reads() <= 3);
}

/// Writes a key anew as it is, so that every process forgets what it keeps of it.
fn touch(stack: &Stack, path: &str) -> redis::Cmd {
    let date = path.split("date=").nth(1).and_then(|rest| rest.get(..10)).unwrap();
    let mut touch = redis::cmd("EXPIRE");
    touch.arg(stack.key(&format!("menu:malott:{date}:dinner"))).arg(1700);
    touch
}

#[tokio::test]
async fn what_only_postgres_can_answer_is_counted_apart() {
    let stack = limited("queries=1/h:4").start().await;
    let far = menu_path(Hall::Hoch, stack.in_days(400), "lunch");
    let tea = menu_path(Hall::Hoch, stack.weekday(), "tea");
    // Found in no cache the first time, so it is one as well.
    assert_eq!(stack.get("/api/v2/halls").await.status, 200);
    for (path, status) in
        [("/api/v2/items?q=soup", 200), ("/api/v2/halls?college=Pomona", 200), (&far, 404)]
    {
        assert_eq!(stack.get(path).await.status, status, "{path}");
    }
    for path in ["/api/v2/items?q=soup", "/api/v2/halls?college=Pomona", &far, &tea] {
        is_refused(&stack.get(path).await, "queries");
    }
    assert_eq!(stack.get("/api/v2/halls").await.status, 200, "cached by now");
    assert_eq!(stack.menu(Hall::Malott, stack.weekday(), "dinner").await.status, 200);
}

#[tokio::test]
async fn without_redis_only_reads_of_vendors_are_misses() {
    let stack = limited("misses=1/h:2").workers(0).no_redis().start().await;
    let path = menu_path(Hall::Malott, stack.weekday(), "dinner");
    for _ in 0..20 {
        assert_eq!(stack.get(&path).await.status, 200);
    }
    assert_eq!(stack.vendor.total_reads(), 1);
}

#[tokio::test]
async fn a_screen_that_may_not_ask_for_everything_is_an_answer_all_the_same() {
    let stack = limited("misses=1/h:2").start().await;
    let path = format!("/api/v2/menus/day?date={}", stack.weekday());
    let answer = stack.get(&path).await;
    assert_eq!((answer.status, answer.header("retry-after")), (200, "1"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.text.contains("\"status\":\"pending\""), "{}", answer.text);
    assert!(answer.text.contains("\"status\":\"ok\""), "{}", answer.text);
    stack.is_idle().await;
    assert_eq!(stack.vendor.total_reads(), 2);
}

#[tokio::test]
async fn health_and_preflights_are_free_and_nothing_is_said_while_there_is_plenty() {
    let stack = limited("requests=1/h:4").workers(0).start().await;
    let first = stack.get("/api/v2/labels").await;
    assert_eq!((first.status, first.header("ratelimit")), (200, ""));
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    for _ in 0..20 {
        assert_eq!(stack.get("/healthz").await.status, 200);
        assert_eq!(stack.get("/readyz/").await.status, 200);
        let answer = stack.ask(0, Method::OPTIONS, "/api/v2/labels", &preflight).await;
        assert_eq!(answer.status, 200);
    }
    stack.get("/api/v2/labels").await;
    let low = stack.get("/nothing").await;
    assert_eq!(low.header("ratelimit-policy"), "\"requests\";q=4;w=14400");
    assert!(low.header("ratelimit").starts_with("\"requests\";r=1;t=3"), "{low:?}");
    assert_eq!(stack.get("/api/v2/labels").await.status, 200);
    is_refused(&stack.get("/api/v2/labels").await, "requests");
    is_refused(&stack.get("/docs").await, "requests");
    assert_eq!(stack.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn by_default_a_busy_address_is_not_refused_a_hit() {
    // Whatever the harness switches off for the other tests.
    let stack = limited("").start().await;
    let path = menu_path(Hall::Hoch, stack.weekday(), "lunch");
    let answers = stack.get_many(2000, &path).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(answers.iter().all(|answer| answer.header("ratelimit").is_empty()));
}
