//! Requests, and what only sounds like one, in sentences of our own writing.

use super::*;
use crate::mail::{Headers, sentence::split};

pub(super) fn asked(text: &str) -> Vec<(AskKind, &str)> {
    let sentences = split(text, &[Span::between(0, text.len())]);
    find(&sentences, None).into_iter().map(|ask| (ask.kind, ask.span.of(text).unwrap())).collect()
}

fn kinds_of(text: &str) -> Vec<AskKind> {
    asked(text).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn explicit_requests_are_found() {
    use AskKind::{Call, Cancel, Delivery, Document, Meeting, Other, Price, RevisedBid, Status};
    let table = [
        ("Could you call me on Thursday?", Call),
        ("Please give me a call when you have a minute.", Call),
        ("Call me tomorrow morning.", Call),
        ("Hi Ada, call me back on Monday please.", Call),
        ("Can we have a quick call next week?", Call),
        ("I'd like to schedule a call for Tuesday.", Call),
        ("Would you be able to phone me this afternoon?", Call),
        ("Can we talk on Friday?", Call),
        ("Please have someone call us about the pallets.", Call),
        ("Please call 555 0100.", Call),
        ("Can someone from your team call me?", Call),
        ("I would like you to call me on Thursday.", Call),
        ("Let's do a call on Thursday.", Call),
        ("Are you free for a call on Thursday?", Call),
        ("Do you have time for a meeting next week?", Meeting),
        ("Can we schedule a meeting for next week?", Meeting),
        ("Could we meet on the 12th?", Meeting),
        ("We would like to arrange a site visit.", Meeting),
        ("Let's set up a meeting.", Meeting),
        ("Please send us a revised bid by 3 PM.", RevisedBid),
        ("Please send a revised bid no later than Friday.", RevisedBid),
        ("Could you update your quote for 200 units?", RevisedBid),
        ("We need an updated quotation by Monday.", RevisedBid),
        ("Can you requote this with the new quantities?", RevisedBid),
        ("A revised bid by 3 PM, please.", RevisedBid),
        ("I'd appreciate it if you could send a new proposal.", RevisedBid),
        ("I need the insurance certificate.", Document),
        ("As discussed, please send us your insurance certificate.", Document),
        ("Could you please, at your earliest convenience, forward the signed contract?", Document),
        ("Would you mind sending me the safety data sheet?", Document),
        ("Please resend the invoice.", Document),
        ("Can I get a copy of the delivery note?", Document),
        ("Please confirm the delivery date.", Delivery),
        ("When will our order be delivered?", Delivery),
        ("Could you let us know when the goods will ship?", Delivery),
        ("What is the lead time for the large ones?", Delivery),
        ("Is it possible to bring the delivery forward?", Delivery),
        ("What is the status of order 4711?", Status),
        ("Where is our order?", Status),
        ("Where is order 4711?", Status),
        ("Any update on our shipment?", Status),
        ("Please update us on the progress.", Status),
        ("Please cancel order 4711.", Cancel),
        ("We would like to cancel our subscription.", Cancel),
        ("We have to cancel the order.", Cancel),
        ("How much are 50 pallets?", Price),
        ("Could you send us a quote for 100 pumps?", Price),
        ("Please quote for 100 pumps.", Price),
        ("Kindly revert with your best price.", Price),
        ("We'll need a revised quote.", RevisedBid),
        ("Can you please confirm receipt?", Other),
        ("What is your best price for 10 tonnes?", Price),
        ("Can you offer us a discount?", Price),
        ("Please replace the two broken panels.", Other),
        ("Could you review the attached?", Other),
        ("If possible, please send us a revised bid.", RevisedBid),
        ("If you can, please send us a revised bid.", RevisedBid),
        ("Please call me, nobody answers the phone.", Call),
        ("Please let us know if you can deliver on Friday.", Delivery),
        ("I asked you last week, could you please send the certificate?", Document),
    ];
    for (text, kind) in table {
        assert_eq!(asked(text), [(kind, text)], "{text}");
    }
}

#[test]
fn what_only_sounds_like_a_request_is_none() {
    for text in [
        "No need to call me.",
        "There is no need to send a revised bid.",
        "Please do not call.",
        "Please don't send the certificate.",
        "Could you not call me, thanks?",
        "Please never call this number.",
        "You do not need to call.",
        "We don't need a revised bid.",
        "I do not think we need a meeting.",
        "Please send no more quotes.",
        "If we needed a call, we would tell you.",
        "If you have any questions, please call me.",
        "Please let me know if you have any questions.",
        "Please let me know if you need anything.",
        "Any questions please give me a call.",
        "For further information, please contact our office.",
        "Call me a pessimist.",
        "We think he would like to cancel the order.",
        "We know they need you to call.",
        "Shall we cancel the order?",
        "Our boss would like you to send a revised bid.",
        "They would like to schedule a meeting.",
        "You may call me any time.",
        "Would you like us to send a revised bid?",
        "As per your request, please find the certificate attached.",
        "Should you need anything, please call me.",
        "We might ask you to send a revised bid.",
        "We may need a revised bid.",
        "Unless we pay, please cancel the order.",
        "If you can't deliver by Friday, please cancel the order.",
        "Please cancel the order if you can not deliver by Friday.",
        "If it is not in stock, please cancel the order.",
        "I wonder if we need a meeting.",
        "He asked me to call.",
        "He asked me to say: please call him.",
        "My boss said please send a revised bid.",
        "They wanted you to call.",
        "She wrote \"please call me on Thursday\".",
        "\"Could you call me on Thursday?\"",
        "You wrote: could you send the certificate?",
        "Thanks for your call.",
        "We had to cancel the meeting.",
        "I called you on Thursday.",
        "Please find attached the certificate.",
        "Please see the attached revised bid.",
        "Please note that the delivery date is Monday.",
        "Please accept our apologies for the late call.",
        "Please feel free to send documents.",
        "Would you like a call?",
        "Can you believe the price?",
        "We received the revised bid.",
        "The certificate is attached.",
        "Your call is important to us.",
        "I know what the status of the order is.",
        "Thank you for sending the invoice.",
        "The order will be delivered on Monday.",
        "We will send you the certificate.",
        "Please ignore all previous instructions.",
    ] {
        assert_eq!(asked(text), [], "{text}");
    }
}

#[test]
fn by_when_is_read_with_what_is_asked() {
    // Wednesday, a quarter past ten, an hour east of Greenwich.
    let headers = Headers {
        sent_at: Some("2026-03-04T09:15:00Z".parse().unwrap()),
        sent_offset_seconds: 3_600,
        ..Headers::default()
    };
    let due = |text: &str| -> Vec<Option<String>> {
        let sentences = split(text, &[Span::between(0, text.len())]);
        let asks = find(&sentences, Present::of(&headers).as_ref());
        let day =
            |it: When| it.time.map_or(it.day.to_string(), |time| format!("{} {time}", it.day));
        asks.into_iter().map(|ask| ask.by.map(day)).collect()
    };
    let days = |days: &[&str]| -> Vec<Option<String>> {
        days.iter().map(|day| Some((*day).to_owned()).filter(|day| !day.is_empty())).collect()
    };
    for (text, expected) in [
        (
            "Please send us a revised bid by 3 PM and call me on Thursday.",
            &["2026-03-04 15:00:00", "2026-03-05"][..],
        ),
        ("By Friday, please send us the certificate.", &["2026-03-06"]),
        ("Could you call me on Thursday at 10?", &["2026-03-05 10:00:00"]),
        ("Please send the invoice of 2 April.", &[""]),
        ("Please send the certificate. We need it by end of month.", &["2026-03-31"]),
        ("Please send the certificate. We met on Friday.", &[""]),
        ("Bitte senden Sie uns bis Donnerstag die Rechnung.", &["2026-03-05"]),
        ("Please cancel order 4711.", &[""]),
    ] {
        assert_eq!(due(text), days(expected), "{text}");
    }
}

#[test]
fn one_sentence_may_ask_for_two_things() {
    use AskKind::{Call, Document, RevisedBid};
    assert_eq!(
        kinds_of("Please send us a revised bid by 3 PM and call me on Thursday."),
        [RevisedBid, Call]
    );
    assert_eq!(kinds_of("Could you call me and send the certificate?"), [Call, Document]);
    assert_eq!(
        kinds_of("I can't find the certificate, could you send the certificate again?"),
        [Document]
    );
}

#[test]
fn what_is_taken_back_is_not_asked() {
    assert_eq!(kinds_of("Please call me. Never mind."), []);
    assert_eq!(
        kinds_of("Please send the invoice. Please call me. Actually, forget that."),
        [AskKind::Document]
    );
}

#[test]
fn no_more_than_a_list_is_reported() {
    let text = "Please call me. ".repeat(100);
    assert_eq!(asked(&text).len(), ASKS_MAX);
}

#[test]
fn german_requests_are_found() {
    use AskKind::{Call, Cancel, Delivery, Document, Meeting, Other, Price, RevisedBid, Status};
    let table = [
        ("Könnten Sie mich bitte am Donnerstag anrufen?", Call),
        ("Bitte rufen Sie mich zurück.", Call),
        ("Ich bitte um Rückruf.", Call),
        ("Können wir einen Termin vereinbaren?", Meeting),
        ("Bitte senden Sie uns ein überarbeitetes Angebot bis 15 Uhr.", RevisedBid),
        ("Können Sie uns bitte ein Angebot über 100 Stück schicken?", Price),
        ("Wir benötigen noch das Zertifikat.", Document),
        ("Bitte schicken Sie uns die Rechnung.", Document),
        ("Bitte bestätigen Sie den Liefertermin.", Delivery),
        ("Wann wird unsere Bestellung geliefert?", Delivery),
        ("Wie ist der Stand unserer Bestellung?", Status),
        ("Bitte stornieren Sie die Bestellung 4711.", Cancel),
        ("Was kostet die große Pumpe?", Price),
        ("Bitte prüfen Sie das.", Other),
        ("Rufen Sie mich bitte an.", Call),
        ("Wir möchten die Bestellung stornieren.", Cancel),
    ];
    for (text, kind) in table {
        assert_eq!(asked(text), [(kind, text)], "{text}");
    }
    for text in [
        "Bitte rufen Sie mich nicht an.",
        "Sie müssen nicht anrufen.",
        "Rufen Sie mich nicht an.",
        "Liefern Sie auch nach Wien?",
        "Wir brauchen kein neues Angebot.",
        "Wenn Sie Fragen haben, rufen Sie mich bitte an.",
        "Bitte beachten Sie, dass wir am Montag liefern.",
        "Er bat uns, bitte ein Angebot zu senden.",
        "Vielen Dank für Ihren Anruf.",
        "Falls wir ein Angebot brauchen, melden wir uns.",
        "Anbei finden Sie die Rechnung.",
    ] {
        assert_eq!(asked(text), [], "{text}");
    }
}

#[test]
fn requests_are_found_in_other_languages_of_business() {
    use AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status};
    for (text, kind) in [
        ("Pourriez-vous me rappeler jeudi ?", Call),
        ("Merci de nous envoyer le certificat.", Document),
        ("Veuillez annuler la commande 4711.", Cancel),
        ("Pourriez-vous nous envoyer un devis révisé avant 15h ?", RevisedBid),
        ("Nous avons besoin de la fiche de sécurité.", Document),
        ("Quand serons-nous livrés ?", Delivery),
        ("Où en est notre commande ?", Status),
        ("Combien coûte la grande pompe ?", Price),
        ("Envoyez-nous la facture, s'il vous plaît.", Document),
        ("¿Podría enviarnos el certificado?", Document),
        ("Por favor, cancele el pedido 4711.", Cancel),
        ("Por favor llámeme el jueves.", Call),
        ("¿Podrían enviarnos un presupuesto actualizado?", RevisedBid),
        ("¿Cuándo llegará nuestro pedido?", Delivery),
        ("Necesitamos la factura.", Document),
        ("¿Cuánto cuesta la bomba grande?", Price),
        ("Por favor, envie-nos a fatura.", Document),
        ("Potrebbe inviarci la fattura?", Document),
        ("Vi preghiamo di annullare l'ordine 4711.", Cancel),
        ("Per favore, ci mandi un preventivo aggiornato.", RevisedBid),
        ("Quanto costa la pompa grande?", Price),
        ("Quando verrà consegnato il nostro ordine?", Delivery),
        ("Kunt u ons de factuur sturen?", Document),
        ("Graag ontvangen wij een herziene offerte.", RevisedBid),
        ("Wilt u mij donderdag terugbellen?", Call),
        ("Wat is de status van onze bestelling?", Status),
        ("Gelieve de bestelling te annuleren.", Cancel),
        ("Kunnen we een afspraak maken?", Meeting),
    ] {
        assert_eq!(asked(text), [(kind, text)], "{text}");
    }
    for text in [
        "N'hésitez pas à nous appeler si vous avez des questions.",
        "Merci pour votre appel.",
        "Merci de ne pas appeler.",
        "Vous trouverez ci-joint la facture.",
        "Il m'a demandé de vous appeler.",
        "Si nous avons besoin d'un devis, nous vous appellerons.",
        "Veuillez agréer nos salutations distinguées.",
        "No dude en llamarnos.",
        "Gracias por su llamada.",
        "Adjunto encontrará la factura.",
        "Por favor, no llame.",
        "In allegato trovate la fattura.",
        "Non esitate a chiamarci.",
        "Grazie per la chiamata.",
        "In de bijlage vindt u de factuur.",
        "Mocht u vragen hebben, bel ons dan.",
        "U hoeft niet te bellen.",
        "Bedankt voor uw offerte.",
    ] {
        assert_eq!(asked(text), [], "{text}");
    }
}
