//! A line between a test and a Postgres server that can be cut and mended.
//!
//! A server that was stopped takes its data along; a line that was cut does not, so what comes after can be seen.

use std::{
    io::copy,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// See the module's words.
pub struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    is_cut: AtomicBool,
    is_over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl State {
    fn hang_up(&self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // It may be closed already, and that is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn keep(&self, stream: &TcpStream) {
        if let Ok(stream) = stream.try_clone() {
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
    }
}

impl Wire {
    /// A line to the server of a database URL, and the URL of the same database over it.
    pub fn to(url: &str) -> (Self, String) {
        let (before, rest) = match url.split_once('@') {
            Some((before, rest)) => (format!("{before}@"), rest),
            None => ("postgres://".to_owned(), url.trim_start_matches("postgres://")),
        };
        let (server, database) = rest.split_once('/').expect("the URL names a database");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::new(State {
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let (server, of_thread) = (server.to_owned(), state.clone());
        thread::spawn(move || accept(&listener, &server, &of_thread));
        (Self { address, state }, format!("{before}{address}/{database}"))
    }

    /// Breaks every connection, and lets no new one through.
    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        self.state.hang_up();
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the thread that waits for connections, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, server: &str, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.is_over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(near) = stream else { continue };
        if state.is_cut.load(Ordering::SeqCst) {
            continue;
        }
        let Ok(far) = TcpStream::connect(server) else { continue };
        state.keep(&near);
        state.keep(&far);
        carry(&near, &far);
        carry(&far, &near);
    }
}

/// Carries bytes one way until either end hangs up.
fn carry(from: &TcpStream, to: &TcpStream) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
    thread::spawn(move || {
        // An end that hung up is the expected end of it.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
