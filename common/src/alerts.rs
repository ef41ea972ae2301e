//! What operators are told of a change of state, as JSON: `docs/operations.md` has the shape, and
//! receivers rely on it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::{
    drift::{Sign, Verdict},
    entry::instant,
    hall::{HallId, Vendor},
    meal::Meal,
};

/// Something that changed. Another `kind` is another variant; receivers pass over kinds that they do
/// not know.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A hall's meal looks otherwise than usual, or as usual again.
    Drift(Turn),
}

impl Event {
    /// The word in the column and in the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Drift(_) => "drift",
        }
    }
}

/// A verdict on a hall's meal that is another than before.
#[derive(Debug, Clone, Serialize)]
pub struct Turn {
    /// Whose page it is.
    pub vendor: Vendor,
    /// Where.
    pub hall_id: HallId,
    /// What.
    pub meal: Meal,
    /// The day whose reading decided it.
    pub date: NaiveDate,
    /// What was thought of it.
    pub from: Verdict,
    /// What is thought of it now.
    pub to: Verdict,
    /// Why, where it is not "ok".
    pub signs: Vec<Sign>,
    /// When that reading was made.
    #[serde(rename = "at", serialize_with = "as_instant")]
    pub at: DateTime<Utc>,
}

fn as_instant<S: serde::Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&instant(*at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Signal;

    #[test]
    fn an_alert_has_the_shape_that_is_written_down() {
        let sign = Sign {
            signal: Signal::Items,
            is_strong: true,
            now: 12.0,
            usual: 60.5,
            words: Vec::new(),
        };
        let turn = Turn {
            vendor: Vendor::BonAppetit,
            hall_id: HallId::Collins,
            meal: Meal::Lunch,
            date: "2026-11-23".parse().unwrap(),
            from: Verdict::Ok,
            to: Verdict::Drift,
            signs: vec![sign],
            at: "2026-11-23T18:02:11Z".parse().unwrap(),
        };
        assert_eq!(
            serde_json::to_value(Event::Drift(turn)).unwrap(),
            serde_json::json!({
                "kind": "drift", "vendor": "bon_appetit", "hall_id": "collins", "meal": "lunch",
                "date": "2026-11-23", "from": "ok", "to": "drift", "at": "2026-11-23T18:02:11Z",
                "signs": [{"signal": "items", "is_strong": true, "now": 12.0, "usual": 60.5, "words": []}],
            })
        );
    }
}
