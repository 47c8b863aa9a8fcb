//! What is asked of the box that runs, over its control socket.

use crate::folders::Folders;
use anyhow::{Context as _, bail};
use control::{Lines, PROTOCOL, Reply, Request};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

/// Longest wait for the box's answer.
const ANSWER_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// Asks the running box; nothing when none runs. Its refusal is an error.
pub(super) fn ask(folders: &Folders, request: &Request) -> anyhow::Result<Option<Reply>> {
    let Ok(mut stream) = UnixStream::connect(folders.control_socket()) else { return Ok(None) };
    // Longer than any work of the box takes; a box that hangs is said to, not waited for.
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    let mut lines = Lines::default();
    for message in [&Request::Hello { protocol: PROTOCOL }, request] {
        stream.write_all(&control::encode(message)?)?;
        let reply = read_reply(&mut stream, &mut lines)?;
        match reply {
            Reply::Error { message } => bail!("{message}"),
            Reply::Hello { .. } => {}
            reply => return Ok(Some(reply)),
        }
    }
    bail!("the box did not answer")
}

fn read_reply(stream: &mut UnixStream, lines: &mut Lines) -> anyhow::Result<Reply> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        if let Some(line) = lines.next_line()? {
            return Ok(control::decode(&line)?);
        }
        let length =
            stream.read(&mut bytes).context("the box broke off, or did not answer in time")?;
        if length == 0 {
            bail!("the box broke off");
        }
        lines.push(bytes.get(..length).unwrap_or_default());
    }
}
