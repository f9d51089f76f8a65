"""Whether a word is a misspelling of another, or a different word that only looks like it.

One slip of the finger is forgiven: a letter wrong, missing, doubled or two exchanged. It never is in a number, a
negation, a name, an acronym or a word of fewer than four letters, nor where one letter makes another word. There is no
dictionary here; other words are known by two signs: the letter belongs to a prefix or ending that carries meaning
(micro-/macro-, nitrite/nitrate), or they are on a list of look-alikes. Whoever knows more words asks those first.
"""

import re

from rapidfuzz.distance import OSA

from lasttenth.records.sentences import negation


def _entries(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBER_WORDS = _entries(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion"
    " first second third fourth fifth sixth seventh eighth ninth tenth once twice thrice half quarter double triple"
    " dozen"
)
_LOOKALIKES = _entries(
    "abduct abducted abduction able accept act add adduct adducted adduction affect affected affecting affects"
    " afferent after age ago aid aim air all allow allowed allows alter altercation alternation always amoral and"
    " anode antecedent any appraise apprise arm art arterial ascent ask assent assure assured ate atypical bad ban"
    " bar bare base bat bear bed best bet big bill bit block bold bond born both bow box boy breach breath breathe"
    " broach bull bus but buy can cap car cased casual casually casualty cat causal causality cause ceased cell"
    " cold collision collusion coma comma complement complementary compliment complimentary confidant confident"
    " cost could council counsel court cow cry cup cut date day dead deal dear decease decent defence defer"
    " deferred defuse deny descend descent desert dessert device devise did die differ diffuse discreet discrete"
    " disease does dog dose down dry dual due duel each ear ease east eat effect effected effecting effects"
    " efferent egg either elicit emerge emergent emigrate eminent employee employer ensure ensured even ever every"
    " except expand expansive expend expensive eye fail fall false fan far farther fast fat fatal fear feel fell"
    " felt fetal few fewer file fill final find fine fire firm fit flaw flee flow fly for form formal formally"
    " former formerly found from full fun fund gain gap gas get give given god gold good got grow gum gun gut had"
    " half ham hand hard hat have head heal hear heart heat held her here hid high him hip hire his hit hold home"
    " hot hours how hub human humane ice idle ileum ilium ill immigrate imminent immunity impunity inhabited"
    " inhabits inhibited inhibits ink insure intense intensive into ion isle its jaw job joy keep kept key kid"
    " kill king lab lack lap last late later latter law lay lead leaf lean least leave left leg less let lice lid"
    " lie life lift like line lip list live liver lives load loan local log long loose lose loss lost lot lots low"
    " made main make male man mane many map marital martial mass material maternal maternity may mean meet men"
    " mere mess met mice mild mile mind mine miss mix mode moral morale morality more mortal mortality most mostly"
    " move much mucous mucus must name near neat need neither net neural neutral never new news next nice nod nor"
    " not note nought now nowhere nut odd off oil old omit once one only open oral other our out over own owner"
    " pad pain palate palette part past paternal paternity path patience patients pay payee payer peak peer per"
    " perfect perineal peroneal persecute personal personnel pet pie pig pin place plain plan plane play poor pop"
    " port post pot pray precede prefect prescribe prescribed prescription presence presents prey principal"
    " principle pro proceed proscribe proscribed proscription prosecute prostate prostrate public put quarter"
    " quiet quite raise ran rang rat rate raw ray read real rear red reject rely rest rib rice rich rid right rim"
    " ring rise risk road role roll rose run sad safe sale same sand sat save saw say sea seal seat see seed seek"
    " seen self sell send sent set sever several severe sex she ship shot shut sick side sign sit site six size"
    " ski skin sky slow snow soft sold sole some son soon sore sort sow spared spread star stare statue status"
    " statute step stop string strong such suit sum sun sure tail take talk tall tax tea team tear tell ten test"
    " text than that the them then there these they thin thing think this thorough those though thought through"
    " tie time tin tip toe tole ton tone too tool top toy trail trails treat trial trials true try two typical"
    " united untied upper use used user van vein very via vial vital wait wake wall want war ward warm warn was"
    " wash way weak wear web week well went were west wet what when where which while white who whole why wide"
    " wife wild will win wind wine wish with won word work worse worst year yet yield you zoo"
)
_PRIVATIVE = re.compile(
    r"a(?:biotic|cellular|chromatic|cyclic|febrile|gnostic|moral|nuclear|pathetic|periodic|phasi|political|sept|sexual|social"
    r"|symmetr|symptom|synchron|theis|tonal|trophi|typical|vascular)"
)
# Where two words differ in the bracketed letter alone, they are two words.
_MEANINGFUL = tuple(
    re.compile(pattern)
    for pattern in (
        r"a([bd])\w{3,}",
        r"an?t([ei])\w{3,}",
        r"pr([eo])\w{3,}",
        r"h([eo])mo\w+",
        r"m([ia])cro\w*",
        r"in([ft])ra\w*",
        r"([ae])fferent\w*",
        r"([ei])m+igra\w+",
        r"\w{2,}([ai])te[sd]?",
        r"\w{2,}i([dt])es?",
        r"\w{2,}([aeiouy])nes?",
        r"\w{2,}([ao])ls?",
        r"\w{2,}e([er])s?",
    )
)


def is_misspelling(written: str, meant: str) -> bool:
    """Tell whether `written` is `meant` with one slip; both in lower case.

    Example:
        >>> is_misspelling("incrase", "increase"), is_misspelling("macroscopic", "microscopic")
        (True, False)
    """
    if len(written) < 3 or len(meant) < 4 or not (written.isalpha() and meant.isalpha()):
        return False
    if {written, meant} & _NUMBER_WORDS or negation(written) or negation(meant):
        return False
    if written in _LOOKALIKES or OSA.distance(written, meant, score_cutoff=1) != 1:
        return False
    return not _differs_in_meaning(written, meant)


def _differs_in_meaning(one: str, other: str) -> bool:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if longer == f"a{shorter}" and _PRIVATIVE.match(longer):
        return True
    if len(longer) > len(shorter):
        return False
    return any(_same_but_for_group(pattern, one, other) for pattern in _MEANINGFUL)


def _same_but_for_group(pattern: re.Pattern[str], one: str, other: str) -> bool:
    first, second = pattern.fullmatch(one), pattern.fullmatch(other)
    if not first or not second:
        return False
    start, end = first.span(1)
    return one[:start] == other[:start] and one[end:] == other[end:]
