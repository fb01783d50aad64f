//! Times of the browser's zone beside times in UTC. Only the browser knows the zone; without JavaScript there is UTC alone.

use js_sys::Date;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::all;

/// The times that have none of the browser's zone yet.
const TIMES: &str = "time[data-stamp]:not([data-local])";

/// Completes the times of the page once. Shows nothing itself.
#[island]
pub fn LocalTimes() -> impl IntoView {
    Effect::new(|_| complete());
}

/// Completes the times that are not complete yet, such as those of new results.
pub(super) fn complete() {
    for time in all(TIMES) {
        let Some(stated) = time.get_attribute("datetime") else {
            continue;
        };
        let at = Date::new(&JsValue::from_str(&stated));
        let Some(words) = local(&at) else {
            continue;
        };
        let _ = time.set_attribute("data-local", &words);
    }
}

/// Returns the time in the browser's zone, with the date if it is another one; none if the zone is UTC.
fn local(at: &Date) -> Option<String> {
    // Minutes that UTC is ahead of the zone.
    let behind = at.get_timezone_offset();
    if !behind.is_finite() || behind == 0.0 {
        return None;
    }
    let date = if at.get_date() == at.get_utc_date() {
        String::new()
    } else {
        format!(
            "{}-{:02}-{:02} ",
            at.get_full_year(),
            at.get_month() + 1,
            at.get_date()
        )
    };
    let time = format!(
        "{:02}:{:02}:{:02}",
        at.get_hours(),
        at.get_minutes(),
        at.get_seconds()
    );
    Some(format!("{date}{time} UTC{}", offset(-behind)))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an offset is less than a day of minutes"
)]
fn offset(ahead: f64) -> String {
    let minutes = ahead as i32;
    let sign = if minutes < 0 { "\u{2212}" } else { "+" };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    if rest == 0 {
        format!("{sign}{hours}")
    } else {
        format!("{sign}{hours}:{rest:02}")
    }
}
