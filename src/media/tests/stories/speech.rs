//! Clean speech: what the box' own prompts say, in both languages.

use std::path::Path;

/// Some 40 s of prompts at 8 kHz and -20 dBm0, the languages by turns.
pub fn speech() -> Vec<i16> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images/prompts");
    let names = ["survey.ask", "queue.busy", "ivr.closed", "queue.wait-long"];
    let mut sound: Vec<f32> = Vec::new();
    for name in names {
        for lang in ["en", "zh-CN"] {
            let path = root.join(lang).join(format!("{name}.flac"));
            let mut reader = claxon::FlacReader::open(&path).unwrap();
            let rate = reader.streaminfo().sample_rate;
            let wide: Vec<f32> = reader.samples().map(|s| s.unwrap() as f32).collect();
            sound.extend(narrow(&wide, rate as usize / 8000));
            sound.extend([0.0; 2000]);
        }
    }
    let active: Vec<f32> = sound.iter().copied().filter(|s| s.abs() > 100.0).collect();
    let power: f32 = active.iter().map(|s| s * s).sum::<f32>() / active.len() as f32;
    let gain = media::tone::Dbm0(-20.0).peak() / std::f32::consts::SQRT_2 / power.sqrt();
    sound.iter().map(|s| (s * gain).clamp(-32_000.0, 32_000.0) as i16).collect()
}

/// Every `factor`th sample, after what is beyond 3.6 kHz was taken away.
fn narrow(wide: &[f32], factor: usize) -> Vec<f32> {
    const HALF: i64 = 64;
    let cut = 0.45 / factor as f32;
    let tap = |n: i64| {
        let x = std::f32::consts::TAU * cut * n as f32;
        let ideal = if n == 0 { 2.0 * cut } else { x.sin() / (std::f32::consts::PI * n as f32) };
        let turn = std::f32::consts::PI * n as f32 / HALF as f32;
        ideal * (0.5 + 0.5 * turn.cos())
    };
    let taps: Vec<f32> = (-HALF..=HALF).map(tap).collect();
    let at = |n: i64| usize::try_from(n).ok().and_then(|n| wide.get(n)).copied().unwrap_or(0.0);
    (0..wide.len() / factor)
        .map(|n| {
            let centre = (n * factor) as i64;
            taps.iter().enumerate().map(|(k, tap)| tap * at(centre + k as i64 - HALF)).sum()
        })
        .collect()
}
