//! How long the record is kept, and where it is mirrored.

use std::time::Duration;

use super::AuditSettings;
use super::read::{Reader, Source};
use crate::domain::ids::ChannelId;
use crate::domain::policy::Policy;

const DAY: Duration = Duration::from_secs(86_400);
/// A hundred years are for ever.
const MOST_DAYS: u32 = 36_500;

pub(super) fn read<S: Source>(
    reader: &mut Reader<'_, S>,
    policy: &Policy,
    others: &[Option<ChannelId>],
) -> AuditSettings {
    let retention = retention(reader, "AUDIT_RETENTION");
    let channel = reader.optional_id("AUDIT_CHANNEL_ID").map(ChannelId);
    if let Some(channel) = channel
        && (policy.everywhere().alert_channel == channel || others.contains(&Some(channel)))
    {
        reader.mistake(
            "AUDIT_CHANNEL_ID",
            "is a channel of alerts: name another one, so that nothing waits for it there",
        );
    }
    AuditSettings { retention, channel }
}

/// For how long something is kept, in days; `None` is for ever.
pub(super) fn retention<S: Source>(reader: &mut Reader<'_, S>, name: &'static str) -> Option<Duration> {
    let retention = days(&reader.text(name));
    if retention.is_none() {
        reader.mistake(name, format!("must be days, from 1d to {MOST_DAYS}d, or forever"));
    }
    retention.flatten()
}

/// `None` if it is no number of days; within it, `None` is for ever.
fn days(text: &str) -> Option<Option<Duration>> {
    let text = text.to_lowercase();
    if ["forever", "0", "0d"].contains(&text.as_str()) {
        return Some(None);
    }
    let days: u32 = text.strip_suffix('d')?.trim().parse().ok()?;
    (1..=MOST_DAYS).contains(&days).then(|| Some(DAY * days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_days_or_for_ever() {
        assert_eq!(days("400d"), Some(Some(DAY * 400)));
        assert_eq!(days("1 d"), Some(Some(DAY)));
        for forever in ["forever", "Forever", "0", "0d"] {
            assert_eq!(days(forever), Some(None), "{forever}");
        }
        for wrong in ["", "400", "-1d", "1h", "36501d", "soon"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }
}
