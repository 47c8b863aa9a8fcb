"""One clip from text to 16 kHz samples."""

import re
from pathlib import Path

import numpy as np

import level
from english import English
from mandarin import Mandarin, UnknownText
from texts import Clip, pronunciations
from voice import FRAME, RATE, SOUNDS_MAX, Kokoro

BETWEEN_SENTENCES_MS = 250
"""Silence between pieces of a text that is too long to be said at once."""


class Speaker:
    def __init__(self, cache: Path):
        words = pronunciations()
        self.kokoro = Kokoro(cache)
        self.mandarin = Mandarin(words["zh-CN"])
        self.row = {}
        self.english = {british: English(words["en"], british) for british in (False, True)}

    def sounds(self, clip: Clip, text: str) -> str:
        if clip.language == "zh-CN":
            return self.mandarin.sounds(text)
        return self.english[clip.voice.startswith("b")].sounds(text)

    def speak(self, clip: Clip) -> np.ndarray:
        """Raises UnknownText, naming the clip, when a word cannot be said."""
        try:
            raw = self._within_carrier(clip) if clip.carrier != "{}" else self._whole(clip)
        except (UnknownText, ValueError) as e:
            raise UnknownText(f"{clip.file}: {e}") from e
        return level.finish(level.to_16k(raw))

    def _whole(self, clip: Clip) -> np.ndarray:
        gap = np.zeros(RATE * BETWEEN_SENTENCES_MS // 1_000)
        out = []
        for piece in pieces(self.sounds(clip, clip.text)):
            audio, starts = self.kokoro.say(piece, clip.voice, clip.speed)
            out += [ending_cut(audio, starts), gap]
        return np.concatenate(out[:-1])

    def _within_carrier(self, clip: Clip) -> np.ndarray:
        """Says a row of parts between their neighbours, for the intonation, and cuts one out."""
        row = clip.row or (clip.text,)
        before, after = clip.carrier.split("{}")
        comma = "，" if clip.language == "zh-CN" else ", "
        sounds = self.sounds(clip, before + comma.join(row) + after)
        head = self.sounds(clip, before) if before else ""
        tail = self.sounds(clip, after) if after else ""
        end = len(head)
        for text in row[:clip.at + 1]:
            part = self.sounds(clip, text)
            at = sounds.find(part, end)
            end = at + len(part)
            if at < 0 or not (sounds.startswith(head) and sounds.endswith(tail)):
                raise UnknownText(f"the carrier changes the sounds of {text!r}: put commas around {{}}")
        audio, starts = self._said(sounds, clip.voice, clip.speed)
        first = quietest(audio, starts[max(at - 2, 0)], starts[at] + FRAME // 2) if at else 0
        last = quietest(audio, starts[end], starts[min(end + 2, len(sounds))]) if end < len(sounds) else len(audio)
        return audio[first:last]

    def _said(self, sounds: str, voice: str, speed: float) -> tuple[np.ndarray, np.ndarray]:
        """Keeps the last row of each voice: its other parts are asked for next."""
        if self.row.get(voice, ("",))[0] != (sounds, speed):
            self.row[voice] = ((sounds, speed), *self.kokoro.say(sounds, voice, speed))
        return self.row[voice][1:]


def quietest(audio: np.ndarray, low: int, high: int) -> int:
    """The middle of the quietest 10 ms between two samples: where a part is cut off its carrier."""
    power = np.convolve(audio**2, np.ones(RATE // 100), mode="same")
    return int(low + power[low:max(high, low + 1)].argmin())


def ending_cut(audio: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Drops what follows the last sound by more than 150 ms: the voice's own tail."""
    return audio[: starts[-1] + RATE * 150 // 1_000]


def pieces(sounds: str) -> list[str]:
    """Splits after sentences, and if need be after commas, into what can be said at once."""
    out = [""]
    for piece in re.split(r"(?<=[.!?;]) ", sounds):
        if len(piece) > SOUNDS_MAX:
            raise UnknownText(f"a sentence of {len(piece)} sounds; {SOUNDS_MAX} at most")
        if out[-1] and len(out[-1]) + 1 + len(piece) > SOUNDS_MAX:
            out.append(piece)
        else:
            out[-1] = f"{out[-1]} {piece}".strip()
    return out
