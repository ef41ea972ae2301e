use super::*;

fn parse(name: &str, body: &str) -> Result<Action, Refusal> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    Action::parse(name, Fields::of(body), today)
}

#[test]
fn an_action_is_parsed_whole_before_anything_happens() {
    let hour = Duration::from_secs(3600);
    let key: MenuKey = "menu:hoch:2026-11-24:late_night".parse().unwrap();
    let asked = "hall=hoch&date=2026-11-24&meal=Late+Night";
    for (name, body, action) in [
        ("refetch", asked, Action::Refetch(key.clone())),
        ("drop-entry", asked, Action::DropEntry(key)),
        ("pause-vendor", "vendor=pomona", Action::PauseVendor(Vendor::Pomona, hour)),
        (
            "pause-vendor",
            "vendor=sodexo&minutes=1440",
            Action::PauseVendor(Vendor::Sodexo, hour * 24),
        ),
        ("resume-vendor", "vendor=sodexo", Action::ResumeVendor(Vendor::Sodexo)),
        ("delete-override", "id=7", Action::DeleteOverride(7)),
    ] {
        let parsed = parse(name, body).unwrap();
        assert_eq!((parsed.name(), &parsed), (name, &action));
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (name, body, text) in [
        ("refetch", "date=2026-11-24&meal=lunch", "hall is missing"),
        ("refetch", "hall=Hoch&date=2026-11-24&meal=lunch", "hall must be one of the seven halls"),
        (
            "refetch",
            "hall=hoch&date=2026-02-30&meal=lunch",
            "date must be a day, written YYYY-MM-DD",
        ),
        (
            "refetch",
            "hall=hoch&date=2026-12-09&meal=lunch",
            "date must be from 2026-11-23 to 2026-12-08",
        ),
        (
            "refetch",
            "hall=hoch&date=2026-11-22&meal=lunch",
            "date must be from 2026-11-23 to 2026-12-08",
        ),
        (
            "refetch",
            "hall=hoch&date=2026-11-24&meal=tea",
            "meal must be one of the six that vendors are asked for",
        ),
        (
            "drop-entry",
            "hall=hoch&date=2026-11-24&meal=a:b",
            "meal must be a meal's word, such as lunch",
        ),
        ("drop-entry", "hall=hoch&date=2026-11-24&meal=tea&x=1", "x is not known here"),
        ("pause-vendor", "vendor=all", "vendor must be bon_appetit, pomona or sodexo"),
        (
            "pause-vendor",
            "vendor=sodexo&minutes=0",
            "minutes must be a whole number from 1 to 1440",
        ),
        (
            "pause-vendor",
            "vendor=sodexo&minutes=1441",
            "minutes must be a whole number from 1 to 1440",
        ),
        ("delete-override", "id=-1", "id must be the number of an override"),
    ] {
        let refusal = parse(name, body).unwrap_err();
        assert_eq!((refusal.status.as_u16(), refusal.text.as_str()), (422, text), "{body}");
    }
    assert_eq!(parse("dance", "").unwrap_err().status.as_u16(), 404);
}
