//! Where each document is: the live sites of the three vendors (the vendors' own pages, as clients
//! read them in 2025 and 2026).

use chrono::NaiveDate;
use url::Url;

use crate::{
    config::Secret,
    hall::{HallId, Vendor},
};

/// Hosts that are a site each.
const HOSTS: [&str; 4] =
    ["api-prd.sodexomyway.net", "hmc.sodexomyway.com", "api.pomona.edu", "www.pomona.edu"];

/// What to ask for, and whom.
pub(super) struct Address {
    pub(super) vendor: Vendor,
    /// The live address; a base URL from the settings takes the place of its origin.
    pub(super) url: String,
    pub(super) accept: &'static str,
    /// A header of the vendor's own.
    pub(super) key: Option<(&'static str, Secret)>,
}

impl Address {
    /// Who is asked, for the sake of manners: the live host, whatever stands in for it. The cafés'
    /// three hosts are one site; and so are all to which a page may send us, for each site is
    /// remembered, and a page could name a new one each time.
    pub(super) fn site(&self) -> &'static str {
        let url = Url::parse(&self.url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        let own = HOSTS.into_iter().find(|known| Some(*known) == host);
        match (self.vendor, own) {
            (Vendor::BonAppetit, _) => "cafebonappetit.com",
            (_, Some(own)) => own,
            (Vendor::Pomona, None) => "pomona.edu",
            (Vendor::Sodexo, None) => "sodexomyway.com",
        }
    }
}

/// A café's page of one day.
pub(super) fn cafe_page(hall: HallId, date: NaiveDate) -> Address {
    let (site, cafe) = match hall {
        HallId::Collins => ("collins-cmc", "collins"),
        HallId::Malott => ("scripps", "malott-dining-commons"),
        _ => ("pitzer", "mcconnell-bistro"),
    };
    let url = format!("https://{site}.cafebonappetit.com/cafe/{cafe}/{date}/");
    Address { vendor: Vendor::BonAppetit, url, accept: "text/html", key: None }
}

/// Sodexo's API, one day; the two numbers are Hoch's location and menu.
pub(super) fn sodexo_api(date: NaiveDate, key: &Secret) -> Address {
    let url = format!("https://api-prd.sodexomyway.net/v0.2/data/menu/13147001/15258?date={date}");
    let key = Some(("API-Key", key.clone()));
    Address { vendor: Vendor::Sodexo, url, accept: "application/json", key }
}

/// Hoch's page, which carries today's menu in its state.
pub(super) fn sodexo_page() -> Address {
    let url = "https://hmc.sodexomyway.com/en-us/locations/hoch-shanahan-dining-commons".to_owned();
    Address { vendor: Vendor::Sodexo, url, accept: "text/html", key: None }
}

/// A hall's feed; file names start with a capital letter.
pub(super) fn pomona_feed(hall: HallId) -> Address {
    let file = match hall {
        HallId::Frank => "Frank",
        HallId::Oldenborg => "Oldenborg",
        _ => "Frary",
    };
    let url = format!("https://api.pomona.edu/eatec/{file}.json");
    Address { vendor: Vendor::Pomona, url, accept: "application/json, text/javascript", key: None }
}

/// The hall's page, which names its feed's address.
pub(super) fn pomona_page(hall: HallId) -> Address {
    let url = format!("https://www.pomona.edu/administration/dining/menus/{hall}");
    Address { vendor: Vendor::Pomona, url, accept: "text/html", key: None }
}

/// The address that a hall's page names, if it is one of the college's own and not the one that
/// just failed: a page must not be able to send us anywhere else.
pub(super) fn moved_feed(hall: HallId, named: &str) -> Option<Address> {
    let usual = pomona_feed(hall);
    let named = Url::parse(&usual.url).ok()?.join(named).ok()?;
    let own = named.scheme() == "https"
        && named.port().is_none()
        && named
            .host_str()
            .is_some_and(|host| host == "pomona.edu" || host.ends_with(".pomona.edu"));
    let elsewhere = named.as_str() != usual.url;
    (own && elsewhere).then(|| Address { url: named.into(), ..usual })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cafes_are_one_site_and_a_vendors_other_hosts_are_others() {
        let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        for hall in [HallId::Collins, HallId::Malott, HallId::Mcconnell] {
            assert_eq!(cafe_page(hall, date).site(), "cafebonappetit.com");
        }
        assert_eq!(pomona_feed(HallId::Frary).site(), "api.pomona.edu");
        assert_eq!(pomona_page(HallId::Frary).site(), "www.pomona.edu");
        assert_eq!(sodexo_page().site(), "hmc.sodexomyway.com");
        let key = Secret::new("x".to_owned());
        assert_eq!(sodexo_api(date, &key).site(), "api-prd.sodexomyway.net");
    }

    #[test]
    fn however_many_hosts_a_page_names_they_are_one_site() {
        let sites = (0..1000).filter_map(|at| {
            let named = format!("https://feed-{at}.pomona.edu/{at}.json");
            moved_feed(HallId::Frank, &named).map(|moved| moved.site())
        });
        let sites: Vec<_> = sites.collect();
        assert_eq!(sites, ["pomona.edu"; 1000]);
    }

    #[test]
    fn a_page_can_send_us_to_the_colleges_own_hosts_only() {
        let to = |named| moved_feed(HallId::Frank, named).map(|address| address.url);
        assert_eq!(
            to("https://portal.pomona.edu/eatec/Frank.json").as_deref(),
            Some("https://portal.pomona.edu/eatec/Frank.json")
        );
        assert_eq!(
            to("//my.pomona.edu/eatec/Frank.json").as_deref(),
            Some("https://my.pomona.edu/eatec/Frank.json")
        );
        for refused in [
            "https://api.pomona.edu/eatec/Frank.json",
            "http://portal.pomona.edu/eatec/Frank.json",
            "https://portal.pomona.edu:8443/x",
            "https://evil.example/pomona.edu",
            "https://evilpomona.edu/x",
            "http://169.254.169.254/",
            "file:///etc/passwd",
        ] {
            assert_eq!(to(refused), None, "{refused}");
        }
    }
}
