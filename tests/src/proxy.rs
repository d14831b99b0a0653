//! A line between a client and a server that can be slow, stuck or cut.
//!
//! What lives here: bytes carried from one socket to another, as late as is wished.
//! What does not: what they mean.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Bytes that are carried at once.
const CHUNK: usize = 64 * 1024;
/// How often somebody who is stuck looks whether the line goes on.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How the line is now.
#[derive(Debug, Default)]
struct Line {
    /// Microseconds that each byte takes one way.
    delay_us: AtomicU64,
    is_stuck: AtomicBool,
    is_closed: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

/// The line; dropped, it is cut and takes no new connections.
#[derive(Debug)]
pub struct Proxy {
    line: Arc<Line>,
    address: SocketAddr,
}

impl Proxy {
    /// Listens on a free port of this machine and carries everything to `target`.
    pub fn start(target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port for a proxy")?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line::default());
        let of_thread = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming() {
                if of_thread.is_closed.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                // A server that refuses is seen by the client as a connection that ends at once.
                if let Ok(server) = TcpStream::connect(target) {
                    carry(&of_thread, &client, &server);
                }
            }
        });
        Ok(Self { line, address })
    }

    /// The line to the server of a URL.
    pub fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let (scheme, rest) = url.split_once("://").context("no URL")?;
        let target = rest.split('/').next().unwrap_or(rest).parse().context("no address")?;
        let proxy = Self::start(target)?;
        let there = format!("{scheme}://{}", proxy.address);
        Ok((proxy, there))
    }

    /// Lets each byte take so long, one way.
    pub fn delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.line.delay_us.store(micros, Ordering::SeqCst);
    }

    /// Lets nothing through until it is told otherwise; nothing is lost.
    pub fn stick(&self, is_stuck: bool) {
        self.line.is_stuck.store(is_stuck, Ordering::SeqCst);
    }

    /// Cuts every connection there is; new ones can be made.
    pub fn cut(&self) {
        let mut sockets = self.line.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        // One that is closed already cannot be closed.
        sockets.drain(..).for_each(|socket| drop(socket.shutdown(Shutdown::Both)));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.is_closed.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes whoever waits for the next client.
        drop(TcpStream::connect(self.address));
    }
}

fn carry(line: &Arc<Line>, client: &TcpStream, server: &TcpStream) {
    let mut sockets = line.sockets.lock().unwrap_or_else(PoisonError::into_inner);
    for (from, to) in [(client, server), (server, client)] {
        let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
        // What is written is small and awaited: it leaves at once.
        if to.set_nodelay(true).is_err() {
            return;
        }
        let (send, received) = channel();
        thread::spawn(move || {
            let mut from = from;
            let mut chunk = vec![0; CHUNK];
            loop {
                match from.read(&mut chunk) {
                    Ok(length) if 0 < length => {
                        if send.send((Instant::now(), chunk[..length].to_vec())).is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            }
        });
        let line = Arc::clone(line);
        thread::spawn(move || deliver(&line, to, &received));
    }
    sockets.extend([client, server].into_iter().filter_map(|it| it.try_clone().ok()));
}

fn deliver(line: &Line, mut to: TcpStream, received: &Receiver<(Instant, Vec<u8>)>) {
    for (at, bytes) in received {
        let due = at + Duration::from_micros(line.delay_us.load(Ordering::SeqCst));
        thread::sleep(due.saturating_duration_since(Instant::now()));
        while line.is_stuck.load(Ordering::SeqCst) && !line.is_closed.load(Ordering::SeqCst) {
            thread::sleep(LOOK_EVERY);
        }
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other side learns that this one has ended; one that is gone cannot be told.
    drop(to.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says everything twice.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                thread::spawn(move || {
                    let mut byte = [0];
                    while client.read_exact(&mut byte).is_ok() {
                        client.write_all(&[byte[0], byte[0]]).unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn a_line_is_slow_stuck_and_cut_as_is_wished() {
        let proxy = Proxy::start(echo()).unwrap();
        let mut client = TcpStream::connect(proxy.address).unwrap();
        let mut answer = [0; 2];
        let began = Instant::now();
        proxy.delay(Duration::from_millis(20));
        client.write_all(b"a").unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"aa");
        assert!(Duration::from_millis(40) <= began.elapsed(), "there and back");
        proxy.stick(true);
        client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        client.write_all(b"b").unwrap();
        assert!(client.read_exact(&mut answer).is_err());
        proxy.stick(false);
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"bb", "nothing was lost");
        proxy.cut();
        assert!(client.read_exact(&mut answer).is_err());
        let mut again = TcpStream::connect(proxy.address).unwrap();
        again.write_all(b"c").unwrap();
        again.read_exact(&mut answer).unwrap();
    }
}
