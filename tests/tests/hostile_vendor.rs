//! A vendor that means harm, or somebody in its place.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::NaiveDate;
use serde_json::{Value, json};
use tests::{Stack, stub::Hall};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

/// Reads a request and answers it with this body.
async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    body: &str,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// A feed of Pomona's with these names of dishes for a dinner.
fn feed(date: NaiveDate, names: &[&str]) -> String {
    let dish = |name: &&str| json!({ "@shortName": name, "@category": name });
    let recipes: Vec<Value> = names.iter().map(dish).collect();
    let record = json!({ "@servedate": date.format("%Y%m%d").to_string(), "@mealperiodname": "Dinner",
        "recipes": { "recipe": recipes } });
    json!({ "EatecExchange": { "menu": [record] } }).to_string()
}

#[tokio::test]
async fn what_a_vendor_says_is_data_cleaned_and_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let vendor = format!("http://{}", listener.local_addr().unwrap());
    let stack = Stack::wanted().with("POMONA_BASE_URL", vendor).start().await;
    let date = stack.today();
    let huge = "x".repeat(1 << 20);
    let names = [
        "<script>alert(1)</script>rice",
        "&lt;img src=x onerror=alert(1)&gt;peas",
        "be\u{202E}snae\u{2066}s",
        "corn\u{0}\u{1b}[2J\r\n\"},{",
        &huge,
    ];
    let body = feed(date, &names);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = answer(stream, &body).await;
        }
    });

    let menu = stack.menu(Hall::Frary, date, "dinner").await;
    assert_eq!((menu.status, menu.header("content-type")), (200, "application/json"));
    let menu = menu.json();
    let stations = menu["stations"].as_array().unwrap();
    let items = stations.iter().map(|station| {
        let items = station["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{station}");
        (station["name"].as_str().unwrap(), items[0]["name"].as_str().unwrap())
    });
    let cut = "x".repeat(500);
    let clean = ["alert(1) rice", "peas", "besnaes", "corn[2J \"},{", &cut];
    assert_eq!(items.collect::<Vec<_>>(), clean.map(|name| (name, name)));
}

#[tokio::test]
async fn a_feed_of_another_hall_is_no_menu_of_this_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let vendor = format!("http://{}", listener.local_addr().unwrap());
    let stack = Stack::wanted().with("POMONA_BASE_URL", vendor).start().await;
    let date = stack.today();
    // Frary's, at whatever address.
    let mut body: Value = serde_json::from_str(&feed(date, &["rice"])).unwrap();
    body["EatecExchange"]["menu"][0]["@location"] = "Frary Dining".into();
    let body = body.to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = answer(stream, &body).await;
        }
    });

    assert_eq!(stack.menu(Hall::Frank, date, "dinner").await.problem(503).1, "vendor_error");
    // A read is put on record after it is answered.
    stack.is_idle().await;
    let class = "select count(*) from fetch_runs where error_class = 'wrong_hall'";
    assert_eq!(stack.database.number(class).await, 1);
    assert_eq!(stack.database.number("select count(*) from menus").await, 0);
    assert_eq!(stack.menu(Hall::Frary, date, "dinner").await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let vendor = format!("https://{}", listener.local_addr().unwrap());
    // In order but for who signed it: itself, for 127.0.0.1, until 2126. The key guards nothing.
    let certificate = include_bytes!("../fixtures/self-signed/certificate.der").as_slice().into();
    let key = include_bytes!("../fixtures/self-signed/key.der").as_slice();
    let stack = Stack::wanted().with("POMONA_BASE_URL", vendor).start().await;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key).into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (came, read) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let date = stack.today();
    let body = feed(date, &["rice"]);
    let counted = (Arc::clone(&came), Arc::clone(&read));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.0.fetch_add(1, Ordering::SeqCst);
            if let Ok(stream) = acceptor.accept(stream).await
                && answer(stream, &body).await.is_ok()
            {
                counted.1.fetch_add(1, Ordering::SeqCst);
            }
        }
    });

    let menu = stack.menu(Hall::Frary, date, "dinner").await;
    assert_eq!(menu.problem(503).1, "vendor_error");
    assert!(came.load(Ordering::SeqCst) > 0, "the vendor was asked");
    assert_eq!(read.load(Ordering::SeqCst), 0, "and told nothing");
    let log = stack.workers[0].log();
    assert!(log.to_lowercase().contains("certificate"), "the log says why: {log}");
}
