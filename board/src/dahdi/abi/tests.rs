//! The structures and numbers against the driver's own header, by a program in C.

use super::*;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the header's folder may be: told, installed, a driver's source, or what `scripts/setup test`
/// fetched.
fn include() -> Option<PathBuf> {
    let told = std::env::var_os("DAHDI_INCLUDE").map(PathBuf::from);
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dahdi/usr/src");
    let sources = [PathBuf::from("/usr/src"), fetched];
    let sources = sources.iter().filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let sources = sources.map(|entry| entry.path().join("include"));
    let mut all = told.into_iter().chain([PathBuf::from("/usr/include")]).chain(sources);
    all.find(|dir| dir.join("dahdi/user.h").is_file())
}

#[test]
fn sizes_places_and_numbers_are_those_of_the_drivers_own_header() {
    let Some(include) = include() else {
        eprintln!(
            "skipped: no dahdi/user.h here; scripts/setup test fetches it from Debian's dahdi-dkms"
        );
        return;
    };
    let ours = ours();
    let mut program = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <dahdi/user.h>\nint main(void) {\n",
    );
    for (expression, _) in &ours {
        program.push_str(&format!("printf(\"%lu\\n\", (unsigned long)({expression}));\n"));
    }
    program.push_str("return 0;\n}\n");
    let dir = tempfile::tempdir().expect("a folder");
    let (source, binary) = (dir.path().join("abi.c"), dir.path().join("abi"));
    std::fs::write(&source, program).expect("the program is written");
    let mut compiler = Command::new("cc");
    compiler.arg("-I").arg(&include).arg("-o").arg(&binary).arg(&source);
    let compiled = compiler.output().expect("a C compiler");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    let output = Command::new(&binary).output().expect("the program runs").stdout;
    let theirs: Vec<u64> = String::from_utf8_lossy(&output)
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert_eq!(theirs.len(), ours.len());
    for ((expression, ours), theirs) in ours.iter().zip(theirs) {
        assert_eq!(*ours, theirs, "{expression}");
    }
}

/// What the header is asked, in C, and what this crate believes.
fn ours() -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = Vec::new();
    let mut say = |expression: &str, value: u64| all.push((expression.into(), value));
    let numbers = [
        ("FLUSH", FLUSH.number()),
        ("GET_PARAMS", GET_PARAMS.number()),
        ("HOOK", HOOK.number()),
        ("GETEVENT", GETEVENT.number()),
        ("SPANSTAT", SPANSTAT.number()),
        ("SETGAINS", SETGAINS.number()),
        ("SET_BUFINFO", SET_BUFINFO.number()),
        ("DIAL", DIAL.number()),
        ("AUDIOMODE", AUDIOMODE.number()),
        ("ECHOCANCEL_PARAMS", ECHOCANCEL_PARAMS.number()),
        ("DIALING", DIALING.number()),
        ("SPECIFY", SPECIFY.number()),
        ("SETLAW", SETLAW.number()),
        ("ONHOOKTRANSFER", ONHOOKTRANSFER.number()),
        ("TONEDETECT", TONEDETECT.number()),
        ("SETPOLARITY", SETPOLARITY.number()),
        ("VMWI", VMWI.number()),
    ];
    for (name, number) in numbers {
        say(&format!("DAHDI_{name}"), number.into());
    }
    let values = [
        ("FLUSH_ALL", FLUSH_ALL),
        ("ONHOOK", HOOK_ON),
        ("OFFHOOK", HOOK_OFF),
        ("FLASH", HOOK_FLASH),
        ("RING", HOOK_RING),
        ("LAW_MULAW", LAW_MU),
        ("LAW_ALAW", LAW_A),
        ("POLICY_IMMEDIATE", POLICY_IMMEDIATE),
        ("POLICY_HALF_FULL", POLICY_HALF_FULL),
        ("DIAL_OP_REPLACE", DIAL_REPLACE),
        ("SIG_CLEAR", SIG_CLEAR),
        ("SIG_HDLCFCS", SIG_HDLCFCS),
        ("SIG_HARDHDLC", SIG_HARDHDLC),
        ("CONFIG_CCS", LINE_CCS),
        ("CONFIG_HDB3", LINE_HDB3),
        ("CONFIG_CRC4", LINE_CRC4),
        ("MAX_DTMF_BUF", DIAL_BYTES as i32),
    ];
    for (name, value) in values {
        say(&format!("DAHDI_{name}"), value as u64);
    }
    let alarms = [
        ("YELLOW", ALARM_YELLOW),
        ("RED", ALARM_RED),
        ("BLUE", ALARM_BLUE),
        ("NOTOPEN", ALARM_NOT_OPEN),
        ("LOS", ALARM_SIGNAL),
        ("LFA", ALARM_FRAME),
        ("LMFA", ALARM_MULTIFRAME),
    ];
    for (name, bit) in alarms {
        say(&format!("DAHDI_ALARM_{name}"), bit.into());
    }
    let events = [
        ("ONHOOK", EVENT_ON_HOOK),
        ("RINGOFFHOOK", EVENT_RING_OFF_HOOK),
        ("WINKFLASH", EVENT_FLASH),
        ("ALARM", EVENT_ALARM),
        ("NOALARM", EVENT_NO_ALARM),
        ("ABORT", EVENT_ABORT),
        ("OVERRUN", EVENT_OVERRUN),
        ("BADFCS", EVENT_BAD_CHECK),
        ("DIALCOMPLETE", EVENT_DIAL_COMPLETE),
        ("HOOKCOMPLETE", EVENT_HOOK_COMPLETE),
        ("PULSEDIGIT", EVENT_PULSE_DIGIT),
        ("POLARITY", EVENT_POLARITY),
        ("RINGBEGIN", EVENT_RING_BEGIN),
        ("REMOVED", EVENT_REMOVED),
    ];
    for (name, number) in events {
        say(&format!("DAHDI_EVENT_{name}"), number as u64);
    }
    say("__DAHDI_SIG_FXO", SIG_FXO as u64);
    say("__DAHDI_SIG_FXS", SIG_FXS as u64);
    say("ELAST", ELAST as u64);
    macro_rules! places {
        ($ours:ident is $theirs:literal: $($field:ident $c:literal),* $(,)?) => {
            say(concat!("sizeof(struct ", $theirs, ")"), size_of::<$ours>() as u64);
            $(say(
                concat!("offsetof(struct ", $theirs, ", ", $c, ")"),
                offset_of!($ours, $field) as u64,
            );)*
        };
    }
    places!(Params is "dahdi_params": channel "channo", span "spanno", place_in_span "chanpos",
        signalling "sigtype", able "sigcap", receive_off_hook "rxisoffhook", receive_bits "rxbits",
        transmit_bits "txbits", transmit_hook "txhooksig", receive_hook "rxhooksig", law "curlaw",
        idle_bits "idlebits", name "name", times "prewinktime", alarms "chan_alarms");
    places!(SpanInfo is "dahdi_spaninfo": span "spanno", name "name", description "desc",
        alarms "alarms", transmit_level "txlevel", receive_level "rxlevel", violations "bpvcount",
        crc4_errors "crc4count", ebit_errors "ebitcount", frame_errors "fascount",
        counts "fecount", interrupts_missed "irqmisses", clock_of "syncsrc",
        channels_configured "numchans", channels "totalchans", spans "totalspans",
        build_out "lbo", line "lineconfig", build_out_name "lboname", location "location",
        manufacturer "manufacturer", device "devicetype", interrupt "irq", able "linecompat",
        kind "spantype");
    places!(Buffers is "dahdi_bufferinfo": transmit_policy "txbufpolicy",
        receive_policy "rxbufpolicy", number "numbufs", bytes "bufsize", read_full "readbufs",
        write_full "writebufs");
    places!(Gains is "dahdi_gains": channel "chan", receive "rxgain", transmit "txgain");
    places!(Dial is "dahdi_dialoperation": operation "op", digits "dialstr");
    places!(Echo is "dahdi_echocanparams": taps "tap_length", parameters "param_count");
    all
}
