//! DAHDI's structures and ioctl numbers, as its header `dahdi/user.h` lays them out.
//!
//! Written by hand and proven twice: the sizes and numbers below when this is compiled, every field's
//! place by a program in C that is compiled against the driver's own header (`tests`).

use std::marker::PhantomData;
use std::mem::size_of;

/// All ioctls of DAHDI carry this letter.
const CODE: u32 = 0xDA;
const WRITE: u32 = 1;
const READ: u32 = 2;

/// An ioctl and what its argument is. The number carries the argument's size, so that the kernel
/// reads and writes as many bytes as `T` has and no more.
pub(super) struct Op<T> {
    number: u32,
    argument: PhantomData<fn(T)>,
}

impl<T> Op<T> {
    const fn new(direction: u32, no: u32) -> Self {
        let number = direction << 30 | (size_of::<T>() as u32) << 16 | CODE << 8 | no;
        Self { number, argument: PhantomData }
    }

    pub(super) const fn number(&self) -> u32 {
        self.number
    }
}

/// What a channel is and how its line stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Params {
    pub channel: i32,
    pub span: i32,
    pub place_in_span: i32,
    pub signalling: i32,
    pub able: i32,
    pub receive_off_hook: i32,
    pub receive_bits: i32,
    pub transmit_bits: i32,
    pub transmit_hook: i32,
    pub receive_hook: i32,
    pub law: i32,
    pub idle_bits: i32,
    pub name: [u8; 40],
    /// Times of winks, flashes, starts and pulses, in milliseconds; left as they are.
    pub times: [i32; 11],
    pub alarms: u32,
}

/// What a span is and how it stands. Its C structure is packed, and so is this.
#[repr(C, packed)]
#[derive(Clone, Copy)]
pub(super) struct SpanInfo {
    pub span: i32,
    pub name: [u8; 20],
    pub description: [u8; 40],
    pub alarms: i32,
    pub transmit_level: i32,
    pub receive_level: i32,
    pub violations: i32,
    pub crc4_errors: i32,
    pub ebit_errors: i32,
    pub frame_errors: i32,
    /// Further counts of errors.
    pub counts: [u32; 5],
    pub interrupts_missed: i32,
    /// The span the card takes its clock of; 0 where it runs free.
    pub clock_of: i32,
    pub channels_configured: i32,
    pub channels: i32,
    pub spans: i32,
    pub build_out: i32,
    pub line: i32,
    pub build_out_name: [u8; 40],
    pub location: [u8; 40],
    pub manufacturer: [u8; 40],
    pub device: [u8; 40],
    pub interrupt: i32,
    /// Codings the span can do; 0 for an analogue one.
    pub able: i32,
    pub kind: [u8; 6],
}

/// Buffers of a channel.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Buffers {
    pub transmit_policy: i32,
    pub receive_policy: i32,
    pub number: i32,
    pub bytes: i32,
    pub read_full: i32,
    pub write_full: i32,
}

/// Which byte becomes which, toward the box and toward the line.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Gains {
    /// 0 for the channel the ioctl is made on.
    pub channel: i32,
    pub receive: [u8; 256],
    pub transmit: [u8; 256],
}

/// A dial string, ended by a zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Dial {
    pub operation: i32,
    pub digits: [u8; DIAL_BYTES],
}

/// An echo canceller without parameters of its own.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Echo {
    /// 8 a millisecond; 0 turns it off.
    pub taps: u32,
    /// Parameters that follow; always 0 here, so that nothing is read behind this.
    pub parameters: u32,
}

/// Bytes of a dial string with its zero.
pub(super) const DIAL_BYTES: usize = 256;

pub(super) const FLUSH: Op<i32> = Op::new(WRITE, 3);
pub(super) const GET_PARAMS: Op<Params> = Op::new(READ | WRITE, 5);
pub(super) const HOOK: Op<i32> = Op::new(WRITE, 7);
pub(super) const GETEVENT: Op<i32> = Op::new(READ, 8);
pub(super) const SPANSTAT: Op<SpanInfo> = Op::new(READ | WRITE, 10);
pub(super) const SETGAINS: Op<Gains> = Op::new(WRITE, 16);
pub(super) const SET_BUFINFO: Op<Buffers> = Op::new(WRITE, 27);
pub(super) const DIAL: Op<Dial> = Op::new(WRITE, 31);
pub(super) const AUDIOMODE: Op<i32> = Op::new(WRITE, 32);
pub(super) const ECHOCANCEL_PARAMS: Op<Echo> = Op::new(WRITE, 33);
pub(super) const DIALING: Op<i32> = Op::new(READ, 35);
pub(super) const SPECIFY: Op<i32> = Op::new(WRITE, 38);
pub(super) const SETLAW: Op<i32> = Op::new(WRITE, 39);
pub(super) const ONHOOKTRANSFER: Op<i32> = Op::new(WRITE, 51);
pub(super) const TONEDETECT: Op<i32> = Op::new(WRITE, 91);
pub(super) const SETPOLARITY: Op<i32> = Op::new(WRITE, 92);
pub(super) const VMWI: Op<i32> = Op::new(READ | WRITE, 94);

const _: () = assert!(size_of::<Params>() == 136 && GET_PARAMS.number == 0xC088_DA05);
const _: () = assert!(size_of::<SpanInfo>() == 314 && SPANSTAT.number == 0xC13A_DA0A);
const _: () = assert!(size_of::<Buffers>() == 24 && SET_BUFINFO.number == 0x4018_DA1B);
const _: () = assert!(size_of::<Gains>() == 516 && SETGAINS.number == 0x4204_DA10);
const _: () = assert!(size_of::<Dial>() == 260 && DIAL.number == 0x4104_DA1F);
const _: () = assert!(size_of::<Echo>() == 8 && ECHOCANCEL_PARAMS.number == 0x4008_DA21);

/// Values of FLUSH, HOOK, SETLAW, buffers and DIAL.
pub(super) const FLUSH_ALL: i32 = 7;
pub(super) const HOOK_ON: i32 = 0;
pub(super) const HOOK_OFF: i32 = 1;
pub(super) const HOOK_FLASH: i32 = 3;
pub(super) const HOOK_RING: i32 = 5;
pub(super) const LAW_MU: i32 = 1;
pub(super) const LAW_A: i32 = 2;
pub(super) const POLICY_IMMEDIATE: i32 = 0;
pub(super) const POLICY_HALF_FULL: i32 = 2;
pub(super) const DIAL_REPLACE: i32 = 2;

/// Bits of a channel's signalling.
pub(super) const SIG_FXO: i32 = 1 << 12;
pub(super) const SIG_FXS: i32 = 1 << 13;
pub(super) const SIG_CLEAR: i32 = 1 << 7;
pub(super) const SIG_HDLCFCS: i32 = 1 << 9 | 1 << 8 | SIG_CLEAR;
pub(super) const SIG_HARDHDLC: i32 = 1 << 19 | SIG_CLEAR;

/// Bits of alarms, of channels and spans alike.
pub(super) const ALARM_YELLOW: u32 = 1 << 2;
pub(super) const ALARM_RED: u32 = 1 << 3;
pub(super) const ALARM_BLUE: u32 = 1 << 4;
pub(super) const ALARM_NOT_OPEN: u32 = 1 << 5;
pub(super) const ALARM_SIGNAL: u32 = 1 << 8;
pub(super) const ALARM_FRAME: u32 = 1 << 9;
pub(super) const ALARM_MULTIFRAME: u32 = 1 << 10;

/// Bits of a span's coding.
pub(super) const LINE_CCS: i32 = 1 << 8;
pub(super) const LINE_HDB3: i32 = 1 << 9;
pub(super) const LINE_CRC4: i32 = 1 << 10;

/// What GETEVENT answers; 0 for nothing.
pub(super) const EVENT_ON_HOOK: i32 = 1;
pub(super) const EVENT_RING_OFF_HOOK: i32 = 2;
pub(super) const EVENT_FLASH: i32 = 3;
pub(super) const EVENT_ALARM: i32 = 4;
pub(super) const EVENT_NO_ALARM: i32 = 5;
pub(super) const EVENT_ABORT: i32 = 6;
pub(super) const EVENT_OVERRUN: i32 = 7;
pub(super) const EVENT_BAD_CHECK: i32 = 8;
pub(super) const EVENT_DIAL_COMPLETE: i32 = 9;
pub(super) const EVENT_HOOK_COMPLETE: i32 = 12;
pub(super) const EVENT_POLARITY: i32 = 17;
pub(super) const EVENT_RING_BEGIN: i32 = 18;
pub(super) const EVENT_REMOVED: i32 = 20;
/// A digit that a telephone dialled by pulse; its sign is in the lowest byte.
pub(super) const EVENT_PULSE_DIGIT: i32 = 1 << 16;
pub(super) const EVENT_KEY_MASK: i32 = 0xFF;

/// The error of a read or write while an event waits.
pub(super) const ELAST: i32 = 500;

#[cfg(test)]
mod tests;
