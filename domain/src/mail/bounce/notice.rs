//! Notices of a sending service, as Amazon SES sends them through its notification service: JSON in the body.

use serde_json::Value;

use super::{
    super::MessageKind, BounceReason, DeliveryAction, Draft, READ_MAX, RecipientReport, conclude,
    plain,
};

/// What such a notice is about; none if a text is no such notice.
pub(in super::super) fn kind(body: &str) -> Option<MessageKind> {
    match value(body)?.get("notificationType")?.as_str()? {
        "Bounce" => Some(MessageKind::Bounce),
        "Complaint" => Some(MessageKind::Complaint),
        "Delivery" => Some(MessageKind::DeliveryNotice),
        _ => None,
    }
}

/// Its recipients.
pub(super) fn recipients(body: &str) -> Vec<RecipientReport> {
    let Some(notice) = value(body) else { return Vec::new() };
    match notice["notificationType"].as_str() {
        Some("Bounce") => list(&notice["bounce"]["bouncedRecipients"]).map(bounced).collect(),
        Some("Complaint") => list(&notice["complaint"]["complainedRecipients"])
            .map(|it| plain(address(&it["emailAddress"]), None, BounceReason::Feedback))
            .collect(),
        Some("Delivery") => {
            let answer = text(&notice["delivery"]["smtpResponse"]);
            list(&notice["delivery"]["recipients"]).map(|it| delivered(it, &answer)).collect()
        }
        _ => Vec::new(),
    }
}

/// The first value of a text that begins with one. The service breaks long lines anywhere.
fn value(body: &str) -> Option<Value> {
    let begin = body.trim_start();
    if !begin.starts_with("{\"notificationType\"") {
        return None;
    }
    let whole: String = begin.chars().filter(|letter| *letter != '\n').collect();
    serde_json::Deserializer::from_str(&whole).into_iter().next()?.ok()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().take(READ_MAX)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn address(value: &Value) -> Option<String> {
    super::address::of_field(value.as_str()?)
}

fn bounced(it: &Value) -> RecipientReport {
    let diagnostic = text(&it["diagnosticCode"]);
    let draft = Draft {
        address: address(&it["emailAddress"]),
        action: it["action"].as_str().and_then(|action| action.parse().ok()),
        status: it["status"].as_str().and_then(|status| status.parse().ok()),
        diagnostic: super::report::answer(&diagnostic).to_owned(),
        ..Draft::default()
    };
    conclude(draft, DeliveryAction::Failed, "", None)
}

fn delivered(it: &Value, answer: &str) -> RecipientReport {
    let draft = Draft {
        address: address(it),
        action: Some(DeliveryAction::Delivered),
        diagnostic: answer.to_owned(),
        ..Draft::default()
    };
    conclude(draft, DeliveryAction::Delivered, "", None)
}
