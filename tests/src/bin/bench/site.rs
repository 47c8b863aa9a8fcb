//! The sites that are measured: agents, one queue, no menus.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use tests::boxed::free_port;

/// The first desk phone that is nobody's own.
pub const PHONES_FROM: usize = 100_000;

/// What a measured site has.
pub struct Shape {
    pub agents: usize,
    /// Desk phones beside those of the agents, numbered from `PHONES_FROM`.
    pub phones: usize,
    pub calls: usize,
    pub ip: IpAddr,
}

/// Writes it; gives where its box answers.
pub fn write(dir: &Path, shape: &Shape) -> anyhow::Result<SocketAddr> {
    std::fs::create_dir_all(dir)?;
    let sip = SocketAddr::new(shape.ip, free_port()?);
    let (calls, last) = (shape.calls, 16_384 + (4 * shape.calls).max(1000) - 1);
    let mut text = format!(
        r#"format = 1
[site]
name = {{ zh-CN = "测量", en = "Bench" }}
zone = "Asia/Shanghai"
language = "en"
languages = ["zh-CN", "en"]
[sip]
bind = "{sip}"
realm = "bench"
rtp-ports = [16384, {last}]
[limits]
calls = {calls}
[trunk.carrier]
peers = ["127.0.0.2"]
calls = {calls}
entry = "to-desk"
[flow]
silence = "30s"
to-agent = "to-desk"
[to-queue.to-desk]
queue = "desk"
[queue.desk]
name = {{ zh-CN = "坐席", en = "Desk" }}
waiting = {}
wrap-up = "0s"
"#,
        calls.min(500)
    );
    for agent in 8001..8001 + shape.agents {
        write!(
            text,
            "[agent.{agent}]\nname = \"Agent {agent}\"\npassword = \"ringfence-demo\"\nskills = {{ desk = 5 }}\n"
        )?;
    }
    for phone in PHONES_FROM..PHONES_FROM + shape.phones {
        write!(text, "[phone.{phone}]\npassword = \"ringfence-demo\"\n")?;
    }
    std::fs::write(dir.join("site.toml"), text)?;
    Ok(sip)
}
