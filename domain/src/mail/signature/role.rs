//! What a title says of what somebody decides and is in charge of.

use super::super::listed::Listed;
use crate::named::named_enum;

named_enum! {
    /// What somebody decides, or is in charge of, by their title.
    pub enum Role, "role" {
        /// Owns or leads the firm, or a whole function of it.
        DecisionMaker = "decision_maker",
        /// Buys.
        Purchasing = "purchasing",
        /// Pays and counts.
        Finance = "finance",
        /// Designs, builds and maintains.
        Technical = "technical",
        /// Makes, stores and ships.
        Operations = "operations",
        /// Watches over quality, safety and rules.
        Quality = "quality",
        /// Sells, advertises, or looks after customers.
        Sales = "sales",
        /// Contracts and law.
        Legal = "legal",
        /// Employs people.
        People = "people",
        /// Keeps somebody's days and doors.
        Assistant = "assistant",
    }
}

impl Role {
    /// What a title says, who decides first; nothing if it says nothing that is known.
    pub fn of_title(title: &str) -> Vec<Self> {
        let lower = title.to_lowercase();
        let words: Vec<&str> = lower
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let pairs: Vec<String> = words.windows(2).map(|pair| pair.join(" ")).collect();
        let says = |list: &Listed| {
            words.iter().any(|word| list.has(word)) || pairs.iter().any(|pair| list.has(pair))
        };
        // An assistant to the director is no director.
        if says(&ASSISTANTS) {
            return vec![Self::Assistant];
        }
        let leads = says(&LEADERS).then_some(Self::DecisionMaker);
        let areas = AREAS.iter().filter(|(_, list)| says(list)).map(|(role, _)| *role);
        leads.into_iter().chain(areas).collect()
    }
}

static ASSISTANTS: Listed = Listed::of(
    "assistant|assistenz|assistentin|secretary|sekretariat|sekretärin|assistante|secrétaire|\
     asistente|secretaria|assistente|segretaria|receptionist|office manager",
);

static LEADERS: Listed = Listed::of(
    "ceo|cfo|coo|cto|cio|cmo|cpo|chief|president|vp|svp|evp|avp|vice president|owner|founder|partner|\
     principal|chairman|chairwoman|chair|director|head|managing director|general manager|proprietor|\
     geschäftsführer|geschäftsführerin|geschäftsführung|geschäftsleitung|vorstand|inhaber|inhaberin|\
     prokurist|prokuristin|leiter|leiterin|leitung|einkaufsleiter|einkaufsleiterin|vertriebsleiter|\
     bereichsleiter|abteilungsleiter|direktor|direktorin|directeur|directrice|gérant|gérante|pdg|dg|\
     président|présidente|directora|gerente|dueño|propietario|presidente|jefe|jefa|direttore|\
     direttrice|titolare|amministratore|responsabile|directie|directeur|eigenaar|hoofd|bestuurder|\
     diretor|diretora|sócio|verkställande|vd|direktør|dyrektor|prezes|ředitel|директор",
);

static AREAS: [(Role, &Listed); 8] = [
    (Role::Purchasing, &PURCHASING),
    (Role::Finance, &FINANCE),
    (Role::Technical, &TECHNICAL),
    (Role::Operations, &OPERATIONS),
    (Role::Quality, &QUALITY),
    (Role::Sales, &SALES),
    (Role::Legal, &LEGAL),
    (Role::People, &PEOPLE),
];

static PURCHASING: Listed = Listed::of(
    "purchasing|purchase|purchaser|procurement|buyer|buying|sourcing|cpo|category manager|einkauf|\
     einkäufer|einkäuferin|einkaufsleiter|einkaufsleiterin|beschaffung|achats|acheteur|acheteuse|\
     compras|comprador|compradora|acquisti|inkoop|inkoper|inköp|inköpare|indkøb|indkøber|innkjøp|\
     innkjøper|zakupy|zakupów|nákup|zaopatrzenie",
);
static FINANCE: Listed = Listed::of(
    "finance|financial|accounting|accountant|accounts|controller|controlling|treasurer|treasury|cfo|\
     billing|payable|receivable|bookkeeper|bookkeeping|credit|audit|auditor|buchhaltung|\
     buchhalter|buchhalterin|finanzen|rechnungswesen|comptable|comptabilité|finances|financier|\
     contable|contabilidad|finanzas|contabilità|finanza|boekhouding|financiën|ekonomi|økonomi|\
     księgowość|finanční",
);
static TECHNICAL: Listed = Listed::of(
    "engineer|engineering|technical|technician|technologist|developer|architect|maintenance|research|\
     development|r&d|it|cto|cio|design|designer|ingenieur|ingenieurin|technik|techniker|entwicklung|\
     entwickler|instandhaltung|konstruktion|ingénieur|technique|maintenance|ingeniero|ingeniera|\
     técnico|ingegnere|tecnico|manutenzione|techniek|tekniker|ingeniør|inżynier",
);
static OPERATIONS: Listed = Listed::of(
    "operations|operation|coo|logistics|supply|supply chain|warehouse|production|plant|manufacturing|\
     shipping|dispatch|planner|planning|scheduler|foreman|superintendent|logistik|lager|produktion|\
     fertigung|versand|werksleiter|betriebsleiter|logistique|production|logística|producción|\
     logistica|produzione|logistiek|productie|produkcja|logistyka",
);
static QUALITY: Listed = Listed::of(
    "quality|qa|qc|compliance|safety|hse|ehs|regulatory|sustainability|qualität|\
     qualitätsmanagement|qualitätssicherung|arbeitssicherheit|qualité|sécurité|calidad|seguridad|\
     qualità|sicurezza|kwaliteit|veiligheid|kvalitet|jakość|jakości",
);
static SALES: Listed = Listed::of(
    "sales|account manager|account executive|business development|marketing|cmo|customer|\
     communications|vertrieb|vertriebsleiter|verkauf|kundenservice|kundenbetreuung|commercial|\
     commerciale|ventes|ventas|comercial|vendite|verkoop|vendas|försäljning|säljare|salg|sælger|\
     sprzedaż|obchod",
);
static LEGAL: Listed = Listed::of(
    "legal|counsel|attorney|lawyer|paralegal|contracts|recht|rechtsabteilung|jurist|juristin|\
     rechtsanwalt|rechtsanwältin|juridique|avocat|avocate|abogado|abogada|legale|avvocato|juridisch|\
     advocaat|jurídico",
);
static PEOPLE: Listed = Listed::of(
    "hr|human resources|people|talent|recruiter|recruiting|personal|personalleiter|\
     personalabteilung|rh|ressources humaines|recursos humanos|risorse umane|personeelszaken",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_say_who_decides_and_what_about() {
        use Role::{
            Assistant, DecisionMaker, Finance, Legal, Operations, Purchasing, Quality, Sales,
            Technical,
        };
        for (title, roles) in [
            ("Head of Purchasing", &[DecisionMaker, Purchasing][..]),
            ("CFO", &[DecisionMaker, Finance]),
            ("Accounts Payable", &[Finance]),
            ("Senior Buyer", &[Purchasing]),
            ("Leiterin Einkauf", &[DecisionMaker, Purchasing]),
            ("Geschäftsführer", &[DecisionMaker]),
            ("Responsable achats", &[Purchasing]),
            ("Maintenance Engineer", &[Technical]),
            ("Supply Chain Planner", &[Operations]),
            ("Quality Manager", &[Quality]),
            ("Account Manager", &[Sales]),
            ("General Counsel", &[Legal]),
            ("Executive Assistant to the CEO", &[Assistant]),
            ("Astronaut", &[]),
            ("", &[]),
        ] {
            assert_eq!(Role::of_title(title), roles, "{title}");
        }
    }
}
