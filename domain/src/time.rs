//! Instants and durations in milliseconds UTC, as stored in the database and the ledger.
//!
//! Never reads a clock: `now` is always a parameter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant: Unix milliseconds, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A duration in milliseconds; never negative for an access window.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Duration(pub i64);

impl Duration {
    /// Returns a duration of `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1_000)
    }
    /// Returns a duration of `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n * 60)
    }
    /// Returns a duration of `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self::minutes(n * 60)
    }
    /// Returns a duration of `n` days of 24 hours each.
    pub const fn days(n: i64) -> Self {
        Self::hours(n * 24)
    }
    /// Returns the whole seconds, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }
    /// Formats the duration: "90 seconds", "45 minutes", "1 hour", "2 hours 30 minutes".
    pub fn words(self) -> String {
        let seconds = self.as_seconds();
        let minutes = seconds / 60;
        let count = |n: i64, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        if seconds % 60 != 0 {
            return count(seconds, "second");
        }
        match (minutes / 60, minutes % 60) {
            (0, minutes) => count(minutes, "minute"),
            (hours, 0) => count(hours, "hour"),
            (hours, minutes) => format!("{} {}", count(hours, "hour"), count(minutes, "minute")),
        }
    }
}

impl Timestamp {
    /// Formats as RFC 3339 in UTC with milliseconds, as in the ledger: `2026-11-23T09:14:05.120Z`.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => format!(
                "{}.{:03}Z",
                t.strftime("%Y-%m-%dT%H:%M:%S"),
                self.0.rem_euclid(1_000)
            ),
            // Outside the years -9999 to 9999 there is no calendar date, so the number is written.
            Err(_) => format!("{}ms", self.0),
        }
    }

    /// Parses RFC 3339; digits below a millisecond are dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// Formats date and minute in UTC for people: `2026-11-23 09:14`.
    pub fn minute(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| self.rfc3339(),
            |t| t.strftime("%Y-%m-%d %H:%M").to_string(),
        )
    }

    /// Formats date and minute in UTC for a field of a form: `2026-11-23T09:14`.
    pub fn form_minute(self) -> String {
        self.minute().replace(' ', "T")
    }

    /// Parses date and minute in UTC, as a field of a form sends them; seconds may follow.
    pub fn parse_form_minute(text: &str) -> Option<Self> {
        let time: jiff::civil::DateTime = text.parse().ok()?;
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(time.timestamp().as_millisecond()))
    }

    /// Formats date and second in UTC for people, where the order of events matters: `2026-11-23 09:14:05`.
    pub fn second(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| self.rfc3339(),
            |t| t.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        )
    }

    /// Returns the time elapsed since `earlier`; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0 - earlier.0)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.0))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.0))
    }
}

/// A calendar day in UTC, stored as `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

/// A text that is no calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is a year, a month and a day, such as 2026-11-23")]
pub struct InvalidDate;

impl Date {
    /// Parses `2026-11-23`, and no other spelling.
    pub fn parse(text: &str) -> Result<Self, InvalidDate> {
        let date: jiff::civil::Date = text.parse().map_err(|_| InvalidDate)?;
        if date.to_string() == text {
            Ok(Self(date))
        } else {
            Err(InvalidDate)
        }
    }

    /// Returns the day of an instant; none outside the years -9999 to 9999.
    pub fn of(instant: Timestamp) -> Option<Self> {
        let instant = jiff::Timestamp::from_millisecond(instant.0).ok()?;
        Some(Self(instant.to_zoned(jiff::tz::TimeZone::UTC).date()))
    }

    /// Returns the number of days from this day to that of an instant; negative if the instant is before this day.
    pub fn days_until(self, instant: Timestamp) -> i64 {
        let start = self.0.to_zoned(jiff::tz::TimeZone::UTC);
        let start = start.map_or(i64::MAX, |start| start.timestamp().as_millisecond());
        instant
            .0
            .saturating_sub(start)
            .div_euclid(Duration::days(1).0)
    }

    /// Returns the next day; the last day of the calendar has none and stays.
    #[must_use]
    pub fn tomorrow(self) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(1)))
    }

    /// Returns the same day so many months later; the last day of a month that is too short for it.
    #[must_use]
    pub fn months_later(self, months: i8) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().months(months)))
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        Self::parse(&text)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_spelling_has_three_digits_of_milliseconds_and_a_z() {
        assert_eq!(
            Timestamp(1_795_425_245_007).rfc3339(),
            "2026-11-23T09:14:05.007Z"
        );
        assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_length_is_told_in_hours_and_minutes() {
        for (length, words) in [
            (Duration::minutes(45), "45 minutes"),
            (Duration::seconds(90), "90 seconds"),
            (Duration::hours(1), "1 hour"),
            (Duration::minutes(150), "2 hours 30 minutes"),
        ] {
            assert_eq!(length.words(), words);
        }
    }

    #[test]
    fn a_time_of_a_form_is_read_as_utc() {
        let time = Timestamp::parse_rfc3339("2026-11-30T15:04:00Z");
        assert_eq!(Timestamp::parse_form_minute("2026-11-30T15:04"), time);
        assert_eq!(Timestamp::parse_form_minute("2026-11-30T15:04:00"), time);
        assert_eq!(
            time.map(Timestamp::form_minute).as_deref(),
            Some("2026-11-30T15:04")
        );
        for text in ["", "15:04", "tomorrow", "2026-13-30T15:04"] {
            assert_eq!(Timestamp::parse_form_minute(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_has_one_spelling() {
        let date = Date::parse("2028-02-29").expect("a leap day");
        assert_eq!(date.to_string(), "2028-02-29");
        assert_eq!(date.tomorrow().to_string(), "2028-03-01");
        assert_eq!(date.months_later(12).to_string(), "2029-02-28");
        assert_eq!(date.months_later(6).to_string(), "2028-08-29");
        let noon = Timestamp::parse_rfc3339("2028-03-01T12:00:00Z").expect("a time");
        assert_eq!(date.days_until(noon), 1);
        assert_eq!(date.tomorrow().days_until(noon), 0);
        assert_eq!(date.tomorrow().tomorrow().days_until(noon), -1);
        let stored = serde_json::to_string(&date).expect("writable");
        assert_eq!(stored, r#""2028-02-29""#);
        assert_eq!(
            serde_json::from_str::<Date>(&stored).expect("readable"),
            date
        );
        for text in [
            "",
            "2027-02-29",
            "2028-2-29",
            "20280229",
            "2028-02-29T00:00",
            " 2028-02-29",
            "29.02.2028",
        ] {
            assert_eq!(Date::parse(text), Err(InvalidDate), "{text}");
        }
        assert_eq!(
            Date::of(Timestamp(1_795_425_245_007)),
            Date::parse("2026-11-23").ok()
        );
        assert_eq!(Date::of(Timestamp(i64::MAX)), None);
    }

    #[test]
    fn parsing_gives_back_what_was_written() {
        let t = Timestamp(1_795_425_245_007);
        assert_eq!(Timestamp::parse_rfc3339(&t.rfc3339()), Some(t));
    }
}
