//! Recordings of speech and music in a folder, as sound of 8 kHz.

use media::Clip;
use model::Rate;
use std::path::{Path, PathBuf};

/// Every WAV file of 8 kHz and every FLAC file below a folder, by name.
pub fn of(folder: &Path) -> Vec<(String, Vec<i16>)> {
    let mut files = Vec::new();
    gather(folder, &mut files);
    files.iter().filter_map(|path| Some((path.display().to_string(), read(path)?))).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => gather(&path, files),
            false => files.push(path),
        }
    }
}

/// The sound of a file at 8 kHz; nothing for a file of another kind.
fn read(path: &Path) -> Option<Vec<i16>> {
    match path.extension()?.to_str()? {
        "wav" => {
            let bytes = std::fs::read(path).unwrap();
            let data = bytes.windows(4).position(|four| four == b"data")?;
            let samples = bytes.get(data + 8..)?.chunks_exact(2);
            Some(samples.map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
        }
        "flac" => {
            let mut reader = claxon::FlacReader::open(path).unwrap();
            let rate = reader.streaminfo().sample_rate;
            let samples: Vec<i16> = reader.samples().map(|s| s.unwrap() as i16).collect();
            Some(Clip::from_pcm(&samples, rate).unwrap().samples(Rate::Narrow).to_vec())
        }
        _ => None,
    }
}
