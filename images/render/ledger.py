"""rendered.toml: which files beside the texts this program wrote, and from what.

    [clip."en/num.7.flac"]
    recipe = "…"       # sha256 of text, carrier, voice, speed and the recipe's number
    audio = "…"        # sha256 of the file
    seconds = 0.52

A file that is not listed, or no longer has the sha256 listed, is somebody's own recording:
it is kept, and counts as up to date whatever the text says.
"""

import hashlib
import tomllib
from pathlib import Path

from texts import Clip

CURRENT, OWN, MISSING, CHANGED = "current", "own recording", "missing", "out of date"


class Ledger:
    def __init__(self, folder: Path):
        self.folder = folder
        self.path = folder / "rendered.toml"
        self.clips = {}
        if self.path.exists():
            self.clips = tomllib.loads(self.path.read_text("utf-8")).get("clip", {})

    def state(self, clip: Clip) -> str:
        path = self.folder / clip.file
        if any(path.with_suffix(s).exists() for s in (".wav", ".WAV")):
            return OWN
        if not path.exists():
            return MISSING
        if not self._wrote(clip.file):
            return OWN
        return CURRENT if self.clips[clip.file]["recipe"] == clip.recipe else CHANGED

    def left_over(self, clips: list[Clip]) -> list[str]:
        """Files written here once, whose text is gone."""
        wanted = {clip.file for clip in clips}
        return [f for f in self.clips if f not in wanted and (self.folder / f).exists() and self._wrote(f)]

    def record(self, clip: Clip, seconds: float) -> None:
        self.clips[clip.file] = {
            "recipe": clip.recipe,
            "audio": sha256(self.folder / clip.file),
            "seconds": round(seconds, 2),
        }

    def remove(self, file: str) -> None:
        (self.folder / file).unlink()
        del self.clips[file]

    def save(self, clips: list[Clip]) -> None:
        """Writes the list in the order of the texts, dropping what is no longer ours."""
        lines = ["# Written by scripts/render-prompts. Files not listed here are a site's own recordings."]
        for clip in clips:
            entry = self.clips.get(clip.file)
            if entry and (self.folder / clip.file).exists() and self._wrote(clip.file):
                lines += [
                    "",
                    f'[clip."{clip.file}"]',
                    f'recipe = "{entry["recipe"]}"',
                    f'audio = "{entry["audio"]}"',
                    f'seconds = {entry["seconds"]}',
                ]
        partial = self.path.with_suffix(".part")
        partial.write_text("\n".join(lines) + "\n", "utf-8")
        partial.rename(self.path)

    def _wrote(self, file: str) -> bool:
        return file in self.clips and self.clips[file]["audio"] == sha256(self.folder / file)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
