"""Cuts a page's text into chunks of at most N tokens, with exact character offsets."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import regex

from rag.errors import InvalidInput
from rag.lines import LineKind, line_kind
from rag.thai import thai_words

MAX_TOKENS = 128  # of a chunk; 200 and 300 find the right document among the first three less often (samples, paraphrased and typed)
SMALL_SHARE = 0.25  # of max_tokens: a chunk below this says too little by itself and joins a neighbour where both fit
HEADING_TOKENS = 16  # a line up to this long without a stop is a heading: it belongs to what follows

_PARAGRAPH = regex.compile(r"\n\s*\n")
_UNDERLINE = regex.compile(r"[-=~^_*#]{3,}")  # drawn below a heading
_STOP = regex.compile(r"[.!?…।॥。]['\"”’»)\]]*$")
_WORD_START = regex.compile(r"\s+(?=\S)")
_THAI = regex.compile(r"\p{Thai}")
_SPACE = np.array([chr(code).isspace() for code in range(0x3002)])  # by code point; above the last of these there is no white space
_CLUSTER = regex.compile(r"\X")  # of Unicode 15.1 and later: consonants that a virama joins are one cluster, a Devanagari syllable

Offsets = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """One chunk of a page: characters [start, end), tokens [first_token, last_token)."""

    start: int
    end: int
    first_token: int
    last_token: int


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Where the tokens of the page begin, in order (`starts`), past the white space that some tokenizers give to the next word."""

    text: str
    starts: list[int]

    def before(self, position: int) -> int:
        """How many tokens begin before a character."""
        return bisect_left(self.starts, position)

    def count(self, start: int, end: int) -> int:
        """How many tokens begin in a span of characters."""
        return self.before(end) - self.before(start)


def chunk_page(text: str, offsets: Sequence[Offsets], sentences: Sequence[Offsets], *, max_tokens: int = MAX_TOKENS) -> list[ChunkSpan]:
    """Cut one page into chunks of at most `max_tokens` tokens, at paragraph borders where it can, else between sentences.

    `offsets`: the character span of each token of `text`, in order. `sentences`: from `sentence_spans`. Chunks are in order and hold every
    non-space character once; they begin and end with a non-space character. A sentence longer than `max_tokens` is cut where a word and a
    token begin together (Thai words by dictionary), and only where there is no such place between grapheme clusters; only a single cluster
    longer than `max_tokens` is cut itself. Raises InvalidInput when `max_tokens` is not positive.
    """
    if max_tokens < 1:
        raise InvalidInput(f"Chunks of {max_tokens} tokens were asked for; a chunk must hold at least 1.")
    tokens = _Tokens(text, _token_starts(text, offsets))
    headings = _headings(tokens, sentences)
    paragraphs = [_with_headings(tokens, headings, paragraph) for paragraph in _paragraphs(tokens, sentences, headings)]
    pieces = [[piece for span in paragraph for piece in _cut(tokens, span, max_tokens)] for paragraph in paragraphs]
    chunks = _merge_small(tokens, _pack_paragraphs(tokens, pieces, max_tokens), max_tokens)
    return [ChunkSpan(start, end, tokens.before(start), tokens.before(end)) for start, end in chunks]


def _token_starts(text: str, offsets: Sequence[Offsets]) -> list[int]:
    if not offsets:
        return []
    starts, ends = np.array(offsets).T
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    solid = np.flatnonzero(~_SPACE[np.minimum(codes, len(_SPACE) - 1)])
    following = np.append(solid, len(text))[np.searchsorted(solid, starts)]
    starts = np.where(following < ends, following, starts)
    return list(np.maximum.accumulate(starts).tolist())


def _headings(tokens: _Tokens, sentences: Sequence[Offsets]) -> set[Offsets]:
    """The sentences that may be headings: a short line of its own without a stop, and the line drawn below one."""
    found: set[Offsets] = set()
    before: Offsets | None = None
    for sentence in sentences:
        line = tokens.text[slice(*sentence)]
        drawn = before in found and _UNDERLINE.fullmatch(line)
        short = tokens.count(*sentence) <= HEADING_TOKENS and not _STOP.search(line)
        if _is_line(tokens.text, sentence) and (drawn or (short and (line.startswith("#") or line_kind(line) is LineKind.TEXT))):
            found.add(sentence)
        before = sentence
    return found


def _is_line(text: str, sentence: Offsets) -> bool:
    """Whether nothing else stands on the lines of a sentence."""
    start, end = sentence
    above, below = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return not text[above:start].strip() and not text[end : below if below >= 0 else len(text)].strip()


def _paragraphs(tokens: _Tokens, sentences: Sequence[Offsets], headings: set[Offsets]) -> list[list[Offsets]]:
    """Group sentences by blank lines, and before a heading between two texts; a heading opens the group that follows it."""
    groups: list[list[Offsets]] = []
    for at, sentence in enumerate(sentences):
        apart = groups and _PARAGRAPH.search(tokens.text, groups[-1][-1][1], sentence[0])
        heads = sentence in headings and _STOP.search(tokens.text[slice(*sentences[at - 1])]) and _leads(sentences, at, headings)
        if not groups or heads or (apart and not _is_heading(tokens, groups[-1], headings)):
            groups.append([])
        groups[-1].append(sentence)
    return groups


def _leads(sentences: Sequence[Offsets], at: int, headings: set[Offsets]) -> bool:
    """Whether a text follows within two lines: more lines without a stop are a list."""
    return any(following not in headings for following in sentences[at + 1 : at + 3])


def _is_heading(tokens: _Tokens, group: Sequence[Offsets], headings: set[Offsets]) -> bool:
    words = [span for span in group if not _UNDERLINE.fullmatch(tokens.text[slice(*span)])]
    return all(span in headings for span in group) and sum(tokens.count(*span) for span in words) <= HEADING_TOKENS


def _with_headings(tokens: _Tokens, headings: set[Offsets], paragraph: Sequence[Offsets]) -> list[Offsets]:
    """The sentences, each heading as one with the text after it: no chunk ends with the heading of the next."""
    joined: list[Offsets] = []
    lines = 0  # that may be headings, right before the sentence
    for sentence in paragraph:
        if sentence in headings:
            lines += 1
            joined.append(sentence)
            continue
        if not _is_heading(tokens, joined[len(joined) - lines :], headings):
            lines = 1  # those before are a list or an address
        start = joined[-lines][0] if lines else sentence[0]
        del joined[len(joined) - lines :]
        joined.append((start, sentence[1]))
        lines = 0
    return joined


def _pack_paragraphs(tokens: _Tokens, paragraphs: Iterable[Sequence[Offsets]], limit: int) -> Iterator[Offsets]:
    """Yield chunks: whole paragraphs while they fit; one that does not begins anew unless what is open is too small to stand alone."""
    chunk: Offsets | None = None
    for paragraph in paragraphs:
        if chunk and tokens.count(chunk[0], paragraph[-1][1]) > limit and tokens.count(*chunk) >= SMALL_SHARE * limit:
            yield chunk
            chunk = None
        for start, end in paragraph:
            if chunk and tokens.count(chunk[0], end) > limit:
                yield chunk
                chunk = None
            chunk = (chunk[0] if chunk else start, end)
    if chunk:
        yield chunk


def _merge_small(tokens: _Tokens, chunks: Iterable[Offsets], limit: int) -> list[Offsets]:
    merged: list[Offsets] = []
    for start, end in chunks:
        small = tokens.count(start, end) < SMALL_SHARE * limit
        if small and merged and tokens.count(merged[-1][0], end) <= limit:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _cut(tokens: _Tokens, span: Offsets, longest: int) -> Iterator[Offsets]:
    """Yield `span` whole if it has at most `longest` tokens, else in even pieces, none over `longest`."""
    start, end = span
    remaining = tokens.count(start, end)
    if remaining <= longest:
        yield span
        return
    borders = _borders(tokens, start, end)
    while remaining > longest:
        size = -(-remaining // -(-remaining // longest))
        border = _border(tokens, (start, end), size, longest, borders)
        if tokens.text[start:border].strip():
            yield start, start + len(tokens.text[start:border].rstrip())
        start = border + len(tokens.text[border:end]) - len(tokens.text[border:end].lstrip())
        remaining = tokens.count(start, end)
    if start < end:
        yield start, end


def _border(tokens: _Tokens, span: Offsets, size: int, longest: int, borders: tuple[list[int], list[int]]) -> int:
    """Return where the first piece of `span` ends: at the last border within `size` tokens, or else where it does the least harm."""
    (start, end), (words, clusters) = span, borders
    fitting = tokens.starts[tokens.before(start) + size]
    border = _last_between(words, start, fitting) or _last_between(clusters, start, fitting)
    if border:
        return border
    after = bisect_right(clusters, start)
    cluster_end = clusters[after] if after < len(clusters) else end
    if tokens.count(start, cluster_end) <= longest:
        return cluster_end
    if fitting > start:
        return fitting
    after = bisect_right(tokens.starts, start)  # one character of more tokens than fit: it cannot be cut
    return min(end, tokens.starts[after]) if after < len(tokens.starts) else end


def _last_between(borders: Sequence[int], after: int, upto: int) -> int | None:
    """Return the last of the sorted `borders` in (after, upto]."""
    at = bisect_right(borders, upto) - 1
    return borders[at] if at >= 0 and borders[at] > after else None


def _borders(tokens: _Tokens, start: int, end: int) -> tuple[list[int], list[int]]:
    """Return where a word and a token begin together inside [start, end), and where a cluster begins."""
    sentence = tokens.text[start:end]
    clusters = [start + match.start() for match in _CLUSTER.finditer(sentence) if not match[0].isspace()]
    words = {start + match.end() for match in _WORD_START.finditer(sentence)}
    if _THAI.search(sentence):
        words.update(start + at for at in accumulate(map(len, thai_words(sentence))))
    token_starts = tokens.starts[tokens.before(start) : tokens.before(end)]
    return sorted(words & set(token_starts) & set(clusters)), clusters
