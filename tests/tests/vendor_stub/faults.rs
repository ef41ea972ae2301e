//! Each fault is what its name says, for its scope and its times.

use std::time::{Duration, Instant};

use tests::stub::{Fault, Scope};
use tokio::time::timeout;

use crate::ask::{COLLINS, FRARY, ask, get, get_with, monday};

#[tokio::test]
async fn a_fault_is_what_it_is_called() {
    let stub = monday().await;
    let sound = get(&stub, FRARY).await;
    let (tag, sound) = (sound.header("etag").unwrap().to_owned(), sound.body.len());
    let frary = || Scope::parse("pomona:frary").unwrap();
    let set = |fault| {
        stub.heal();
        stub.fault(frary(), fault);
    };
    set(Fault::Reset);
    let got = get(&stub, FRARY).await;
    assert_eq!((got.status(), got.error), (0, Some(std::io::ErrorKind::ConnectionReset)));
    set(Fault::Hang);
    assert!(timeout(Duration::from_millis(200), get(&stub, FRARY)).await.is_err());
    assert_eq!(get(&stub, COLLINS).await.status(), 200, "another vendor is well");
    set(Fault::Status(429, Some(7)));
    let got = get(&stub, FRARY).await;
    assert_eq!((got.status(), got.header("retry-after")), (429, Some("7")));
    set(Fault::CutBody);
    let got = get(&stub, FRARY).await;
    assert_eq!(got.header("content-length"), Some(sound.to_string().as_str()));
    assert_eq!(got.body.len(), sound / 2);
    set(Fault::BadLength);
    assert_eq!(get(&stub, FRARY).await.head.matches("content-length").count(), 2);
    set(Fault::Empty);
    let got = get(&stub, FRARY).await;
    assert_eq!((got.status(), got.body.len()), (200, 0));
    set(Fault::Garbage);
    assert!(String::from_utf8(get(&stub, FRARY).await.body).is_err());
    set(Fault::LoginPage);
    assert!(get(&stub, FRARY).await.text().contains("<form"));
    set(Fault::WrongDay);
    assert!(!get(&stub, FRARY).await.text().contains("\"20260209\""));
    let known = format!("if-none-match: {tag}\r\n");
    assert_eq!(get_with(&stub, FRARY, &known).await.status(), 200, "an ill vendor knows no 304");
    set(Fault::RedirectLoop);
    assert_eq!(get(&stub, FRARY).await.header("location"), Some(FRARY));
    set(Fault::HugeHeader(64));
    assert!(get(&stub, FRARY).await.head.len() > 64 * 1024);
    set(Fault::Huge(20));
    assert_eq!(get(&stub, FRARY).await.body.len(), 20 * 1024 * 1024);
    set(Fault::GzipBomb(200));
    let got = get(&stub, FRARY).await;
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert!(got.body.len() < 400 * 1024, "{}", got.body.len());
    set(Fault::Flapping);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(get(&stub, FRARY).await.status());
    }
    assert_eq!(seen, [200, 500, 200, 500]);
    stub.heal();
    stub.fault_times(Scope::All, Fault::Status(500, None), 1);
    assert_eq!(get(&stub, FRARY).await.status(), 500);
    assert_eq!(get(&stub, FRARY).await.status(), 200, "its times are over");
}

#[tokio::test]
async fn slow_answers_take_their_time_and_endless_ones_do_not_end() {
    let stub = monday().await;
    let request = format!("GET {COLLINS} HTTP/1.1\r\n\r\n");
    stub.fault(Scope::All, Fault::Endless);
    assert!(ask(&stub.url(), &request, 4_000_000).await.body.len() > 3_900_000);
    stub.fault(Scope::All, Fault::Drip(Duration::from_millis(10)));
    let got = timeout(Duration::from_millis(300), get(&stub, COLLINS)).await;
    assert!(got.is_err(), "a megabyte at a hundred bytes a second");
    stub.fault(Scope::All, Fault::SlowHead(Duration::from_millis(1)));
    let begun = Instant::now();
    assert_eq!(get(&stub, COLLINS).await.status(), 200);
    assert!(begun.elapsed() > Duration::from_millis(150));
}
