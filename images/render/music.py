"""Hold music, made from nothing but sines, so that nobody's licence plays while callers wait.

Forty seconds of slow chords with an arpeggio over them, in C major, every note between 196 and
1320 Hz with few partials, so that A-law and a 300..3400 Hz line keep all of it. Notes that ring
past the end are folded onto the beginning: the file loops without a seam.
"""

import numpy as np

RATE = 16_000
BEAT_S = 0.625
BARS, BEATS = 16, 4
RMS_DBFS = -24.0

# Two rounds of I vi ii V, I iii IV V, each bar four voices (MIDI numbers).
CHORDS = [
    (60, 64, 67, 71), (57, 64, 67, 72), (57, 62, 65, 72), (55, 62, 65, 71),
    (60, 64, 67, 74), (59, 64, 67, 71), (57, 60, 65, 69), (55, 62, 67, 71),
    (57, 60, 64, 67), (57, 62, 65, 69), (55, 59, 62, 65), (60, 64, 67, 71),
    (57, 60, 65, 69), (59, 62, 67, 71), (60, 64, 67, 72), (55, 60, 62, 67),
]
# Which voice of the chord each half beat plays, an octave up; -1 rests.
FIGURES = [(0, 1, 2, 3, 2, 1, 2, -1), (0, 2, 1, 3, -1, 2, 3, -1), (3, 2, 1, 2, 0, -1, 1, 2), (0, 1, 3, -1, 2, 3, 1, -1)]


def hertz(midi: int) -> float:
    return 440 * 2 ** ((midi - 69) / 12)


def pad(midi: int, seconds: float) -> np.ndarray:
    """A soft sustained note: slow attack and release, two slightly detuned voices."""
    release_s = 1.2
    t = np.arange(int((seconds + release_s) * RATE)) / RATE
    rise = np.clip(t / 0.5, 0, 1)
    fall = np.clip((seconds + release_s - t) / release_s, 0, 1)
    swell = np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2
    f = hertz(midi)
    tone = sum(a * np.sin(2 * np.pi * f * k * d * t) for k, a in ((1, 1.0), (2, 0.35), (3, 0.12)) for d in (0.9985, 1.0015))
    return tone * swell


def pluck(midi: int) -> np.ndarray:
    """A struck note like a vibraphone's: quick attack, 1.6 s of decay, a little tremolo."""
    t = np.arange(int(2.4 * RATE)) / RATE
    f = hertz(midi)
    body = np.sin(2 * np.pi * f * t) * np.exp(-t / 0.55)
    bright = 0.22 * np.sin(2 * np.pi * 2 * f * t) * np.exp(-t / 0.25)
    attack = np.clip(t / 0.008, 0, 1)
    end = np.clip((2.4 - t) / 0.3, 0, 1)
    return (body + bright) * attack * end * (1 + 0.08 * np.sin(2 * np.pi * 4.5 * t))


def hold_music() -> np.ndarray:
    length = int(BARS * BEATS * BEAT_S * RATE)
    out = np.zeros(length)

    def place(at_s: float, note: np.ndarray, gain: float) -> None:
        at = int(at_s * RATE) + np.arange(len(note))
        np.add.at(out, at % length, gain * note)

    for bar, chord in enumerate(CHORDS):
        start_s = bar * BEATS * BEAT_S
        for midi in chord:
            place(start_s, pad(midi, BEATS * BEAT_S - 0.3), 0.11)
        for half, voice in enumerate(FIGURES[bar % 4]):
            if voice >= 0:
                accent = 1.0 if half == 0 else 0.75 if half % 2 == 0 else 0.6
                place(start_s + half * BEAT_S / 2, pluck(chord[voice] + 12), 0.5 * accent)
    # One echo, folded round as well, in place of a room.
    out += 0.22 * np.roll(out, int(0.23 * RATE)) + 0.12 * np.roll(out, int(0.41 * RATE))
    out *= 10 ** (RMS_DBFS / 20) / np.sqrt((out**2).mean())
    return out


def tune(id: str) -> np.ndarray:
    """The sound of a music entry of texts.toml."""
    tunes = {"music.hold": hold_music}
    if id not in tunes:
        raise SystemExit(f"render-prompts: nobody knows how {id!r} sounds; known: {', '.join(tunes)}")
    return tunes[id]()
