//! The words by which signatures are told, in the languages of business mail.

use super::super::listed::Listed;

/// How people take their leave, in lower case and without the comma.
pub(super) static CLOSINGS: Listed = Listed::of(
    "thanks|thank you|thank you very much|thanks very much|thx|tx|\
    many thanks|thanks a lot|thanks so much|thanks again|thanks in advance|thanks and regards|\
    thanks & regards|thank you and regards|thank you and best regards|with thanks|much appreciated|\
    regards|best regards|kind regards|warm regards|warmest regards|kindest regards|best|rgds|brgds|\
    br|kr|all the best|best wishes|with best regards|with kind regards|with regards|many regards|\
    sincerely|sincerely yours|yours sincerely|yours truly|yours faithfully|very truly yours|yours|\
    respectfully|cordially|cheers|take care|love|talk soon|talk to you soon|see you|see you soon|\
    later|ciao|have a great day|have a nice day|have a good day|have a great weekend|\
    mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit besten grüßen|\
    freundliche grüße|freundliche grüsse|viele grüße|viele grüsse|beste grüße|beste grüsse|\
    liebe grüße|herzliche grüße|schöne grüße|grüße|gruß|mfg|vg|lg|danke|vielen dank|besten dank|\
    hochachtungsvoll|cordialement|bien cordialement|bien à vous|salutations|\
    meilleures salutations|salutations distinguées|sincères salutations|merci|\
    merci beaucoup|merci d'avance|amicalement|saludos|saludos cordiales|un saludo|\
    un cordial saludo|cordialmente|atentamente|atte|gracias|muchas gracias|saluti|\
    cordiali saluti|distinti saluti|un saluto|grazie|grazie mille|met vriendelijke groet|\
    met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groet|groeten|groetjes|mvg|\
    bedankt|dank je wel|hartelijke groet|atenciosamente|cumprimentos|com os melhores cumprimentos|\
    melhores cumprimentos|abraços|abraço|obrigado|obrigada|med vänliga hälsningar|\
    vänliga hälsningar|med vänlig hälsning|hälsningar|mvh|med venlig hilsen|venlig hilsen|\
    med vennlig hilsen|vennlig hilsen|hilsen|tack|tak|takk|ystävällisin terveisin|terveisin|\
    kiitos|pozdrawiam|z poważaniem|z wyrazami szacunku|dziękuję|s pozdravem|děkuji|\
    üdvözlettel|cu stimă|mulțumesc|с уважением|с наилучшими пожеланиями|спасибо|saygılarımla|\
    teşekkürler|iyi çalışmalar|με εκτίμηση|ευχαριστώ",
);

/// Words that name what somebody does, or the part of a firm in which, in lower case.
pub(super) static ROLES: Listed = Listed::of(
    "manager|director|president|vice|vp|svp|evp|avp|ceo|cfo|coo|cto|cio|\
    cmo|cpo|chief|officer|chairman|chairwoman|chair|founder|owner|partner|principal|head|lead|\
    leader|engineer|engineering|developer|architect|analyst|consultant|advisor|adviser|assistant|\
    associate|attorney|counsel|lawyer|paralegal|coordinator|specialist|representative|rep|agent|\
    administrator|admin|administration|supervisor|superintendent|foreman|executive|sales|\
    marketing|operations|purchasing|procurement|sourcing|buyer|logistics|supply|accounting|\
    accounts|accountant|controller|treasurer|trader|trading|broker|desk|department|dept|division|\
    group|team|office|secretary|planner|planning|scheduler|estimator|technician|technologist|\
    scientist|researcher|professor|editor|designer|support|service|services|relations|resources|\
    development|business|regional|senior|junior|general|project|product|program|programme|quality|\
    geschäftsführer|geschäftsführerin|geschäftsführung|leiter|leiterin|leitung|abteilung|einkauf|\
    einkäufer|einkäuferin|vertrieb|buchhaltung|prokurist|prokuristin|sachbearbeiter|\
    sachbearbeiterin|assistenz|berater|beraterin|ingenieur|ingenieurin|entwickler|vorstand|\
    inhaber|inhaberin|directeur|directrice|responsable|gérant|gérante|ingénieur|acheteur|\
    acheteuse|achats|comptable|comptabilité|commercial|commerciale|chef|président|présidente|\
    adjoint|adjointe|gerente|directora|jefe|jefa|compras|ventas|contable|ingeniero|ingeniera|\
    presidente|encargado|encargada|direttore|direttrice|responsabile|acquisti|vendite|\
    amministratore|amministrazione|titolare|ingegnere|inkoper|inkoop|verkoop|directie|hoofd|\
    medewerker|boekhouding|adviseur|diretor|diretora|gestor|gestora|vendas|engenheiro|comprador|\
    compradora|chef|ansvarig|säljare|inköpare|ekonomi|direktør|sælger|indkøber|selger|innkjøper|\
    kierownik|dyrektor|specjalista|prezes|zakupy|sprzedaż|ředitel|manažer|nákup|obchod|директор|\
    менеджер|руководитель|инженер|müdür|müdürü|uzman|satış",
);

/// Endings and words of firms' names, in lower case.
pub(super) static FIRMS: Listed = Listed::of(
    "inc|incorporated|llc|llp|lp|ltd|limited|plc|corp|corporation|co|\
    company|group|gmbh|ag|kg|ohg|ug|mbh|se|sa|sas|sarl|sàrl|srl|spa|s.p.a|s.a|s.r.l|b.v|bv|n.v|nv|\
    oy|ab|as|a/s|aps|sp|z o.o|s.r.o|kft|pty|pte|holding|holdings|industries|international|\
    partners|associates|bank|university|institute|hospital|agency|consulting|solutions|systems|\
    technologies|technology|energy|power|gas|electric|logistics|manufacturing|foods|enterprises|\
    services|networks|works|werke|werk|stadtwerke|gruppe|ooo|ооо|зао|оао",
);

/// Legal forms of companies, in lower case: they end a company's name and nothing else.
pub(super) static LEGAL_FORMS: Listed = Listed::of(
    "inc|incorporated|llc|llp|ltd|limited|plc|corp|corporation|gmbh|ggmbh|ag|kg|ohg|ug|mbh|kgaa|eg|\
     e.k|sa|sas|sarl|sàrl|srl|spa|s.p.a|s.a|s.r.l|b.v|bv|n.v|nv|oy|oyj|ab|asa|a/s|aps|s.r.o|kft|\
     zrt|pty|pte|ooo|ооо|зао|оао",
);

/// Words of a sentence: a line that has one is no part of a signature.
pub(super) static OF_SENTENCES: Listed = Listed::of(
    "is|are|was|were|be|been|am|will|would|shall|should|can|could|\
    may|might|must|have|has|had|do|does|did|don't|please|you|your|we|our|us|i|i'm|i'll|my|me|it|\
    its|it's|this|that|these|those|there|here|they|them|he|she|his|her|if|when|while|because|so|\
    but|or|not|no|yes|what|who|how|why|where|which|let|call|send|see|know|need|want|get|got|give|\
    make|take|come|go|going|just|also|any|some|all|as|into|about|from|by|than|then|enjoy|hope|\
    attached|enclosed|following|until|before|after|today|tomorrow|yesterday|tonight|ist|sind|war|\
    wird|werden|wurde|habe|haben|hat|kann|können|bitte|sie|ihr|ihre|wir|uns|ich|mir|mich|es|dies|\
    diese|dieser|wenn|weil|aber|oder|nicht|est|sont|était|sera|avons|avez|vous|nous|je|votre|notre|\
    si|mais|ou|pas|son|está|están|será|tenemos|usted|nosotros|yo|pero|no|sono|era|sarà|abbiamo|lei|\
    noi|io|ma|non|zijn|wordt|hebben|u|wij|ik|maar|niet",
);

/// Words that stand between the names of people, and in the names of people and firms.
pub(super) static JOINERS: Listed = Listed::of(
    "and|&|und|et|y|e|en|og|och|i|of|the|for|de|del|della|di|da|du|des|\
    la|le|van|der|den|von|zu|zur|ten|ter|af|av|für|do|dos|das|bin|al|+|/|-|–|*|·|,",
);

/// Words that stand for themselves at the end of a mail, and are nobody's name.
pub(super) static NO_NAMES: Listed = Listed::of(
    "thanks|thank|cheers|regards|best|love|enjoy|hello|hi|hey|dear|all|\
    yes|no|ok|okay|fyi|ps|p.s|done|good|great|perfect|congratulations|bye|goodbye|merry|happy|\
    welcome|confidential|urgent|attachment|attachments|encl|enclosure|enclosures|cc|bcc|see|\
    confirmed|approved|agreed|sure|right|exactly|absolutely|interesting|amazing|wow|ditto|hallo|\
    danke|gruß|grüße|merci|bonjour|gracias|hola|grazie|ciao|bedankt|obrigado",
);

/// Labels of contact lines, in lower case.
pub(super) static LABELS: Listed = Listed::of(
    "phone|ph|tel|telephone|telefon|téléphone|teléfono|telefono|telefoon|\
    telefone|mobile|mob|mobil|cell|cellular|handy|fax|telefax|office|direct|main|work|home|pager|\
    ext|extension|durchwahl|toll|free|email|e-mail|mail|web|website|www|internet|skype|linkedin|\
    twitter|m|t|f|p|o|c|d|e|w|wk|hm|pgr|voice|voicemail|desk|hotline|zentrale|portable|móvil|\
    celular|cellulare|mobiel|x",
);
