//! Instants for people: how long ago or until, with the full UTC time on hover and in `datetime`. `now` is
//! the request's own instant, so that one page never disagrees with itself; no clock is read here.

use domain::time::Timestamp;
use leptos::prelude::*;

/// "12 min ago", "in 3 h", with the absolute time in its title.
#[component]
pub fn Time(
    /// The instant.
    at: Timestamp,
    /// The request's instant.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.minute());
    view! { <time datetime=at.rfc3339() title=absolute>{relative(at, now)}</time> }.into_any()
}

/// "2026-11-23 09:14 UTC", with how long ago in its title.
#[component]
pub fn AbsoluteTime(
    /// The instant.
    at: Timestamp,
    /// The request's instant.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.minute());
    view! { <time datetime=at.rfc3339() title=relative(at, now)>{absolute}</time> }.into_any()
}

/// "2026-11-23 09:14:05 UTC", with how long ago in its title: for histories, where the order matters.
#[component]
pub fn ExactTime(
    /// The instant.
    at: Timestamp,
    /// The request's instant.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.second());
    view! { <time datetime=at.rfc3339() title=relative(at, now)>{absolute}</time> }.into_any()
}

/// "2026-11-23", with the minute in its title: for columns of *since*.
#[component]
pub fn Day(
    /// The instant.
    at: Timestamp,
) -> impl IntoView {
    let minute = format!("{} UTC", at.minute());
    let day: String = minute.chars().take(10).collect();
    view! { <time datetime=at.rfc3339() title=minute>{day}</time> }.into_any()
}

/// In the largest unit that keeps at least one whole; days from two days on, then the date. What is still to come
/// is told to the minute, and never as more time than there is.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let past = at <= now;
    let span = if past { now.since(at) } else { at.since(now) };
    let seconds = span.as_seconds();
    let span = match seconds {
        0..60 if past => return "just now".into(),
        0..60 => return "in under a minute".into(),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 if !past && seconds % 3_600 >= 60 => {
            format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60)
        }
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800..5_184_000 => format!("{} days", seconds / 86_400),
        _ => return at.minute().chars().take(10).collect(),
    };
    if past {
        format!("{span} ago")
    } else {
        format!("in {span}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Duration;

    #[test]
    fn the_past_and_the_future_are_told_apart_and_rounded_down() {
        let now = Timestamp(1_795_425_245_000);
        let ago = |d: Duration| relative(now - d, now);
        let ahead = |d: Duration| relative(now + d, now);
        assert_eq!(ago(Duration::seconds(0)), "just now");
        assert_eq!(ago(Duration::seconds(59)), "just now");
        assert_eq!(ago(Duration::seconds(119)), "1 min ago");
        assert_eq!(ago(Duration::hours(47)), "47 h ago");
        assert_eq!(ago(Duration::days(3)), "3 days ago");
        assert_eq!(ago(Duration::days(90)), "2026-08-25");
        assert_eq!(ahead(Duration::seconds(50)), "in under a minute");
        assert_eq!(ahead(Duration::minutes(59)), "in 59 min");
        assert_eq!(ahead(Duration::minutes(179)), "in 2 h 59 min");
        assert_eq!(ahead(Duration::hours(3)), "in 3 h");
        // A thousandth less than three hours is not three hours.
        assert_eq!(ahead(Duration(Duration::hours(3).0 - 1)), "in 2 h 59 min");
        assert_eq!(
            ahead(Duration(Duration::minutes(1).0 - 1)),
            "in under a minute"
        );
    }
}
