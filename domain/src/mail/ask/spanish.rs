//! The words of requests in Spanish, and Portuguese as far as it is alike.

use super::clause::Language;
use crate::mail::{
    AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
};

pub(super) static SPANISH: Language = Language {
    openings: Phrases::of(&[
        "podría|podrían|podrías|puede|pueden|puedes|poderia|poderiam|pode|podem usted|ustedes|você?",
        "por favor",
        "le|les|os|te ruego|rogamos|agradecería|agradeceríamos|pido|pedimos",
        "ruego|rogamos|agradecería|agradeceríamos|agradeço|solicito|solicitamos",
        "sería|seria|es posible|possível",
        "quisiera|quisiéramos|querría|querríamos|queremos|gostaria|gostaríamos de?",
        "me|nos gustaría",
    ]),
    joints: Phrases::of(&["podemos|podríamos|podríamos|poderíamos"]),
    idle: Phrases::of(&["ser|haber|encontrar|que", "disculpe|disculpen|tenga|tengan|note|no"]),
    verbs: Phrases::of(&[
        "envi*|envíe*|envíen*|mand*|remit*|facilit*|proporcion*|llam*|llám*|telefone*|ligar|confirm*|cancel*|anul*|actualiz*|actualic*|atualiz*|revis*|modific*|indic*|indique*|inform*|decir*|dígame|dígan*|reenvi*|entreg*|cotiz*|presupuestar|organiz*|concert*|agend*|marcar|reunir*|sustitu*|substitu*|cambi*|respond*|avis*|pas*|recib*|hacer*|dar*|verific*|comprob*",
    ]),
    imperatives: Phrases::of(&[
        "envíenos|envíeme|envíennos|mándenos|mándeme|llámeme|llámenos|confírmenos|confirme|confirmen|cancele|cancelen|anule|anulen|indíquenos|díganos|dígame|avísenos|remítanos|envie-nos|ligue-me",
    ]),
    wishes: Table::of(&[
        (Cancel, "queremos|quiero|deseamos|necesitamos|tenemos que? cancelar|anular"),
        (Cancel, "queremos|quiero|precisamos cancelar|anular"),
    ]),
    needs: Phrases::of(&[
        "necesito|necesitamos|necesitaría|necesitaríamos|precisamos|preciso|precisaríamos",
        "nos|me hace|haría falta",
    ]),
    questions: Table::of(&[
        (Status, "cuál es el estado"),
        (Status, "cómo va|van"),
        (Status, "dónde|onde está|están|estão nuestro|mi|el|o|nosso pedido|envío"),
        (Status, "qual é? o estado|status"),
        (Delivery, "cuándo|quando ~ ~ entreg*|lleg*|recib*|receb*|envi*|cheg*"),
        (Delivery, "cuál|qual es|é el|o plazo|prazo"),
        (Price, "cuánto|quanto cuesta|cuestan|costaría|custa|custam"),
        (Price, "cuál|qual es|é el|su|o mejor? precio|preço"),
    ]),
    kinds: [
        (Cancel, Phrases::of(&["cancel*|anul*"])),
        (Call, Phrases::of(&["llam*|llám*|telefon*|ligar|ligue*"])),
        (
            RevisedBid,
            Phrases::of(&[
                "presupuesto|oferta|cotización|propuesta|orçamento|proposta revisad*|actualizad*|atualizad*|modificad*|corregid*",
                "nuevo|nueva|novo|nova presupuesto|oferta|cotización|propuesta|orçamento|proposta",
                "actualic*|actualiz*|atualiz*|revis*|modifi* ~ presupuesto|oferta|cotización|propuesta|orçamento|proposta",
            ]),
        ),
        (
            Document,
            Phrases::of(&[
                "certificado*|factura*|fatura*|contrato|documento*|documentación|ficha*|albarán|copia|cópia|declaración|plano*|informe",
            ]),
        ),
        (
            Price,
            Phrases::of(&[
                "precio*|preço*|tarifa*|presupuesto|oferta|cotización|orçamento|descuento*|desconto|coste*",
            ]),
        ),
        (Status, Phrases::of(&["estado|situación|seguimiento|status"])),
        (Delivery, Phrases::of(&["entreg*|envío|envíos|plazo*|prazo*|expedición|llegada"])),
        (Meeting, Phrases::of(&["reunión|reunião|cita|visita|reunir*|encuentro"])),
    ],
};
