"""Mandarin text to the sounds Kokoro was taught: pinyin with tones, then IPA with tone arrows.

The tones are those that are spoken, not those of the dictionary: 一 and 不 change before
their neighbour, and the first of two third tones becomes a second.
"""

import logging
import re

import jieba
from misaki.transcription import pinyin_to_ipa
from pypinyin import Style, lazy_pinyin

from words import zh_words

jieba.setLogLevel(logging.WARNING)

HAN = re.compile(r"[\u4e00-\u9fff]+")
PUNCTUATION = str.maketrans({
    "，": ", ", "、": ", ", "。": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ",
    "“": " “", "”": "” ", "《": " “", "》": "” ", "（": " (", "）": ") ",
})
# After these, or at the end, 一 is a digit and keeps its first tone.
DIGITS = "零一二三四五六七八九十幺百第"


class UnknownText(Exception):
    """A text holds something that would be skipped in silence."""


class Mandarin:
    """`pronounce` maps words to pinyin (`重听` -> `chong2 ting1`) where the dictionary errs."""

    def __init__(self, pronounce: dict[str, str]):
        self.pronounce = pronounce
        for word in pronounce:
            jieba.add_word(word, freq=10**7)

    def sounds(self, text: str) -> str:
        out = []
        text = zh_words(text)
        at = 0
        for run in HAN.finditer(text):
            out.append(self._between(text[at:run.start()]))
            out.append(self._run(run[0]))
            at = run.end()
        out.append(self._between(text[at:]))
        return re.sub(r" +", " ", "".join(out)).strip()

    def _between(self, text: str) -> str:
        text = text.translate(PUNCTUATION)
        strange = re.sub(r"[,.!?:;“”() ]", "", text)
        if strange:
            raise UnknownText(f"cannot say {strange!r} in Mandarin: write it in characters")
        return text

    def _run(self, run: str) -> str:
        words = [(word, self._pinyin(word)) for word in jieba.cut(run, HMM=False)]
        change_tones(words)
        return " ".join("".join(ipa(s) for s in syllables) for _, syllables in words)

    def _pinyin(self, word: str) -> list[str]:
        if word in self.pronounce:
            return self.pronounce[word].split()
        syllables = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
        if len(syllables) != len(word) or not all(re.fullmatch(r"[a-zü]+[1-5]", s) for s in syllables):
            raise UnknownText(f"no pinyin for {word!r}")
        return syllables


def change_tones(words: list[tuple[str, list[str]]]) -> None:
    """Applies the sandhi of 一, of 不 and of the third tone, in place."""
    flat = [(c, w, i) for w, (word, _) in enumerate(words) for i, c in enumerate(word)]
    tone = lambda k: words[flat[k][1]][1][flat[k][2]][-1]

    def put(k, digit):
        _, w, i = flat[k]
        words[w][1][i] = words[w][1][i][:-1] + digit

    for k in range(len(flat) - 1):
        char, following = flat[k][0], tone(k + 1)
        if char == "一":
            put(k, "1")
        if char == "不" and following == "4":
            put(k, "2")
        counted = flat[k + 1][0] in "百千万" or flat[k + 1][0] not in DIGITS
        word = words[flat[k][1]][0]
        ends_word = len(word) > 1 and flat[k][2] == len(word) - 1
        if char == "一" and counted and not ends_word and (k == 0 or flat[k - 1][0] not in "十第按零一二三四五六七八九幺键"):
            put(k, "2" if following == "4" else "4" if following in "123" else "1")
    for k in range(len(flat) - 2, -1, -1):
        same_word = flat[k][1] == flat[k + 1][1]
        single = len(words[flat[k][1]][0]) == 1
        if tone(k) == "3" and tone(k + 1) == "3" and (same_word or single):
            put(k, "2")


def ipa(syllable: str) -> str:
    """`hao3` -> `xau↓`."""
    sounds = "".join(next(iter(pinyin_to_ipa(syllable))))
    for marks, arrow in (("˧˩˧", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥", "→")):
        sounds = sounds.replace(marks, arrow)
    for apical in ("ɻ\u0329", "ɹ\u0329"):
        sounds = sounds.replace(apical, "ɨ")
    return sounds.replace("\u032f", "")
