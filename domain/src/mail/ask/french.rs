//! The words of requests in French.

use super::clause::Language;
use crate::mail::{
    AskKind::{Call, Cancel, Delivery, Document, Meeting, Price, RevisedBid, Status},
    phrase::{Phrases, Table},
};

pub(super) static FRENCH: Language = Language {
    openings: Phrases::of(&[
        "pourriez-vous|pouvez-vous|pourrais-tu|peux-tu|voudriez-vous",
        "vous serait-il possible de?",
        "serait-il|est-il possible de?",
        "merci de|d'avance|par? avance? de?",
        "merci de?",
        "veuillez",
        "je|nous vous? prie|prions|demande|demandons de?",
        "je|nous souhaite|souhaitons|souhaiterais|souhaiterions|voudrais|voudrions|aimerais|aimerions",
        "j'aimerais|j'aurais",
        "auriez-vous l'amabilité|l'obligeance|la? gentillesse? de?",
        "s'il vous|te plaît|plait",
    ]),
    joints: Phrases::of(&["pouvons-nous|pourrions-nous|peut-on|pourrait-on"]),
    idle: Phrases::of(&[
        "agréer|recevoir|trouver|noter|excuser|croire|beaucoup|pour|et",
        "votre|vos|à|infiniment",
        "vous excuser",
    ]),
    verbs: Phrases::of(&[
        "envoy*|m'envoy*|d'envoy*|l'envoy*|renvoy*|transm*|communiqu*|fournir|parvenir|adress*|faxer|rappel*|appel*|m'appel*|d'appel*|téléphon*|confirm*|annul*|d'annul*|l'annul*|modifi*|actualis*|d'actualis*|révis*|réviser|vérifi*|retourn*|indiqu*|d'indiqu*|m'indiqu*|précis*|dire|remplac*|livr*|organis*|d'organis*|planifi*|fixer|répondre|établir|d'établir|contact*|inform*|d'inform*|m'inform*",
        "mettre à jour",
        "faire savoir|parvenir|un",
        "recevoir|obtenir|avoir",
    ]),
    imperatives: Phrases::of(&[
        "envoyez-nous|envoyez-moi|appelez-moi|appelez-nous|rappelez-moi|rappelez-nous|confirmez-nous|confirmez-moi|transmettez-nous|transmettez-moi|annulez|faites-nous|faites-moi|indiquez-nous|donnez-nous|livrez",
    ]),
    wishes: Table::of(&[
        (Cancel, "nous|je devons|dois|souhaitons|souhaite|voulons|veux annuler|résilier"),
        (Cancel, "nous|je souhaitons|souhaite|voulons|veux l'annulation"),
    ]),
    needs: Phrases::of(&[
        "nous|j'ai avons? besoin de|du|des|d'un|d'une",
        "nous avons|aurions besoin de|du|des|d'un|d'une|d'une",
        "j'aurais|j'ai besoin de|du|des|d'un|d'une",
        "il nous|me faut|faudrait|manque",
    ]),
    questions: Table::of(&[
        (Status, "où en est|sont|êtes-vous"),
        (Status, "quel est l'état|l'avancement"),
        (Status, "quel est le statut"),
        (Delivery, "quand ~ ~ livr*|expédi*|recevr*|arriver*|arrive"),
        (Delivery, "quel|quels est|sont le|la|les|votre? délai|délais|date"),
        (Price, "quel est le|votre meilleur? prix|tarif"),
        (Price, "combien coûte|coûtent|coûterait|coute"),
    ]),
    kinds: [
        (Cancel, Phrases::of(&["annul*|d'annul*|l'annul*|résili*"])),
        (Call, Phrases::of(&["appel*|rappel*|m'appel*|d'appel*|l'appel|téléphon*"])),
        (
            RevisedBid,
            Phrases::of(&[
                "devis|offre|proposition|l'offre|cotation révisé*|actualisé*|modifié*|corrigé*",
                "nouveau|nouvelle devis|offre|proposition|cotation",
                "révis*|actualis*|modifi*|revoir|corrig* ~ devis|offre|l'offre|proposition",
                "mettre à jour le|votre devis|offre",
            ]),
        ),
        (
            Document,
            Phrases::of(&[
                "certificat*|attestation*|l'attestation|facture*|contrat|document*|fiche*|bon|copie|déclaration|plan|plans|rapport|notice",
            ]),
        ),
        (Price, Phrases::of(&["prix|tarif*|devis|remise|offre|l'offre|cotation|coût*"])),
        (Status, Phrases::of(&["statut|état|l'état|avancement|l'avancement|suivi|point"])),
        (Delivery, Phrases::of(&["livr*|expédi*|l'expédi*|délai*|réception"])),
        (Meeting, Phrases::of(&["rendez-vous|rdv|réunion|visite|rencontr*|entretien"])),
    ],
};
