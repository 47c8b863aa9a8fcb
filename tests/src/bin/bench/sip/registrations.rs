//! `registrations`: thousands of phones that register again each minute.

use crate::Figure;
use crate::process::{BOX_CORE, LOAD_CORE, cpu_s, pin, pin_all, resident_kb};
use crate::site::{self, PHONES_FROM, Shape};
use anyhow::ensure;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tests::boxed::{Boxed, ringfence};
use tests::registrants::Registrants;

/// Phones that register, each again once a minute.
const PHONES: usize = 10_000;
const EVERY: Duration = Duration::from_secs(60);
/// How long the CPU is watched.
const WATCHED: Duration = Duration::from_secs(30);
/// Phones that register for the first time a second.
const FIRST_A_SECOND: f64 = 500.0;

pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let phones = PHONES;
    let dir = tempfile::tempdir()?;
    let site = dir.path().join("site");
    let shape = Shape { agents: 1, phones, calls: 100, ip: Ipv4Addr::LOCALHOST.into() };
    let sip = site::write(&site, &shape)?;
    let boxed = Boxed::start(ringfence()?, &dir.path().join("state"), &site, sip, None)?;
    let pid = boxed.pid();
    pin_all(pid, BOX_CORE)?;
    // This thread is the load.
    pin(0, LOAD_CORE)?;
    std::thread::sleep(Duration::from_secs(1));
    let before = resident_kb(pid)?;
    let mut registrants = Registrants::new(sip, PHONES_FROM, phones, "ringfence-demo")?;
    let first = registrants.round(Duration::from_secs_f64(phones as f64 / FIRST_A_SECOND))?;
    ensure!(first.failed == 0, "{} of {phones} phones were not let in: {first:?}", first.failed);
    std::thread::sleep(Duration::from_secs(2));
    let memory = (resident_kb(pid)? - before) * 1024.0 / phones as f64;

    let idle = cpu_s(pid)?;
    std::thread::sleep(Duration::from_secs(5));
    let idle = (cpu_s(pid)? - idle) / 5.0;
    let (used, begun) = (cpu_s(pid)?, Instant::now());
    let share = WATCHED.as_secs_f64() / EVERY.as_secs_f64();
    let again = registrants.part(share, WATCHED)?;
    let cpu = (cpu_s(pid)? - used) / begun.elapsed().as_secs_f64();
    ensure!(again.failed == 0, "{} phones were not let in again: {again:?}", again.failed);
    Ok(vec![
        Figure::new("registrations", phones as f64, "phones, each again a minute"),
        Figure::new("registrations_cpu", cpu * 100.0, "% of a core"),
        Figure::new("registrations_idle_cpu", idle * 100.0, "% of a core, nobody registers"),
        Figure::new("registrations_memory", memory, "bytes/registration"),
        Figure::new("registrations_p50", again.ms(0.5), "ms REGISTER to 200"),
        Figure::new("registrations_p99", again.ms(0.99), "ms REGISTER to 200"),
    ])
}
