//! Times for display: relative, with the full UTC time in `title` and `datetime`. `now` is the time of the request, so
//! that a page is consistent; this module never reads a clock.

use domain::time::{Duration, Timestamp};
use leptos::prelude::*;

/// A relative time ("12 min ago", "in 3 h"), with the absolute time in its title.
#[component]
pub fn Time(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.minute());
    view! { <time datetime=at.rfc3339() title=absolute>{relative(at, now)}</time> }.into_any()
}

/// An absolute time to the minute ("2026-11-23 09:14 UTC"), with the relative time in its title.
#[component]
pub fn AbsoluteTime(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.minute());
    view! { <time datetime=at.rfc3339() title=relative(at, now)>{absolute}</time> }.into_any()
}

/// An absolute time to the minute, with the relative one behind it ("2026-11-23 09:14 UTC, 12 min ago"). For what somebody
/// waits for.
#[component]
pub fn StatedTime(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    view! { <AbsoluteTime at now /> <span class="text-muted">", " {relative(at, now)}</span> }
        .into_any()
}

/// An absolute time to the second ("2026-11-23 09:14:05 UTC"), with the relative time in its title. For histories.
#[component]
pub fn ExactTime(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let absolute = format!("{} UTC", at.second());
    view! { <time datetime=at.rfc3339() title=relative(at, now)>{absolute}</time> }.into_any()
}

/// An absolute time to the second in UTC. With JavaScript, the time of the browser's zone stands beside it
/// (`islands/local_times.rs`): the server does not know that zone.
#[component]
pub fn StampedTime(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let second = at.second();
    view! {
        <time datetime=at.rfc3339() title=relative(at, now) data-stamp>
            <span>{second} " UTC"</span>
        </time>
    }
    .into_any()
}

/// The time of a row in a list whose column says that times are in UTC: the date is the lighter part. With JavaScript, as
/// [`StampedTime`].
#[component]
pub fn ListedTime(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let second = at.second();
    let (day, time) = second.split_once(' ').unwrap_or(("", &second));
    let (day, time) = (day.to_owned(), time.to_owned());
    view! {
        <time datetime=at.rfc3339() title=relative(at, now) data-stamp>
            <span><span class="text-muted">{day}</span> " " {time}</span>
        </time>
    }
    .into_any()
}

/// The time of day of a row below a heading with its day. With JavaScript, as [`StampedTime`].
#[component]
pub fn TimeOfDay(
    at: Timestamp,
    /// The time of the request.
    now: Timestamp,
) -> impl IntoView {
    let second = at.second();
    let time = second.split_once(' ').map_or(&*second, |(_, time)| time);
    let time = time.to_owned();
    view! {
        <time datetime=at.rfc3339() title=relative(at, now) data-stamp>
            <span>{time}</span>
        </time>
    }
    .into_any()
}

/// Returns the day of an instant in UTC ("2026-11-23").
pub fn day_of(at: Timestamp) -> String {
    at.minute().chars().take(DATE).collect()
}

/// A date ("2026-11-23"), with the time to the minute in its title. For *since* columns.
#[component]
pub fn Day(at: Timestamp) -> impl IntoView {
    let minute = format!("{} UTC", at.minute());
    let day: String = minute.chars().take(10).collect();
    view! { <time datetime=at.rfc3339() title=minute>{day}</time> }.into_any()
}

/// Formats a time relative to `now` in minutes, hours (up to 48) or days (up to 60), rounded down, and as a date beyond
/// that. Future times within 48 hours are exact to the minute.
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

/// Formats a duration in short ("30 min", "1 h", "1 h 30 min").
pub fn short_duration(duration: Duration) -> String {
    let minutes = duration.as_seconds() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Renders when something changed outside Leastwise: after the last read before it, and by the first one that shows it.
pub fn seen_between(after: Timestamp, by: Timestamp, now: Timestamp) -> AnyView {
    let (from, until) = (after.minute(), by.minute());
    if from == until {
        return view! { "seen " <AbsoluteTime at=by now /> }.into_any();
    }
    let words = interval(&from, &until);
    view! { <time data-interval datetime=by.rfc3339() title=relative(by, now)>{words}</time> }
        .into_any()
}

/// Describes the time between two minutes. The day is said once if it is the same.
fn interval(from: &str, until: &str) -> String {
    let (days, times) = (from.split_once(' '), until.split_once(' '));
    match (days, times) {
        (Some((day, from)), Some((same, until))) if day == same => {
            format!("changed on {day} between {from} and {until} UTC")
        }
        _ => format!("changed between {from} UTC and {until} UTC"),
    }
}

/// The number of characters of a date.
const DATE: usize = "2026-11-23".len();

/// Renders a text in which no date breaks at a hyphen.
pub fn with_dates(text: &str) -> AnyView {
    let mut rest = text;
    let mut parts: Vec<AnyView> = Vec::new();
    while let Some(at) = first_date(rest) {
        let (before, date) = (rest[..at].to_owned(), rest[at..at + DATE].to_owned());
        parts.push(view! { {before} <time>{date}</time> }.into_any());
        rest = &rest[at + DATE..];
    }
    let rest = rest.to_owned();
    view! { {parts} {rest} }.into_any()
}

/// Returns where the first date of a text begins.
fn first_date(text: &str) -> Option<usize> {
    let is_date = |part: &[u8]| {
        let mut part = part.iter().enumerate();
        part.all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    text.as_bytes().windows(DATE).position(is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_short() {
        let of = |minutes| short_duration(Duration::minutes(minutes));
        assert_eq!([of(30), of(60), of(90)], ["30 min", "1 h", "1 h 30 min"]);
    }

    #[test]
    fn the_day_of_an_interval_is_said_once() {
        assert_eq!(
            interval("2026-12-01 01:46", "2026-12-01 01:47"),
            "changed on 2026-12-01 between 01:46 and 01:47 UTC"
        );
        assert_eq!(
            interval("2026-11-30 23:59", "2026-12-01 00:01"),
            "changed between 2026-11-30 23:59 UTC and 2026-12-01 00:01 UTC"
        );
    }

    #[test]
    fn dates_are_found_in_a_text() {
        assert_eq!(first_date("From 2026-12-02 to 2027-06-01."), Some(5));
        assert_eq!(first_date("é 2026-12-02"), Some(3));
        for none in ["", "2026", "OPS-2026-1", "2026-1-02", "20261202"] {
            assert_eq!(first_date(none), None, "{none}");
        }
    }

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
        // One millisecond less than three hours is rounded down.
        assert_eq!(ahead(Duration(Duration::hours(3).0 - 1)), "in 2 h 59 min");
        assert_eq!(
            ahead(Duration(Duration::minutes(1).0 - 1)),
            "in under a minute"
        );
    }
}
