"""Whether a word is a misspelling of another, or a different word that only looks like it.

One slip of the finger is forgiven: a letter wrong, missing, doubled or two exchanged. It never is in a number, a
negation, a name, an acronym or a word of fewer than four letters, nor where one letter makes another word. There is no
dictionary here; other words are known by three signs: they stand elsewhere in the text, the letter belongs to a prefix
or ending that carries meaning (micro-/macro-, nitrite/nitrate), or they are on a list of look-alikes.
"""

import re
from collections.abc import Container

from rapidfuzz.distance import OSA

from lasttenth.records.sentences import negation


def _entries(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBER_WORDS = _entries(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion"
    " first second third fourth fifth sixth seventh eighth ninth tenth once twice thrice half quarter double triple"
    " dozen both neither either"
)
_LOOKALIKES = _entries(
    "able abduct abducted abduction accept adduct adducted adduction affect affected affecting affects afferent after"
    " allow allows allowed alter always alternation altercation amoral anode antecedent appraise apprise arterial"
    " ascent assent assure assured atypical bare base bear best bill block bold bond born breach breath breathe broach"
    " bull cased casual casually casualty causal causality cause ceased cell cold collision collusion coma comma"
    " complement complementary compliment complimentary confident confidant cost could council counsel court date dead"
    " deal dear decent descent defence defer deferred defuse deny descend desert dessert device devise differ diffuse"
    " discreet discrete disease decease does dose down dual duel each ease east effect effected effecting effects"
    " efferent elicit emerge emergent emigrate eminent employee employer ensure ensured even ever every except expend"
    " expand expansive expensive fail fall false farther fast fatal fear feel fell felt fetal fewer file fill final"
    " find fine fire firm flee flow flaw form formal formally former formerly found from full fund gain give given gold"
    " good grow hand hard have head heal hear heart heat held here high hire hold home human humane hold hours idle"
    " ileum ilium imminent immigrate immunity impunity inhabited inhibited inhibits inhabits insure intense intensive"
    " into isle keep kept kill king lack last late later latter lead leaf lean least leave left less lice life lift"
    " like line list live liver lives load loan local long loose lose loss lost lots made main make male mane many"
    " marital martial mass material maternal maternity mean meet mere mess mice mile mild mind mine miss mode moral"
    " morale morality more mortal mortality most mostly move much mucous mucus must name near neat need neural neutral"
    " never news next nice note nought nowhere omit once only open oral other over owner pain palate palette part past"
    " paternal paternity path patience patients payee payer peak peer perfect perineal peroneal persecute personal"
    " personnel place plain plan plane play poor port post pray precede prefect prescribe prescribed prescription"
    " presence presents prey principal principle proceed proscribe proscribed proscription prosecute prostate"
    " prostrate public quiet quite raise rang rate read real rear reject rely rest rice rich right ring rise risk road"
    " role roll rose safe sale same sand save seal seat seed seek seen self sell send sent severe sever several ship"
    " shot shut sick side sign site size skin slow snow soft sold sole some soon sore sort spared spread star stare"
    " statue statute status step stop string strong such suit sure take tail talk tall team tear tell test text than"
    " that them then there these they thin thing think this those though thought through thorough time tole tone tool"
    " trail trails trial trials treat true typical united untied upper used user vein very vial vital wait wake wall"
    " want ward warm warn wash weak wear week well went were west what when where which while white whole wide wife"
    " wild will wind wine wish with word work worse worst year yield"
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


def is_misspelling(written: str, meant: str, *, known: Container[str]) -> bool:
    """Tell whether `written` is `meant` with one slip; `known` holds words that are no slips, all in lower case.

    Example:
        >>> is_misspelling("incrase", "increase", known=()), is_misspelling("macroscopic", "microscopic", known=())
        (True, False)
    """
    if min(len(written), len(meant)) < 4 or not (written.isalpha() and meant.isalpha()):
        return False
    if {written, meant} & _NUMBER_WORDS or negation(written) or negation(meant):
        return False
    if written in known or written in _LOOKALIKES or OSA.distance(written, meant, score_cutoff=1) != 1:
        return False
    return not _differs_in_meaning(written, meant)


def _differs_in_meaning(one: str, other: str) -> bool:
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if longer == f"a{shorter}":
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
