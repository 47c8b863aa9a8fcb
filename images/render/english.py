"""English text to the sounds Kokoro was taught, by misaki's lexicon and nothing else.

A word outside the lexicon is refused. A word with more readings takes the lexicon's first, or
the one its text asks for by a part of speech: `close~VERB`.
"""

import re
import sys
import types

from mandarin import UnknownText
from words import en_words

# misaki.en imports spaCy to guess parts of speech; only its lexicon is used here.
sys.modules.setdefault("spacy", types.ModuleType("spacy"))
from misaki.en import Lexicon, TokenContext  # noqa: E402

TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*(?:~[A-Z]+)?|[,.!?:;“”()—-]|\s+|.")
VOWELS = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐeoɚ"
TAGS = {"a": "DT", "the": "DT", "to": "TO", "in": "IN", "i": "PRP"}


class English:
    def __init__(self, pronounce: dict[str, str], british: bool):
        self.pronounce = pronounce
        self.lexicon = Lexicon(british)

    def sounds(self, text: str) -> str:
        out, vowel_follows = [], None
        for token in reversed(TOKEN.findall(en_words(text).replace("A M", "AM"))):
            if token.isspace() or token == "-":
                out.append(" ")
            elif token[0].isalpha():
                sound = self._word(token, vowel_follows)
                vowel_follows = first_sound_is_vowel(sound)
                out.append(sound)
            elif token in ",.!?:;“”()—":
                vowel_follows = None
                out.append(token)
            else:
                raise UnknownText(f"cannot say {token!r} in English: write it in words")
        return re.sub(r" +", " ", "".join(reversed(out))).strip()

    def _word(self, token: str, vowel_follows: bool | None) -> str:
        word, _, tag = token.partition("~")
        word = word.replace("’", "'")
        spelled = word.isupper() and word != "A"
        word_as_read = word if spelled else word.lower()
        if word_as_read in self.pronounce:
            return self.pronounce[word_as_read]
        tag = tag or TAGS.get(word_as_read.lower(), "")
        context = TokenContext(future_vowel=vowel_follows)
        sound, _ = self.lexicon.get_word(word_as_read, tag, None, context)
        if not sound:
            raise UnknownText(f"{word!r} is not in the English lexicon")
        return sound


def first_sound_is_vowel(sound: str) -> bool:
    return next((c in VOWELS for c in sound if c.isalpha()), False)
