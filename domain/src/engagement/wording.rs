//! What each letter says between its greeting and its closing.
//!
//! A changed wording is a new version in the template's name: a record tells what was sent.

use crate::engagement::letter::LastOrder;
use crate::engagement::shown::{clean, name_or};
use crate::time::Date;

/// Longest next step that is shown: a sentence, where a name is a few words.
pub const NEXT_STEP_CHARS_MAX: usize = 160;

/// The names that every letter may use, cleaned.
pub(super) struct Names {
    pub(super) client: String,
    pub(super) tenant: String,
    pub(super) signature: String,
}

/// What one purpose adds to the frame of a letter.
pub(super) struct Draft {
    pub(super) subject: String,
    /// One line each.
    pub(super) paragraphs: Vec<String>,
    pub(super) template: &'static str,
}

/// How are things; a first letter introduces its writer.
pub(super) fn touch(
    names: &Names,
    last_order: Option<LastOrder<'_>>,
    open_deal: Option<&str>,
    never_touched: bool,
) -> Draft {
    let Names { client, tenant, signature } = names;
    let mut paragraphs = vec![if never_touched {
        format!(
            "My name is {signature}, and I am writing to introduce myself on behalf of {tenant}."
        )
    } else {
        format!("I am writing to ask how things are going at {client}.")
    }];
    if let Some(order) = last_order {
        let number = name_or(order.number, "one");
        let date = written(order.ordered_on);
        paragraphs.push(format!(
            "The latest order we have on file is {number} of {date}. If anything about it is not \
             as you expected, please let me know."
        ));
    }
    if let Some(deal_name) = open_deal {
        let deal = name_or(deal_name, "Our open proposal");
        paragraphs.push(format!(
            "“{deal}” is still open on our side. If you need anything from us for it, please say \
             so."
        ));
    }
    paragraphs.push(format!(
        "Is there anything that we could do for {client} at the moment? A short reply is enough."
    ));
    let subject = if never_touched {
        format!("Hello from {tenant}")
    } else {
        format!("A word from {tenant}")
    };
    Draft { subject, paragraphs, template: "touch/1" }
}

/// What is the next step?
pub(super) fn deal(
    names: &Names,
    deal_name: &str,
    stage_name: &str,
    next_step: Option<&str>,
) -> Draft {
    let deal = name_or(deal_name, "our open proposal");
    let stage = name_or(stage_name, "open");
    let client = &names.client;
    let step =
        next_step.map(|step| clean(step, NEXT_STEP_CHARS_MAX)).filter(|step| !step.is_empty());
    let ask = match step {
        Some(step) => format!(
            "The next step that we have noted is “{step}”. Does it still suit you, and when would \
             be a good time?"
        ),
        None => {
            "What would be a good next step from your side, and when would it suit you?".to_owned()
        }
    };
    let paragraphs = vec![
        format!("I am writing about “{deal}” for {client}. In our records it stands at “{stage}”."),
        ask,
        "If your plans have changed, that would be just as good to know.".to_owned(),
    ];
    Draft { subject: format!("Next step for {deal}"), paragraphs, template: "deal_follow_up/1" }
}

/// Have you decided?
pub(super) fn quote(
    names: &Names,
    number: &str,
    submitted_on: Date,
    valid_until: Option<Date>,
) -> Draft {
    let paragraphs = vec![
        quote_in_question(names, number, submitted_on, valid_until),
        "Have you come to a decision, or is there anything in it that we should explain?"
            .to_owned(),
        "If you have decided against it, a word about the reason would help us.".to_owned(),
    ];
    Draft { subject: quote_subject(names, number), paragraphs, template: "quote_follow_up/1" }
}

/// Has it arrived?
pub(super) fn quote_receipt(
    names: &Names,
    number: &str,
    submitted_on: Date,
    valid_until: Option<Date>,
) -> Draft {
    let paragraphs = vec![
        quote_in_question(names, number, submitted_on, valid_until),
        "Could you let me know whether it has reached you, and whether it is complete?".to_owned(),
    ];
    Draft { subject: quote_subject(names, number), paragraphs, template: "quote_receipt/1" }
}

fn quote_subject(names: &Names, number: &str) -> String {
    let number = name_or(number, "for you");
    format!("Our quote {number} ({})", names.tenant)
}

fn quote_in_question(
    names: &Names,
    number: &str,
    submitted_on: Date,
    valid_until: Option<Date>,
) -> String {
    let number = name_or(number, "without a number");
    let validity = valid_until
        .map(|date| format!(" It is valid until {}.", written(date)))
        .unwrap_or_default();
    format!(
        "I am writing about our quote {number}, which we submitted to {} on {}.{validity}",
        names.client,
        written(submitted_on),
    )
}

/// Something is missing, and due.
pub(super) fn compliance(names: &Names, item_name: &str, due_on: Date) -> Draft {
    let item = name_or(item_name, "a document");
    let due = written(due_on);
    let paragraphs = vec![
        format!(
            "Our records for {} are still missing “{item}”, which is due on {due}.",
            names.client
        ),
        "Could you send it in reply to this mail? If something stands in the way, please tell us."
            .to_owned(),
        "If it is already on its way, thank you, and please disregard this reminder.".to_owned(),
    ];
    Draft {
        subject: format!("Reminder: {item}, due on {due}"),
        paragraphs,
        template: "compliance/1",
    }
}

/// A date without any doubt about day and month, such as `3 November 2026`.
fn written(date: Date) -> String {
    date.format("%-d %B %Y").to_string()
}
