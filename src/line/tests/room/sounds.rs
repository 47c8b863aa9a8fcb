//! Sounds that are no busy tone, and some that are.

/// A seeded sequence that is good enough for sounds.
pub struct Dice(pub u64);

impl Dice {
    /// From 0 to 1.
    pub fn roll(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
    pub fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * self.roll()
    }
}

/// A voice: pulses of the cords through three formants, syllables and pauses, in a pitch that
/// glides; now and then a sibilant.
pub fn speech(seed: u64, seconds: usize) -> Vec<i16> {
    let mut dice = Dice(seed);
    let mut out = Vec::with_capacity(seconds * 8000);
    let base_hz = dice.between(90.0, 260.0);
    let mut phase = 0.0;
    let mut formants = [Formant::default(); 3];
    while out.len() < seconds * 8000 {
        let len = (dice.between(0.08, 0.45) * 8000.0) as usize;
        let (from, to) = (base_hz * dice.between(0.7, 1.5), base_hz * dice.between(0.7, 1.5));
        let voiced = dice.roll() < 0.8;
        // The first formant of some vowels is at the busy tone's frequency.
        let hz =
            [dice.between(280.0, 800.0), dice.between(900.0, 2300.0), dice.between(2300.0, 3200.0)];
        for (formant, hz) in formants.iter_mut().zip(hz) {
            formant.tune(hz, 60.0 + hz / 20.0);
        }
        for n in 0..len {
            let part = n as f32 / len as f32;
            phase += (from + (to - from) * part) / 8000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase %= 1.0;
            let source = if voiced { pulse * 9000.0 } else { dice.between(-700.0, 700.0) };
            let swell = (part * (1.0 - part) * 4.0).min(1.0);
            let sum: f32 = formants.iter_mut().map(|formant| formant.pass(source)).sum();
            out.push((sum * swell) as i16);
        }
        if dice.roll() < 0.4 {
            out.extend(std::iter::repeat_n(0, (dice.between(0.05, 0.9) * 8000.0) as usize));
        }
    }
    out
}

#[derive(Clone, Copy, Default)]
struct Formant {
    a: f32,
    b: f32,
    one: f32,
    two: f32,
}

impl Formant {
    fn tune(&mut self, hz: f32, width_hz: f32) {
        let r = (-std::f32::consts::PI * width_hz / 8000.0).exp();
        self.a = 2.0 * r * (std::f32::consts::TAU * hz / 8000.0).cos();
        self.b = -r * r;
    }
    fn pass(&mut self, sample: f32) -> f32 {
        let now = sample * 0.25 + self.a * self.one + self.b * self.two;
        (self.two, self.one) = (self.one, now);
        now
    }
}

/// Music: notes of a scale around the busy tone's pitch, with overtones, in an even beat with
/// rests as long as its notes: the worst a caller's radio can do.
pub fn music(seed: u64, seconds: usize) -> Vec<i16> {
    let mut dice = Dice(seed);
    let mut out = Vec::with_capacity(seconds * 8000);
    while out.len() < seconds * 8000 {
        // A phrase: one instrument, one beat.
        let beat_ms =
            [175.0, 350.0, 700.0, dice.between(120.0, 800.0)][(dice.roll() * 4.0) as usize % 4];
        let overtones = [dice.between(0.25, 0.8), dice.between(0.0, 0.5), dice.between(0.0, 0.3)];
        let decay = dice.between(0.0, 4.0);
        let staccato = dice.roll() < 0.5;
        for _ in 0..16 {
            let semitone = (dice.between(-7.0, 8.0)) as i32;
            let hz = 440.0 * 2f32.powf(semitone as f32 / 12.0);
            let on = (beat_ms * 8.0) as usize;
            let mut tones = [Swing::new(hz, 6000.0); 4];
            for (n, overtone) in overtones.iter().enumerate() {
                tones[n + 1] = Swing::new(hz * (n + 2) as f32, 6000.0 * overtone);
            }
            for n in 0..on {
                let fade = (-decay * n as f32 / 8000.0).exp();
                out.push((tones.iter_mut().map(Swing::sample).sum::<f32>() * fade) as i16);
            }
            if staccato {
                out.extend(std::iter::repeat_n(0, on));
            }
        }
    }
    out
}

/// A sine by two multiplications a sample.
#[derive(Clone, Copy)]
struct Swing {
    twice_cosine: f32,
    one: f32,
    two: f32,
}

impl Swing {
    fn new(hz: f32, peak: f32) -> Self {
        let step = std::f32::consts::TAU * hz.min(3800.0) / 8000.0;
        Self { twice_cosine: 2.0 * step.cos(), one: 0.0, two: -peak * step.sin() }
    }
    fn sample(&mut self) -> f32 {
        let now = self.twice_cosine * self.one - self.two;
        (self.two, self.one) = (self.one, now);
        now
    }
}

/// A tone that comes and goes, with speech before it, as when a caller hangs up in mid-word.
pub fn tone_after_speech(hz: f32, on_ms: f32, off_ms: f32, cycles: usize) -> Vec<i16> {
    let mut out = speech(5, 1);
    out.truncate(8000);
    for _ in 0..cycles {
        let mut tone = Swing::new(hz, 8000.0);
        out.extend((0..(on_ms * 8.0) as usize).map(|_| tone.sample() as i16));
        out.extend(std::iter::repeat_n(0, (off_ms * 8.0) as usize));
    }
    out
}
