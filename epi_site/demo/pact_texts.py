"""Texts of the demo's pacts, written for it: English and the language of the city. Illustrative."""

ENGLISH_TITLE = "City integration pact"
PURPOSE = (
    "We, the signatories of this pact, want everyone who lives in {city} to take part in its working, social and "
    "public life on equal terms."
)
WHAT = (
    "Each signatory takes responsibility for the actions of the integration strategy that it owns, names a person "
    "who is responsible for them, and reports on them every quarter."
)
COMMITTEE = (
    "The local implementation committee meets every quarter. It follows all actions and supports those that are late."
)
OPENNESS = (
    "All results are published, including those that fall short. Every year, residents are asked what has changed for "
    "them."
)
COMMITTEE_LATER = COMMITTEE.replace("every quarter", "every second month")
YOUNG = "Young people between 16 and 25 have two seats in the committee and choose their representatives themselves."

ENGLISH = [PURPOSE, WHAT, COMMITTEE, OPENNESS]
ENGLISH_LATER = [PURPOSE, WHAT, OPENNESS, COMMITTEE_LATER, YOUNG]

SWEDISH_TITLE = "Integrationspakt för Linköping"
SWEDISH = [
    "Vi som skriver under den här pakten vill att alla som bor i Linköping deltar på lika villkor i arbetslivet, i "
    "det sociala livet och i det offentliga.",
    "Varje undertecknare tar ansvar för de åtgärder i integrationsstrategin som den äger, utser en person som "
    "ansvarar för dem och rapporterar om dem varje kvartal.",
    "Den lokala genomförandekommittén möts varje kvartal. Den följer åtgärderna och hjälper dem som är försenade.",
    "Resultaten publiceras, även de som inte når ända fram. Invånarna får varje år frågan vad de märker av dem.",
]

ITALIAN_TITLE = "Patto cittadino per l’integrazione"
ITALIAN = [
    "Noi firmatari di questo patto vogliamo che chiunque viva a Ravenna partecipi da pari alla vita lavorativa, "
    "sociale e pubblica della città.",
    "Ogni firmatario è responsabile delle azioni della strategia di integrazione che gli competono, indica una persona "
    "che ne risponde e ne riferisce ogni trimestre.",
    "Il comitato locale di attuazione si riunisce ogni trimestre. Segue le azioni e aiuta dove una è in ritardo.",
    "I risultati sono pubblicati, anche quelli insufficienti. Ogni anno si chiede agli abitanti che cosa ne notano.",
]

POLISH_TITLE = "Miejski pakt na rzecz integracji"
POLISH = [
    "My, którzy podpisujemy ten pakt, chcemy, aby każda osoba mieszkająca w Lublinie na równych prawach uczestniczyła "
    "w życiu zawodowym, społecznym i publicznym miasta.",
    "Każdy sygnatariusz odpowiada za działania strategii integracji, które do niego należą, wyznacza osobę za nie "
    "odpowiedzialną i co kwartał składa z nich sprawozdanie.",
]


def text(paragraphs: list[str], city: str = "") -> str:
    return "\n\n".join(paragraphs).replace("{city}", city)
