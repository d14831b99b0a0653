//! Short courteous letters that need no model: built from facts of the CRM, the same every time.
//!
//! A letter claims nothing that the CRM does not hold, promises nothing and names no price. Names
//! are data: whatever was imported, it adds no header, no line and no hidden text to a letter.
//! Whether a letter may leave, and to which address, is not decided here.

use crate::engagement::shown::{NAME_CHARS_MAX, clean, clip, name_or};
use crate::engagement::wording::{Names, compliance, deal, quote, quote_receipt, touch};
use crate::time::Date;

/// No subject is longer; two names and the words around them fit.
pub const SUBJECT_CHARS_MAX: usize = 150;

/// The way out that every letter offers.
const WAY_OUT: &str = "If you would rather not hear from us by mail, just tell us.";

/// Everything a letter is built from. All text is taken as data, and cleaned before it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterFacts<'a> {
    /// The recipient's display name; without one the greeting is plain.
    pub recipient_name: Option<&'a str>,
    /// The company at the other end.
    pub client_name: &'a str,
    /// The company that writes.
    pub tenant_name: &'a str,
    /// Who signs.
    pub signature_name: &'a str,
    /// Why we write.
    pub purpose: Purpose<'a>,
}

/// Why a letter is written, with the facts of that purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The engagement clock is due.
    Touch {
        /// The newest order on file.
        last_order: Option<LastOrder<'a>>,
        /// The name of a deal that is open.
        open_deal: Option<&'a str>,
        /// Whether this is the first contact on file: then the letter introduces its writer.
        never_touched: bool,
    },
    /// A deal is stalled: ask for the next step.
    Deal {
        /// The deal as the client knows it.
        deal_name: &'a str,
        /// Its stage, in words that a client may read.
        stage_name: &'a str,
        /// The next step on file, if it is one that a client may read: it is quoted.
        next_step: Option<&'a str>,
    },
    /// A quote waits for its confirmation or for a decision.
    Quote {
        /// Its number.
        quote_number: &'a str,
        /// When it was submitted.
        submitted_on: Date,
        /// Its last day, if it has one.
        valid_until: Option<Date>,
        /// Whether the client said that it has arrived; until then the letter asks.
        receipt_confirmed: bool,
    },
    /// A compliance item is due soon.
    Compliance {
        /// What is missing, such as an insurance certificate.
        item_name: &'a str,
        /// By when.
        due_on: Date,
    },
}

/// An order as a letter mentions it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastOrder<'a> {
    /// Its number.
    pub number: &'a str,
    /// Its date.
    pub ordered_on: Date,
}

/// A letter ready to be addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedLetter {
    /// One line of at most [`SUBJECT_CHARS_MAX`] characters, none of them a control character.
    pub subject: String,
    /// Plain text; lines end with `\n`, and paragraphs stand apart by an empty line.
    pub body: String,
    /// Which wording was used, as name and version, such as `touch/1`.
    pub template: &'static str,
}

/// Writes a letter.
pub fn render(facts: &LetterFacts<'_>) -> RenderedLetter {
    let names = Names {
        client: name_or(facts.client_name, "your company"),
        tenant: name_or(facts.tenant_name, "our company"),
        signature: name_or(facts.signature_name, "Your account team"),
    };
    let draft = match facts.purpose {
        Purpose::Touch { last_order, open_deal, never_touched } => {
            touch(&names, last_order, open_deal, never_touched)
        }
        Purpose::Deal { deal_name, stage_name, next_step } => {
            deal(&names, deal_name, stage_name, next_step)
        }
        Purpose::Quote { quote_number, submitted_on, valid_until, receipt_confirmed } => {
            let number = clean(quote_number, NAME_CHARS_MAX);
            if receipt_confirmed {
                quote(&names, &number, submitted_on, valid_until)
            } else {
                quote_receipt(&names, &number, submitted_on, valid_until)
            }
        }
        Purpose::Compliance { item_name, due_on } => compliance(&names, item_name, due_on),
    };
    let greeting = match facts.recipient_name.map(|name| clean(name, NAME_CHARS_MAX)) {
        Some(name) if !name.is_empty() => format!("Hello {name},"),
        Some(_) | None => "Hello,".to_owned(),
    };
    let closing = format!("Kind regards,\n{}\n{}\n", names.signature, names.tenant);
    let mut paragraphs = vec![greeting];
    paragraphs.extend(draft.paragraphs);
    paragraphs.extend([WAY_OUT.to_owned(), closing]);
    RenderedLetter {
        subject: clip(&draft.subject, SUBJECT_CHARS_MAX),
        body: paragraphs.join("\n\n"),
        template: draft.template,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that some program takes for the end of a line.
    const LINE_BREAKS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn facts(purpose: Purpose<'_>) -> LetterFacts<'_> {
        LetterFacts {
            recipient_name: Some("Ada Byron"),
            client_name: "Mill & Sons",
            tenant_name: "Northwind Supplies",
            signature_name: "Sam Reed",
            purpose,
        }
    }

    /// The facts of every template, with one and the same text wherever a name goes.
    fn every_purpose(name: &str) -> Vec<Purpose<'_>> {
        let date = day("2026-09-30");
        let order = Some(LastOrder { number: name, ordered_on: date });
        let touch = |last_order, open_deal, never_touched| Purpose::Touch {
            last_order,
            open_deal,
            never_touched,
        };
        let deal = |next_step| Purpose::Deal { deal_name: name, stage_name: name, next_step };
        let quote = |valid_until, receipt_confirmed| Purpose::Quote {
            quote_number: name,
            submitted_on: date,
            valid_until,
            receipt_confirmed,
        };
        vec![
            touch(order, Some(name), false),
            touch(None, None, true),
            deal(Some(name)),
            deal(None),
            quote(Some(date), true),
            quote(None, false),
            Purpose::Compliance { item_name: name, due_on: date },
        ]
    }

    #[test]
    fn a_touch_asks_how_things_are() {
        let letter = render(&facts(Purpose::Touch {
            last_order: Some(LastOrder { number: "SO-1041", ordered_on: day("2026-10-03") }),
            open_deal: Some("Spring refit"),
            never_touched: false,
        }));
        assert_eq!(letter.subject, "A word from Northwind Supplies");
        assert_eq!(letter.template, "touch/1");
        let expected = "\
Hello Ada Byron,

I am writing to ask how things are going at Mill & Sons.

The latest order we have on file is SO-1041 of 3 October 2026. If anything about it is not as you \
expected, please let me know.

“Spring refit” is still open on our side. If you need anything from us for it, please say so.

Is there anything that we could do for Mill & Sons at the moment? A short reply is enough.

If you would rather not hear from us by mail, just tell us.

Kind regards,
Sam Reed
Northwind Supplies
";
        assert_eq!(letter.body, expected);
    }

    #[test]
    fn a_first_touch_introduces_its_writer() {
        let purpose = Purpose::Touch { last_order: None, open_deal: None, never_touched: true };
        let letter = render(&LetterFacts { recipient_name: None, ..facts(purpose) });
        assert_eq!(letter.subject, "Hello from Northwind Supplies");
        let expected = "\
Hello,

My name is Sam Reed, and I am writing to introduce myself on behalf of Northwind Supplies.

Is there anything that we could do for Mill & Sons at the moment? A short reply is enough.

If you would rather not hear from us by mail, just tell us.

Kind regards,
Sam Reed
Northwind Supplies
";
        assert_eq!(letter.body, expected);
    }

    #[test]
    fn a_deal_letter_asks_for_the_next_step() {
        let purpose =
            Purpose::Deal { deal_name: "Spring refit", stage_name: "Proposal", next_step: None };
        let letter = render(&facts(purpose));
        assert_eq!(letter.subject, "Next step for Spring refit");
        assert_eq!(letter.template, "deal_follow_up/1");
        let expected = "\
Hello Ada Byron,

I am writing about “Spring refit” for Mill & Sons. In our records it stands at “Proposal”.

What would be a good next step from your side, and when would it suit you?

If your plans have changed, that would be just as good to know.

If you would rather not hear from us by mail, just tell us.

Kind regards,
Sam Reed
Northwind Supplies
";
        assert_eq!(letter.body, expected);
        let with_step = render(&facts(Purpose::Deal {
            deal_name: "Spring refit",
            stage_name: "Proposal",
            next_step: Some("site visit in Leeds"),
        }));
        assert!(with_step.body.contains(
            "The next step that we have noted is “site visit in Leeds”. Does it still suit you, \
             and when would be a good time?"
        ));
    }

    #[test]
    fn a_quote_letter_asks_for_a_decision_once_it_has_arrived() {
        let purpose = |receipt_confirmed| Purpose::Quote {
            quote_number: "Q-77",
            submitted_on: day("2026-11-02"),
            valid_until: Some(day("2026-12-01")),
            receipt_confirmed,
        };
        let letter = render(&facts(purpose(true)));
        assert_eq!(letter.subject, "Our quote Q-77 (Northwind Supplies)");
        assert_eq!(letter.template, "quote_follow_up/1");
        let expected = "\
Hello Ada Byron,

I am writing about our quote Q-77, which we submitted to Mill & Sons on 2 November 2026. It is \
valid until 1 December 2026.

Have you come to a decision, or is there anything in it that we should explain?

If you have decided against it, a word about the reason would help us.

If you would rather not hear from us by mail, just tell us.

Kind regards,
Sam Reed
Northwind Supplies
";
        assert_eq!(letter.body, expected);
        let receipt = render(&facts(purpose(false)));
        assert_eq!(receipt.template, "quote_receipt/1");
        let ask = "Could you let me know whether it has reached you, and whether it is complete?\n";
        assert!(receipt.body.contains(ask), "{}", receipt.body);
    }

    #[test]
    fn a_compliance_letter_names_the_item_and_its_day() {
        let item_name = "Insurance certificate";
        let due_on = day("2026-11-30");
        let letter = render(&facts(Purpose::Compliance { item_name, due_on }));
        assert_eq!(letter.subject, "Reminder: Insurance certificate, due on 30 November 2026");
        assert_eq!(letter.template, "compliance/1");
        let expected = "\
Hello Ada Byron,

Our records for Mill & Sons are still missing “Insurance certificate”, which is due on \
30 November 2026.

Could you send it in reply to this mail? If something stands in the way, please tell us.

If it is already on its way, thank you, and please disregard this reminder.

If you would rather not hear from us by mail, just tell us.

Kind regards,
Sam Reed
Northwind Supplies
";
        assert_eq!(letter.body, expected);
    }

    proptest! {
        #[test]
        fn no_name_adds_a_header_or_a_line(
            name in prop_oneof![any::<String>(), "[\\PC\r\n\t\u{2028}\u{85}]{0,300}"],
            other in any::<String>(),
        ) {
            let hostile = every_purpose(&name);
            for (purpose, plain) in hostile.into_iter().zip(every_purpose("Plain")) {
                let letter = render(&LetterFacts {
                    recipient_name: Some(&name),
                    client_name: &other,
                    tenant_name: &name,
                    signature_name: &other,
                    purpose,
                });
                prop_assert!(!letter.subject.chars().any(char::is_control), "{:?}", letter.subject);
                prop_assert!(letter.subject.chars().count() <= SUBJECT_CHARS_MAX);
                let plain = render(&facts(plain));
                prop_assert_eq!(letter.template, plain.template);
                let breaks = letter.body.matches(LINE_BREAKS).count();
                prop_assert_eq!(breaks, plain.body.matches('\n').count());
                prop_assert!(letter.body.contains(WAY_OUT));
                prop_assert!(!letter.body.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }
}
