//! A client that submits crashes over HTTP, one after the other on one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// For an answer. A collector whose store is away waits for that before it turns to its spool.
const PATIENCE: Duration = Duration::from_mins(2);
const BOUNDARY: &str = "XyZ-0123456789";
/// Of an answer's body; that of a crash has 49 bytes.
const LONGEST: usize = 10_000;

/// What a collector says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The crash's name, if the crash was acknowledged.
    pub fn ooid(&self) -> Option<&str> {
        let ooid = self.body.strip_prefix("CrashID=bp-")?.trim_end();
        (self.status == 200).then_some(ooid)
    }
}

/// Sends requests to one collector; connects when it has to.
#[derive(Debug)]
pub struct Client {
    address: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// For the collector that listens on this host and port.
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), connection: None }
    }

    /// Sends a crash.
    ///
    /// # Errors
    /// When no whole answer comes; then nobody knows what became of the crash.
    pub fn submit(&mut self, annotations: &[(&str, &str)], dump: &[u8]) -> Result<Answer> {
        let body = form(annotations, dump);
        let head = format!(
            "POST /submit HTTP/1.1\r\nHost: collector\r\nContent-Length: {}\r\n\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
            body.len()
        );
        self.send(&[head.as_bytes(), &body].concat())
    }

    /// Gets what is at a path.
    ///
    /// # Errors
    /// When no whole answer comes.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: collector\r\n\r\n").as_bytes())
    }

    fn send(&mut self, request: &[u8]) -> Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.address)?,
        };
        connection.get_mut().write_all(request).context("a request can't be sent")?;
        let (answer, stays) = read(&mut connection).context("an answer can't be read")?;
        // Only one that is in step is used again.
        self.connection = stays.then_some(connection);
        Ok(answer)
    }
}

fn connect(address: &str) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).context("there is no connection")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// An answer, and whether the connection has another.
fn read(from: &mut impl BufRead) -> Result<(Answer, bool)> {
    let mut line = || -> Result<String> {
        let mut line = String::new();
        if from.by_ref().take(LONGEST as u64).read_line(&mut line)? == 0 {
            bail!("the connection ended");
        }
        Ok(line.trim_end().to_owned())
    };
    let status = line()?;
    let status = status.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.context("that is no HTTP")?;
    let (mut length, mut stays) = (None, true);
    loop {
        let field = line()?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':').context("that is no HTTP")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse::<u64>().ok(),
            "connection" => stays = !value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = String::new();
    let length = length.context("an answer doesn't say how long it is")?;
    from.take(length).read_to_string(&mut body)?;
    if (body.len() as u64) < length {
        bail!("the connection ended within an answer");
    }
    Ok((Answer { status, body }, stays))
}

/// Annotations as parts and a dump, as curl and Breakpad send them.
fn form(annotations: &[(&str, &str)], dump: &[u8]) -> Vec<u8> {
    let mut form = Vec::with_capacity(dump.len() + 1000);
    let mut part = |head: &str, value: &[u8]| {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{head}\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(value);
        form.extend_from_slice(b"\r\n");
    };
    for (name, value) in annotations {
        part(&format!("{name}\""), value.as_bytes());
    }
    part("upload_file_minidump\"; filename=\"x.dmp\"", dump);
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let two = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\nCrashID=bp-1234\nHTTP/1.1 503 x\r\n\
            Connection: Close\r\ncontent-length: 4\r\n\r\nfull";
        let mut two = two.as_bytes();
        let (answer, stays) = read(&mut two).unwrap();
        assert_eq!((answer.ooid(), stays), (Some("1234"), true));
        let (answer, stays) = read(&mut two).unwrap();
        assert_eq!((answer.ooid(), answer.status, stays), (None, 503, false));
        assert!(read(&mut two).is_err());
    }

    #[test]
    fn half_an_answer_is_none() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\nCrashID=bp-1234\n";
        for end in 0..whole.len() {
            assert!(read(&mut &whole.as_bytes()[..end]).is_err(), "{end}");
        }
    }
}
