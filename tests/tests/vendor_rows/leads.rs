//! Where a read of a vendor can lead: nowhere else than to the vendor.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tests::{
    Stack, menu_path,
    stub::{Fault, Hall, Scope},
};
use tokio::net::TcpListener;

use crate::hurried;

/// A listener that nobody may ever come to.
struct Canary {
    url: String,
    came: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, SeqCst);
            }
        });
        Self { url, came }
    }
}

#[tokio::test]
async fn v14_s5_a_redirect_leads_to_no_other_host() {
    let canary = Canary::start().await;
    // With workers, and without: then the api reads.
    for workers in [1, 0] {
        let mut stack = hurried().workers(workers).start().await;
        stack.leftovers_are_fine();
        let to = |place: &str| Fault::Redirect(place.to_owned());
        let faults = [
            to(&canary.url),
            to(&canary.url.replace("127.0.0.1", "localhost")),
            to(&canary.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")),
            to("http://169.254.169.254/latest/meta-data/"),
            to("file:///etc/passwd"),
            to("//"),
        ];
        for (fault, ahead) in faults.into_iter().zip(1..) {
            stack.vendor.fault(Scope::All, fault.clone());
            let answer = stack.menu(Hall::Collins, stack.in_days(ahead), "dinner").await;
            assert_eq!(answer.problem(503).1, "vendor_error", "{fault:?}");
        }
        assert_eq!(canary.came.load(SeqCst), 0);
        stack.vendor.forget_reads();
        stack.vendor.fault(Scope::All, Fault::RedirectLoop);
        let answer = stack.menu(Hall::Collins, stack.in_days(9), "dinner").await;
        assert_eq!(answer.problem(503).1, "vendor_error");
        let document = format!("bon_appetit:collins:{}", stack.in_days(9));
        assert_eq!(stack.vendor.reads(&document), 1, "no hop is followed");
        // Nor to another place of the same site: another café's menu of that day is not this one's.
        let day = stack.in_days(10);
        let other = to(&format!("/cafe/mcconnell-bistro/{day}/"));
        let scope = Scope::parse(&format!("bon_appetit:collins:{day}")).unwrap();
        stack.vendor.fault(scope, other);
        let answer = stack.menu(Hall::Collins, day, "dinner").await;
        assert_eq!(answer.problem(503).1, "vendor_error");
        assert_eq!(stack.vendor.reads(&format!("bon_appetit:mcconnell:{day}")), 0);
        stack.vendor.heal();
    }
}

#[tokio::test]
async fn v19_s6_a_proxy_of_the_environment_is_not_used() {
    let canary = Canary::start().await;
    let mut wanted = Stack::wanted();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        wanted = wanted.with(name, &canary.url);
    }
    let stack = wanted.start().await;
    for hall in [Hall::Collins, Hall::Hoch] {
        let answer = stack.get(&menu_path(hall, stack.in_days(1), "dinner")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let feed = stack.menu(Hall::Frary, stack.vendor_day(Hall::Frary), "dinner").await;
    assert_eq!(feed.status, 200, "{feed:?}");
    assert_eq!(canary.came.load(SeqCst), 0);
    assert!(stack.vendor.total_reads() >= 3);
}
