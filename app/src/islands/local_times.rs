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
        let Some(words) = local(&stated) else {
            continue;
        };
        let _ = time.set_attribute("data-local", &words);
    }
}

/// Returns a time in the browser's zone, with the date if it is another one; none if the zone is UTC.
fn local(stated: &str) -> Option<String> {
    let at = Date::new(&JsValue::from_str(stated));
    // Minutes that UTC is ahead of the zone.
    let behind = at.get_timezone_offset() * 60_000.0;
    if !behind.is_finite() || behind == 0.0 {
        return None;
    }
    let there = in_utc(at.get_time() - behind);
    let (date, time) = (there.get(..10)?, there.get(11..19)?);
    let other_date = if stated.starts_with(date) {
        String::new()
    } else {
        format!("{date} ")
    };
    let sign = if behind > 0.0 { "\u{2212}" } else { "+" };
    let offset = in_utc(behind.abs());
    let offset = offset.get(11..16)?;
    let offset = offset.strip_prefix('0').unwrap_or(offset);
    let offset = offset.strip_suffix(":00").unwrap_or(offset);
    Some(format!("{other_date}{time} UTC{sign}{offset}"))
}

/// Returns date and time of an instant: `2026-11-30T15:04:05.000Z`.
fn in_utc(milliseconds: f64) -> String {
    Date::new(&JsValue::from_f64(milliseconds))
        .to_iso_string()
        .into()
}
