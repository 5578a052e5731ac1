"""The kind of thing that a question asks for (a number, a time, a person, a place), in the eight languages, and whether a text has one."""

from enum import StrEnum

import regex

from rag.quantities import quantities


class Kind(StrEnum):
    """The kind of thing that an answer must contain."""

    NUMBER = "number"
    TIME = "time"
    PERSON = "person"
    PLACE = "place"


_ASKED = {  # one line a language where its words differ from the lines before
    Kind.NUMBER: (
        r"\bhow (?:many|much|long|far|old|often|big|large|tall|high|heavy|fast)\b|\bpercentage\b",
        r"\bwie ?(?:viele?n?|lange?|weit|alt|oft|hoch|groß|schwer|schnell|teuer)\b|\bprozent",
        r"\bcombien\b|\bpourcentage\b",
        r"\bquant[oaie]s?\b|\bpercentuale\b",
        r"\bcu[áa]nt[oa]s?\b|\bporcentaje\b",
        r"कितन|\bkitn[aei]\b",
        r"กี่|เท่าไร|เท่าใด|เท่าไหร่|นานแค่ไหน|จำนวน",
    ),
    Kind.TIME: (
        r"\bwhen\b|\b(?:what|which) (?:year|day|date|month|century)\b",
        r"\bwann\b|\bwelche[mns]? (?:jahr|tag|monat|datum|jahrhundert)\b",
        r"\bquand\b|\bquelle (?:année|date)\b",
        r"\bquando\b|\bche anno\b|\bque (?:ano|dia|data)\b",
        r"\bcu[áa]ndo\b|\bqué (?:año|día|fecha)\b",
        r"कब|किस (?:वर्ष|साल|दिन|तारीख)|\bkab\b",
        r"เมื่อไร|เมื่อใด|เมื่อไหร่|วันที่|ปีใด|ปีอะไร|ปีไหน|กี่โมง",
    ),
    Kind.PERSON: (
        r"\bwho(?:m|se)?\b",
        r"\bwe[rmn]\b|\bwessen\b",
        r"\bqui\b|\bchi\b|\bquem\b|\bqui[ée]n(?:es)?\b",
        r"कौन|किसने|किसको|किसके|\bkaun\b",
        r"ใคร",
    ),
    Kind.PLACE: (
        r"\bwhere\b",
        r"\bwo(?:hin|her)?\b",
        r"\boù\b|\bdov[e']|\ba?onde\b|\bd[óo]nde\b",
        r"कहाँ|कहां|\bkahan\b",
        r"ที่ไหน|ที่ใด",
    ),
}
_KINDS = {kind: regex.compile("|".join(patterns), regex.IGNORECASE) for kind, patterns in _ASKED.items()}
_NUMBER_WORDS = regex.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand|half|double"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|zwanzig|dreißig|hundert|halb\w*"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|cent|demi\w*"
    r"|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|venti\w*|trenta|cento|mezz[oa]"
    r"|dois|duas|três|quatro|seis|sete|oito|dez|doze|vinte|trinta|cem|mei[oa]"
    r"|dos|tres|cuatro|cinco|siete|ocho|nueve|diez|once|doce|veinte|treinta|cien|medi[oa])\b"
    r"|एक|दो|तीन|चार|पाँच|पांच|छह|सात|आठ|नौ|दस|बारह|पंद्रह|बीस|तीस|सौ|हज़ार|आधा|हफ़्ते"
    r"|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ร้อย|พัน|ครึ่ง",
    regex.IGNORECASE,
)
_MONTHS_OR_DAYS = regex.compile(
    r"\b(?:19|20)\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b\w+tag\b|\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b"
    r"|\b(?:lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica)\b|\b(?:segunda|terça|quarta|quinta|sexta|domingo)\b|\b(?:lunes|martes|miércoles|jueves|viernes)\b"
    r"|वार\b|वर्ष|शताब्दी|วัน(?:จันทร์|อังคาร|พุธ|พฤหัส|ศุกร์|เสาร์|อาทิตย์)|ปี",
    regex.IGNORECASE,
)
_NAME = regex.compile(r"(?<=[\p{Ll}\d,;] )\p{Lu}\p{Ll}+")
_CASELESS = regex.compile(r"[\p{Devanagari}\p{Thai}]")


def kinds_asked(question: str) -> frozenset[Kind]:
    """The kinds that the question asks for; empty if no question word decides."""
    return frozenset(kind for kind, pattern in _KINDS.items() if pattern.search(question))


def holds(kind: Kind, text: str, language: str) -> bool:
    """Whether a text holds something of a kind. Scripts without capitals hide names: there persons and places are taken for granted."""
    if kind in (Kind.PERSON, Kind.PLACE):
        return bool(_NAME.search(text) or _CASELESS.search(text))
    found = quantities(text, language)
    if kind is Kind.TIME:
        return any(each.kind in "dt" for each in found) or bool(_MONTHS_OR_DAYS.search(text))
    return bool(found) or bool(_NUMBER_WORDS.search(text))
