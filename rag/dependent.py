"""Which sentences say nothing without the one before: they begin with a pronoun, a demonstrative or a connective, in eight languages."""

import regex

# Subjects that Italian, Portuguese and Spanish leave out show as a verb at the beginning ("Dura tre settimane."). German "Sie" may address
# the reader ("Sie müssen ..."), so only verbs that do not are taken for "it" or "they"; "das" is an article before a noun.
_BEGINNINGS = {
    "en": (
        r"it|its|he|she|they|his|her|their|this|that|these|those|both|such|otherwise|however|therefore|(?:then|so|also)(?=,)"
        r"|but|the (?:latter|former|same)"
    ),
    "de": (
        r"er|es|seine?[mnrs]?|diese[mnrs]?|dies|jene[mnrs]?|solche[mnrs]?|letztere[mnrs]?|beide|deren|dessen|dort|dabei|dafür"
        r"|dagegen|damit|danach|dann|daran|darauf|daraus|darin|darüber|davon|davor|dazu|daher|deshalb|deswegen|hierzu|hierfür"
        r"|dennoch|jedoch|sonst|andernfalls|außerdem|aber"
        r"|sie (?:\p{Ll}+te?|ist|wird|war|muss|kann|darf|soll|waren|wurde|wurden|gelten|betragen|dauern|kosten|liegen|bestehen|gehören)"
        r"|das (?:ist|sind|war|waren|gilt|wird|wurde|kann|muss|bedeutet|heißt|macht|geht|hat|liegt|kostet|dauert|betrifft)"
    ),
    "fr": (
        r"il|elle|ils|elles|ce|cet|cette|ces|cela|ça|celui-ci|celle-ci|ceux-ci|celles-ci|son|sa|ses|leurs?|sinon|toutefois"
        r"|cependant|mais|ensuite|donc|(?:puis|ainsi)(?=,)|c['’]\p{L}+"
    ),
    "it": (
        r"esso|essa|essi|esse|egli|ella|lui|lei|loro|quest[oaie]|quell[oaie]|quest['’]\p{L}+|ciò|suo|sua|suoi|sue|altrimenti"
        r"|tuttavia|però|ma|inoltre|quindi|poi(?=,)|è|sono|era|erano|dura|durano|costa|costano|si"
    ),
    "pt": (
        r"el[ea]s?|est[ea]s?|ess[ea]s?|isto|isso|aquel[ea]s?|aquilo|seus?|suas?|ambos|ambas|caso contrário|porém|contudo|mas"
        r"|além disso|portanto|depois(?=,)|é|são|era|eram|foi|foram|dura|duram|custa|custam|tem"
    ),
    "es": (
        r"él|ella|ellos|ellas|est[ea]|est[oa]s?|es[ea]|es[oa]s?|aquel|aquell[oa]s?|sus?|ambos|ambas|de lo contrario"
        r"|sin embargo|pero|además|por tanto|(?:luego|después)(?=,)|es|son|está|están|era|eran|fue|fueron|dura|duran|cuesta"
        r"|cuestan|tiene|se"
    ),
    "hi": (
        r"यह|ये|वह|वे|यही|वही|इस|इन|उस|उन|इसका|इसकी|इसके|इसे|इसमें|इससे|इसलिए|इन्हें|इनका|इनकी|इनके|उसका|उसकी|उसके|उसे|उसमें"
        r"|उन्हें|उनका|उनकी|उनके|ऐसा|ऐसे|ऐसी|दोनों|लेकिन|परंतु|वहाँ|फिर"
    ),
}
_DEPENDENT = {
    language: regex.compile(rf"[\p{{P}}\s]*+(?:{words})(?![\p{{L}}\p{{M}}'’])", regex.IGNORECASE) for language, words in _BEGINNINGS.items()
}
# Thai writes no space after them; "this" follows its noun.
_DEPENDENT["th"] = regex.compile(
    r"(?:มัน|เขา|เธอ|พวกเขา|นี่|นั่น|สิ่งนี้|สิ่งนั้น|ทั้งสอง|ทั้งนี้|นอกจากนี้|ดังกล่าว|ดังนั้น|อย่างไรก็ตาม|แต่|และ|หรือ|ซึ่ง|โดย|เพราะ|ส่วน)"
    r"|[\p{L}\p{M}]{2,20}?(?:นี้|นั้น|ดังกล่าว)"
)
_BEGINNING = 60  # characters that hold the longest of these


def needs_neighbour(sentence: str, language: str) -> bool:
    """Say whether the beginning of `sentence` refers to the sentence before; always False in languages other than the eight.

    By its first words only: an expletive ("It is forbidden to ...") counts too, a reference later in the sentence does not.
    """
    return language in _DEPENDENT and bool(_DEPENDENT[language].match(" ".join(sentence[:_BEGINNING].split())))
