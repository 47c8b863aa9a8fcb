//! The head of a recording file: what a person may know without the key, and the wrapped file key.

use super::error::Error;
use crate::key::hkdf;
use crate::{BoxKey, KeyId};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use model::{CallId, Codec, RecordingId, WallTime};
use std::io::{self, Read};
use zeroize::Zeroizing;

/// The format written today.
pub const FORMAT: u16 = 1;
/// Bytes before the first frame.
pub const HEADER_BYTES: usize = CLEAR_BYTES + WRAPPED_BYTES;

const MAGIC: [u8; 8] = *b"RINGFREC";
const CLEAR_BYTES: usize = 42;
const WRAPPED_BYTES: usize = 32 + 16;
const CHANNELS: u8 = 2;
/// The codecs of recordings, by their number in the header; new ones go to the end.
const CODECS: [Codec; 3] = [Codec::Pcma, Codec::Pcmu, Codec::G722];
const LABEL_FRAMES: &[u8] = b"recording frames";

/// What stands in clear at the head of a recording. It names no person.
///
/// Changed bytes are noticed when the file key is unwrapped, which authenticates all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub recording: RecordingId,
    /// What the blocks are coded in: one of those whose 20 ms are 160 bytes.
    pub codec: Codec,
    /// The wall time of the first sample.
    pub started: WallTime,
    /// Which box key the file key is wrapped under.
    pub key_id: KeyId,
}

impl Header {
    /// Lays the header out: big endian, `MAGIC format(2) call(8) part(2) codec(1) channels(1)
    /// rate(4) started(8) key id(8)`, then the file key wrapped under the box key.
    pub(super) fn seal(&self, key: &BoxKey, file_key: &[u8; 32]) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let (clear, wrapped) = bytes.split_at_mut(CLEAR_BYTES);
        clear.copy_from_slice(&self.clear());
        let (text, tag_place) = wrapped.split_at_mut(32);
        text.copy_from_slice(file_key);
        let aad = Aad::from(&*clear);
        match key.recording_wrap().seal_in_place_separate_tag(self.wrap_nonce(), aad, text) {
            Ok(tag) => tag_place.copy_from_slice(tag.as_ref()),
            Err(_) => unreachable!("GCM-SIV refuses only texts above 64 GiB (RFC 8452 6)"),
        }
        bytes
    }

    /// Reads and authenticates a header; gives the key of the file's frames with it.
    pub(super) fn open(source: &mut impl Read, key: &BoxKey) -> Result<(Self, FrameKey), Error> {
        let mut bytes = Zeroizing::new([0; HEADER_BYTES]);
        let got = read_full(source, &mut *bytes)?;
        let seen = got.min(MAGIC.len());
        if bytes[..seen] != MAGIC[..seen] {
            return Err(Error::NotARecording);
        }
        if got < HEADER_BYTES {
            return Err(Error::TornHeader { bytes: got });
        }
        let (clear, wrapped) = bytes.split_at_mut(CLEAR_BYTES);
        let header = Self::parse(clear)?;
        let (recording, needs, have) = (header.recording, header.key_id, key.id());
        if needs != have {
            return Err(Error::WrongKey { recording, needs, have });
        }
        let file_key = key
            .recording_wrap()
            .open_in_place(header.wrap_nonce(), Aad::from(&*clear), wrapped)
            .map_err(|_| Error::HeaderChanged { recording })?;
        Ok((header, header.frame_key(file_key)))
    }

    /// The key of the frames: drawn from the file key and the whole clear header, so that even a
    /// file key that was handed in twice makes two keys.
    pub(super) fn frame_key(&self, file_key: &[u8]) -> FrameKey {
        let key = hkdf(&self.clear(), file_key, LABEL_FRAMES);
        match UnboundKey::new(&AES_256_GCM, &*key) {
            Ok(key) => FrameKey(LessSafeKey::new(key)),
            Err(_) => unreachable!("a key of 32 bytes fits AES-256"),
        }
    }

    /// The nonce of the wrapping: the recording's id. Under SIV a nonce that comes back with
    /// another file key tells nothing.
    fn wrap_nonce(&self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..10].copy_from_slice(&id_bytes(self.recording));
        Nonce::assume_unique_for_key(nonce)
    }

    fn clear(&self) -> [u8; CLEAR_BYTES] {
        let mut bytes = [0; CLEAR_BYTES];
        let codec = number(self.codec).unwrap_or_default();
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT.to_be_bytes());
        bytes[10..20].copy_from_slice(&id_bytes(self.recording));
        bytes[20..22].copy_from_slice(&[codec, CHANNELS]);
        bytes[22..26].copy_from_slice(&self.codec.rate().hz().to_be_bytes());
        bytes[26..34].copy_from_slice(&self.started.0.to_be_bytes());
        bytes[34..42].copy_from_slice(&self.key_id.0);
        bytes
    }

    fn parse(clear: &[u8]) -> Result<Self, Error> {
        let format = u16::from_be_bytes(array(clear, 8));
        if format != FORMAT {
            return Err(Error::Format(format));
        }
        let refuse = |what, value| Err(Error::Header { what, value });
        let [number, channels]: [u8; 2] = array(clear, 20);
        let Some(&codec) = CODECS.get(usize::from(number)) else {
            return refuse("codec", u64::from(number));
        };
        if channels != CHANNELS {
            return refuse("channels", u64::from(channels));
        }
        let rate = u32::from_be_bytes(array(clear, 22));
        if rate != codec.rate().hz() {
            return refuse("sample rate", u64::from(rate));
        }
        Ok(Self {
            recording: RecordingId {
                call: CallId(u64::from_be_bytes(array(clear, 10))),
                part: u16::from_be_bytes(array(clear, 18)),
            },
            codec,
            started: WallTime(i64::from_be_bytes(array(clear, 26))),
            key_id: KeyId(array(clear, 34)),
        })
    }
}

/// The number of a codec, if recordings may have it: one whose 20 ms are 160 bytes.
pub(super) fn number(codec: Codec) -> Option<u8> {
    CODECS.iter().position(|known| *known == codec).and_then(|at| u8::try_from(at).ok())
}

/// The key under which one file's frames are sealed, and nothing else ever.
pub(super) struct FrameKey(pub(super) LessSafeKey);

/// A recording's id as it stands in headers and authenticated data.
pub(super) fn id_bytes(id: RecordingId) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&id.call.0.to_be_bytes());
    bytes[8..].copy_from_slice(&id.part.to_be_bytes());
    bytes
}

/// `N` bytes of `bytes` from `at`; the caller knows them to be there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// Reads until `into` is full or the source ends; tells how many bytes came.
pub(super) fn read_full(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match source.read(&mut into[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}
