//! What one cold miss says to Redis, word for word and in order, as `MONITOR` shows it.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use redis::Value;
use tests::{
    Stack,
    stub::{Hall, Scope},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpStream, tcp::OwnedReadHalf},
};

use crate::report::Report;

const DELAY: Duration = Duration::from_millis(20);

pub(super) async fn measure(report: &mut Report) {
    let mut stack = Stack::wanted().apis(0).workers(1).own_redis().start().await;
    let workers = clients(&stack).await;
    stack.add_api();
    // Connections are there and scripts are known, as they are all day.
    stack.menu(Hall::Collins, stack.in_days(1), "dinner").await;
    stack.is_idle().await;
    let apis = &clients(&stack).await - &workers;
    stack.vendor.delay(Scope::All, DELAY);
    let mut monitor = monitor(stack.own_redis.as_ref().expect("its own Redis").address()).await;
    let answer = stack.menu(Hall::Hoch, stack.in_days(1), "dinner").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    stack.is_idle().await;
    let last = format!("the end {}", fastrand::u64(..));
    say(&stack, &["ECHO", &last]).await;
    let mut said = Vec::new();
    while let Ok(Some(line)) = monitor.next_line().await {
        if line.contains(&last) {
            break;
        }
        said.extend(Said::read(&line));
    }
    let who = |from: &str| match (apis.contains(from), workers.contains(from)) {
        (true, _) => Some("api"),
        (_, true) => Some("worker"),
        _ => None,
    };
    let rows = rows(&said, who, &stack.key(""));
    let note = format!(
        "One cold menu of Hoch, whose vendor takes {} ms, as Redis saw it (`MONITOR`, ms since the api's first word; what a script does inside is no round trip):",
        DELAY.as_millis()
    );
    report.table("misses-trips", note, &["ms", "who", "command", "inside"], rows);
}

/// A line of `MONITOR`.
struct Said {
    at: f64,
    from: String,
    words: Vec<String>,
}

impl Said {
    fn read(line: &str) -> Option<Self> {
        let (at, rest) = line.strip_prefix('+')?.split_once(" [0 ")?;
        let (from, words) = rest.split_once("] ")?;
        let words = words.trim_matches('"').split("\" \"").map(str::to_owned).collect();
        Some(Self { at: at.parse().ok()?, from: from.to_owned(), words })
    }
}

/// A row a round trip, with what its script did.
fn rows(
    said: &[Said],
    who: impl Fn(&str) -> Option<&'static str>,
    prefix: &str,
) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut begun = None;
    let mut is_ours = false;
    for one in said {
        if one.from == "lua" {
            if let Some(inside) = rows.last_mut().filter(|_| is_ours).and_then(|row| row.last_mut())
            {
                let gap = if inside.is_empty() { "" } else { ", " };
                inside.push_str(&format!("{gap}{}", one.words[0]));
            }
            continue;
        }
        let who = who(&one.from);
        // What was under way before is none of it.
        is_ours = who == Some("api") || (who.is_some() && begun.is_some());
        if let Some(who) = who.filter(|_| is_ours) {
            let at = one.at - *begun.get_or_insert(one.at);
            let command = shown(&one.words, prefix);
            rows.push(vec![format!("{:.1}", at * 1000.0), who.to_owned(), command, String::new()]);
        }
    }
    for inside in rows.iter_mut().filter_map(|row| row.last_mut()) {
        *inside = counted(inside);
    }
    rows
}

fn shown(words: &[String], prefix: &str) -> String {
    let short =
        |word: &String| word.strip_prefix(prefix).unwrap_or(word).chars().take(40).collect();
    let words: Vec<String> = match words[0].as_str() {
        "EVALSHA" => {
            let keys = words.iter().skip(3).take(words[2].parse().unwrap_or(1));
            let keys: Vec<String> = keys.map(short).collect();
            let more = keys.len().saturating_sub(2);
            let more = if more > 0 { format!("… {more} more") } else { String::new() };
            vec![format!(
                "script: {} {more}",
                keys.into_iter().take(2).collect::<Vec<_>>().join(" ")
            )]
        }
        _ => words.iter().take(2).map(short).collect(),
    };
    format!("`{}`", words.join(" ").trim_end())
}

/// `GET, GET, SET` as `2 GET, SET`.
fn counted(inside: &str) -> String {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for word in inside.split(", ").filter(|word| !word.is_empty()) {
        match runs.iter_mut().find(|(known, _)| known == word) {
            Some((_, count)) => *count += 1,
            None => runs.push((word.to_owned(), 1)),
        }
    }
    let words = runs.into_iter().map(|(word, count)| match count {
        1 => word,
        count => format!("{count} {word}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// From where programs are connected.
async fn clients(stack: &Stack) -> BTreeSet<String> {
    let list = match say(stack, &["CLIENT", "LIST"]).await {
        Value::VerbatimString { text, .. } => text,
        Value::BulkString(text) => String::from_utf8_lossy(&text).into_owned(),
        other => panic!("{other:?}"),
    };
    let others = list.lines().filter(|line| !line.contains("cmd=client|list"));
    let address = |line: &str| {
        let word = line.split_whitespace().find_map(|word| word.strip_prefix("addr="));
        word.map(str::to_owned)
    };
    others.filter_map(address).collect()
}

async fn say(stack: &Stack, words: &[&str]) -> Value {
    stack.own_redis.as_ref().expect("its own Redis").says(words).await
}

async fn monitor(redis: SocketAddr) -> Lines<BufReader<OwnedReadHalf>> {
    let (read, mut write) = TcpStream::connect(redis).await.expect("Redis").into_split();
    write.write_all(b"MONITOR\r\n").await.expect("MONITOR");
    let mut lines = BufReader::new(read).lines();
    assert_eq!(lines.next_line().await.expect("an answer").as_deref(), Some("+OK"));
    // The other half must live as long as the connection is wanted.
    std::mem::forget(write);
    lines
}
