"""Renders prompts from texts.toml; called by scripts/render-prompts, which says how."""

import argparse
import sys
import time
from pathlib import Path

from ledger import CHANGED, MISSING, OWN, Ledger
from texts import BadTexts, Clip, read


def main() -> int:
    p = argparse.ArgumentParser(prog="render-prompts")
    p.add_argument("--root", type=Path, required=True)
    p.add_argument("--cache", type=Path)
    p.add_argument("--check", action="store_true")
    p.add_argument("--listen", action="store_true")
    p.add_argument("folders", nargs="*", type=Path)
    args = p.parse_args()
    folders = args.folders or default_folders(args.root)
    try:
        texts = {folder: read(folder) for folder in folders}
        if args.check:
            return check(texts)
        if args.listen:
            from listen import listen

            return listen(args.cache, texts)
        return render(args.cache, texts)
    except BadTexts as e:
        print(f"render-prompts: {e}", file=sys.stderr)
        return 1


def default_folders(root: Path) -> list[Path]:
    found = [root / "images/prompts", *sorted((root / "images/sites").glob("*/prompts")), root / "board/callers"]
    return [folder for folder in found if (folder / "texts.toml").exists()]


def check(texts: dict[Path, list[Clip]]) -> int:
    """Lists what rendering would do; 1 when it is anything."""
    wanting = 0
    for folder, clips in texts.items():
        ledger = Ledger(folder)
        for clip in clips:
            if (state := ledger.state(clip)) in (MISSING, CHANGED):
                print(f"{folder / clip.file}: {state}")
                wanting += 1
        for file in ledger.left_over(clips):
            print(f"{folder / file}: left over, its text is gone")
            wanting += 1
    return 1 if wanting else 0


def render(cache: Path, texts: dict[Path, list[Clip]]) -> int:
    import level
    from mandarin import UnknownText
    from music import tune
    from speak import Speaker

    speaker, failures, spoken_s = None, 0, 0.0
    began = time.process_time()
    for folder, clips in texts.items():
        ledger = Ledger(folder)
        for file in ledger.left_over(clips):
            print(f"{folder / file}: removed, its text is gone")
            ledger.remove(file)
        for clip in clips:
            state = ledger.state(clip)
            if state == OWN:
                print(f"{folder / clip.file}: kept, own recording")
            if state not in (MISSING, CHANGED):
                continue
            speaker = speaker or (None if clip.is_music else Speaker(cache))
            try:
                audio = tune(clip.id) if clip.is_music else speaker.speak(clip)
            except UnknownText as e:
                print(f"render-prompts: {folder}/{e}", file=sys.stderr)
                failures += 1
                continue
            level.write(folder / clip.file, audio)
            seconds = len(audio) / level.RATE
            ledger.record(clip, seconds)
            ledger.save(clips)
            spoken_s += seconds
            print(f"{folder / clip.file}: {seconds:.2f} s", flush=True)
        ledger.save(clips)
    if spoken_s:
        cpu = time.process_time() - began
        print(f"rendered {spoken_s:.0f} s with {cpu / spoken_s:.2f} CPU-s a second")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
