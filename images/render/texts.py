"""Reads a folder's texts.toml and says which file each text becomes.

    layout = "flat"                  # optional: ID.flac beside the texts, one language a prompt
    [voice]                          # zh-CN and en
    [carrier.NAME]                   # zh-CN and en, "… {} …": said around parts, then cut away;
                                     # row = 8: so many parts are said at a time;
                                     # speed = 0.85: of the parts that use it;
                                     # heard = ["ID", "ID"]: what --listen puts around it
    [prompt."ID"]                    # zh-CN, en; optional carrier, speed, voice
    [music."ID"]                     # file
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

RECIPE = 2
"""Raise it when the same text should sound different: every file is rendered anew."""
LANGUAGES = ("zh-CN", "en")
ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")
TEXT_CHARS_MAX = 600


class BadTexts(Exception):
    pass


@dataclass(frozen=True)
class Clip:
    """One file to be: a text in a language and voice, or the music when `text` is empty."""

    id: str
    language: str
    file: str
    text: str
    carrier: str
    voice: str
    speed: float
    overrides: tuple[tuple[str, str], ...]
    heard: tuple[str, ...] = ()
    row: tuple[str, ...] = ()
    at: int = 0

    @property
    def recipe(self) -> str:
        """The sha256 of everything that decides how it sounds."""
        said = (
            RECIPE, self.language, self.text, self.carrier, self.voice, self.speed, self.overrides, self.row, self.at,
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @property
    def is_music(self) -> bool:
        return not self.text


def pronunciations() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "pronounce.toml").read_text("utf-8"))


def read(folder: Path) -> list[Clip]:
    """Every clip of a folder, in the order of its texts.toml."""
    path = folder / "texts.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as e:
        raise BadTexts(f"{path}: {e}") from e
    refuse_unknown(path, "the file", table, {"layout", "voice", "carrier", "prompt", "music"})
    if table.get("layout", "by-language") not in ("flat", "by-language"):
        raise BadTexts(f"{path}: layout {table['layout']!r}: by-language or flat")
    flat = table.get("layout") == "flat"
    overrides = pronunciations()
    clips, row_sizes = [], []
    for id, prompt in table.get("prompt", {}).items():
        if not ID.fullmatch(id):
            raise BadTexts(f"{path}: prompt {id!r}: lower-case letters, digits, dots and hyphens")
        refuse_unknown(path, f"prompt {id!r}", prompt, {*LANGUAGES, "carrier", "speed", "voice"})
        spoken = [language for language in LANGUAGES if language in prompt]
        if not spoken or (flat and len(spoken) > 1):
            raise BadTexts(f"{path}: prompt {id!r}: {len(spoken)} languages")
        for language in spoken:
            text = prompt[language]
            if not 0 < len(text.strip()) <= TEXT_CHARS_MAX:
                raise BadTexts(f"{path}: prompt {id!r}, {language}: {len(text)} characters, 1..{TEXT_CHARS_MAX}")
            voice = prompt.get("voice") or table.get("voice", {}).get(language)
            if not voice:
                raise BadTexts(f"{path}: no voice for {language}")
            carrier = table.get("carrier", {}).get(prompt.get("carrier"), {})
            row_sizes.append(carrier.get("row", 0))
            clips.append(Clip(
                id=id,
                language=language,
                file=f"{id}.flac" if flat else f"{language}/{id}.flac",
                text=text,
                carrier=carrier_of(path, table, prompt.get("carrier"), language),
                voice=voice,
                speed=float(prompt.get("speed", carrier.get("speed", 1.0))),
                heard=tuple(carrier.get("heard", ())),
                overrides=tuple((w, s) for w, s in overrides[language].items() if w.lower() in text.lower()),
            ))
    clips = in_rows(clips, row_sizes)
    for id, music in table.get("music", {}).items():
        refuse_unknown(path, f"music {id!r}", music, {"file"})
        clips.append(Clip(id, "", music["file"], "", "", "", 1.0, ()))
    return clips


def in_rows(clips: list[Clip], sizes: list[int]) -> list[Clip]:
    """Gives each part the row it is said in: neighbours in the file, same carrier and voice.

    `sizes` has for each clip how many its carrier takes, 0 when it is said alone.
    """
    rows: dict[tuple, list[int]] = {}
    for i, clip in enumerate(clips):
        if sizes[i]:
            rows.setdefault((sizes[i], clip.carrier, clip.voice, clip.speed), []).append(i)
    for (size, *_), members in rows.items():
        for begin in range(0, len(members), size):
            row = members[begin:begin + size]
            said = tuple(clips[i].text for i in row)
            for at, i in enumerate(row):
                clips[i] = replace(clips[i], row=said, at=at)
    return clips


def carrier_of(path: Path, table: dict, name: str | None, language: str) -> str:
    if name is None:
        return "{}"
    carrier = table.get("carrier", {}).get(name, {}).get(language)
    if carrier is None or carrier.count("{}") != 1:
        raise BadTexts(f"{path}: carrier {name!r} has no {language} with one {{}}")
    return carrier


def refuse_unknown(path: Path, where: str, table: dict, allowed: set[str]) -> None:
    for key in table:
        if key not in allowed:
            raise BadTexts(f"{path}: unknown key {key!r} in {where}; allowed: {', '.join(sorted(allowed))}")
