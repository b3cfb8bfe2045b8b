//! Dates as texts (ISO 8601).

use time::{
    OffsetDateTime, PrimitiveDateTime,
    format_description::{BorrowedFormatItem, well_known::Iso8601},
    macros::format_description,
};

const SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+00:00");
const MICROSECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]+00:00");

/// A time in seconds since 1970, if its year has four digits.
pub(super) fn seconds_to_text(seconds: i64) -> Option<String> {
    format(OffsetDateTime::from_unix_timestamp(seconds).ok()?, SECONDS)
}

/// A time in microseconds since 1970, if its year has four digits.
pub(super) fn microseconds_to_text(microseconds: i64) -> Option<String> {
    let nanoseconds = i128::from(microseconds) * 1000;
    format(
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?,
        MICROSECONDS,
    )
}

fn format(time: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> Option<String> {
    if time.year() < 0 {
        return None;
    }
    time.format(format).ok()
}

/// The whole seconds since 1970; what is less than a second is cut off.
pub(super) fn seconds_from_text(text: &str) -> Option<i64> {
    parse(text).map(OffsetDateTime::unix_timestamp)
}

/// The whole microseconds since 1970.
pub(super) fn microseconds_from_text(text: &str) -> Option<i64> {
    i64::try_from(parse(text)?.unix_timestamp_nanos().div_euclid(1000)).ok()
}

/// A time without an offset is Universal Time.
fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Iso8601::DEFAULT)
        .or_else(|_| {
            PrimitiveDateTime::parse(text, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc)
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_offsets_and_fractions_and_without() {
        for (text, seconds) in [
            ("1970-01-01T00:00:06+00:00", 6),
            ("1970-01-01T00:00:06Z", 6),
            ("1970-01-01T00:00:06", 6),
            ("2000-02-02T00:00:00+10:00", 949_413_600),
            ("2000-02-01T09:00:00-05:00", 949_413_600),
            ("1970-01-01T00:00:06.999999", 6),
            ("1969-12-31T23:59:59.5Z", -1),
        ] {
            assert_eq!(seconds_from_text(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2000-13-01T00:00:00Z",
            "2000-02-30T00:00:00Z",
            "T",
            "-",
            "1970-01-01T25:00:00Z",
        ] {
            assert_eq!(seconds_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_exactly_and_read_back() {
        assert_eq!(
            seconds_to_text(6).as_deref(),
            Some("1970-01-01T00:00:06+00:00")
        );
        let text = microseconds_to_text(1_500_000).unwrap();
        assert_eq!(text, "1970-01-01T00:00:01.500000+00:00");
        for time in [0, 1, -1, 1_700_000_000, 253_402_300_799, -62_167_219_200] {
            assert_eq!(
                seconds_to_text(time).and_then(|text| seconds_from_text(&text)),
                Some(time)
            );
            let micro = time.saturating_mul(1000) + 7;
            let text = microseconds_to_text(micro).unwrap();
            assert_eq!(microseconds_from_text(&text), Some(micro), "{text}");
        }
        for beyond in [i64::MAX, i64::MIN, 253_402_300_800, -62_167_219_201] {
            assert_eq!(seconds_to_text(beyond), None);
        }
    }
}
