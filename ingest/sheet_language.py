"""The language that a workbook is shown in: its decimal comma, the order of its dates and the names of its months hang on it.

The file does not say it: Excel writes numbers and built-in formats alike everywhere and shows them as the reader's system asks. So it is
guessed: by what Excel calls its sheets in the properties, then by words that head tables, grammar words and letters of one language only.
A detector of languages is no help: tables are names and single words, and loading it takes longer than reading the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import regex

from ingest.ooxml import Package
from ingest.regional import DEFAULT, language_of
from rag.function_words import FUNCTION_WORDS
from rag.languages import LANGUAGES

PROPERTIES = "docProps/app.xml"
_SHEETS = {"Arbeitsblätter": "de", "Feuilles de calcul": "fr", "Fogli di lavoro": "it", "Hojas de cálculo": "es", "Planilhas": "pt",
           "Folhas de Cálculo": "pt", "Folhas de cálculo": "pt", "แผ่นงาน": "th", "कार्यपत्रक": "hi"}  # fmt: skip
HEADING_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "en": "item price stock quantity amount date year month name phone address customer invoice due rate discount employee start end "
        "salary region branch manager total sum average number description status country city product sales revenue profit cost "
        "unit visitors share list valid notes category",
        "de": "artikel preis bestand menge betrag datum jahr monat name telefon adresse kunde kundennummer rechnung fällig satz rabatt "
        "mitarbeiter beginn ende gehalt region filiale leiter gesamt summe durchschnitt nummer bezeichnung beschreibung land ort stadt "
        "produkt umsatz gewinn kosten einheit uhrzeit stück anzahl besucher anteil straße plz skonto zinssatz steuer mwst netto brutto "
        "währung quartal abteilung vorname nachname geburtsdatum personalnummer bemerkung stand",
        "fr": "article prix quantité montant année mois nom téléphone adresse client facture échéance taux remise employé début fin "
        "salaire région succursale responsable moyenne numéro désignation description pays ville produit ventes chiffre bénéfice "
        "coût unité heure visiteurs part remarques trimestre prénom tva réduction livraison date",
        "it": "articolo prezzo quantità importo data anno mese nome telefono indirizzo cliente fattura scadenza tasso sconto dipendente "
        "inizio fine stipendio regione filiale responsabile totale somma media numero descrizione paese città prodotto vendite ricavi "
        "utile costo unità ora visitatori quota giacenza iva note cognome",
        "es": "artículo precio cantidad importe fecha año mes nombre teléfono dirección cliente factura vencimiento tasa descuento "
        "empleado inicio fin salario región sucursal responsable suma promedio número descripción país ciudad producto ventas ingresos "
        "beneficio coste costo unidad hora visitantes cuota existencias iva apellido",
        "pt": "artigo preço quantidade montante data ano mês nome telefone endereço cliente fatura vencimento taxa desconto funcionário "
        "início fim salário região filial gerente soma média número descrição país cidade produto vendas receita lucro custo unidade "
        "hora visitantes estoque iva sobrenome valor",
    }
)
_LETTERS = {"de": "äöüß", "es": "ñ¿¡", "pt": "ãõ", "fr": "èêœëî", "it": "ìò"}
_HEADING = re.compile(r"<vt:lpstr>([^<]+)</vt:lpstr>")
_DOTTED = re.compile(r"d\.\s?m+\.", re.IGNORECASE)
_TAGGED = re.compile(r"\[\$[^\[\]-]*-([0-9A-Fa-f]+)\]")
_INLINE = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>([^<]+)<")
_WORD = regex.compile(r"[\p{L}\p{M}]{2,}")
_SCRIPTS = {"th": regex.compile(r"\p{Thai}"), "hi": regex.compile(r"\p{Devanagari}")}
SAMPLE_BYTES = 1 << 16
SAMPLE_STRINGS = 400
_LEAST = 2.0  # of evidence: two words that head tables,
_LEAD = 1.5  # and so many times that of the next language


def sheet_language(package: Package, strings: Sequence[str], codes: Sequence[str]) -> str:
    """Return an ISO 639-1 code; English when nothing tells."""
    properties = package.read(PROPERTIES).decode("utf-8", "replace") if package.holds(PROPERTIES) else ""
    named = next((_SHEETS[name] for name in _HEADING.findall(properties) if name in _SHEETS), None)
    return named or guessed([*strings[:SAMPLE_STRINGS], *_inline_words(package)], codes)


def guessed(texts: Iterable[str], codes: Iterable[str]) -> str:
    """Return the language of the words of a sheet and of its format codes; English when nothing tells."""
    whole = "\n".join(texts).lower()
    evidence: dict[str, float] = dict.fromkeys(LANGUAGES, 0.0)
    for word in set(_WORD.findall(whole)):
        for language, weight in _known_words().get(word, ()):
            evidence[language] += weight
    for language, letters in _LETTERS.items():
        evidence[language] += sum(letter in whole for letter in letters)
    for language, script in _SCRIPTS.items():
        evidence[language] += len(script.findall(whole, endpos=4000)) / 4
    for code in set(codes):
        evidence["de"] += 2 * bool(_DOTTED.search(code))
        for language in filter(None, map(language_of, _TAGGED.findall(code))):
            evidence[language] += 2
    (best, most), (_, second) = sorted(evidence.items(), key=lambda each: -each[1])[:2]
    return best if most >= _LEAST and most >= _LEAD * second else DEFAULT


@cache
def _known_words() -> dict[str, list[tuple[str, float]]]:
    """Return the languages of each word, with less weight the more languages have it."""
    found: dict[str, dict[str, float]] = {}
    for words, weight in ((HEADING_WORDS, 1.0), (FUNCTION_WORDS, 0.5)):
        for language, listed in words.items():
            for word in listed.split():
                found.setdefault(word, {})[language] = weight
    return {word: [(language, weight / len(languages)) for language, weight in languages.items()] for word, languages in found.items()}


def _inline_words(package: Package) -> Iterator[str]:
    """Yield the texts that stand in the cells themselves, from the beginning of the first sheets."""
    for part in package.of_kind(package.main(), "worksheet")[:5]:
        with package.open(part) as stream:
            yield from (text.decode("utf-8", "replace") for text in _INLINE.findall(stream.read(SAMPLE_BYTES))[:SAMPLE_STRINGS])
