//! What batches spare a client that is far away: each request alone, and a hundred in one message, at one millisecond there
//! and back.
//!
//! `make bench` runs it against the daemon in release mode. A wire of threads between client and daemon holds all bytes
//! back for half a millisecond each way; the ratio hardly depends on the machine.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, Backend, Batch, Client, answer, objects::*, pki};
use kmip::{V2_1, message::Response, payload::encrypt::Encrypt};

/// How long bytes take one way.
const ONE_WAY: Duration = Duration::from_micros(500);

/// Items of a batch.
const ITEMS: u32 = 100;

/// What a batch's item may cost of what a request alone costs.
const SHARE_MAX: f64 = 0.2;

/// Bytes and when they are there.
type Late = (Instant, Vec<u8>);

/// A port behind which a server seems to be far away: for one connection.
fn far(server: SocketAddr) -> io::Result<SocketAddr> {
    let port = TcpListener::bind("127.0.0.1:0")?;
    let address = port.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        let (near, far) = (port.accept()?.0, TcpStream::connect(server)?);
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        hold_back(near.try_clone()?, far.try_clone()?);
        hold_back(far, near);
        Ok(())
    });
    Ok(address)
}

/// Carries bytes from one side to the other, each half a millisecond later, however many are on their way.
fn hold_back(from: TcpStream, to: TcpStream) {
    let (send, arrive): (Sender<Late>, Receiver<Late>) = channel();
    thread::spawn(move || {
        let (mut from, mut bytes) = (from, vec![0; 64 * 1024]);
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if send
                .send((Instant::now() + ONE_WAY, bytes[..count].to_vec()))
                .is_err()
            {
                return;
            }
        }
    });
    thread::spawn(move || {
        let mut to = to;
        for (due, bytes) in arrive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // Whichever side ends, the other is told.
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// The time that an item takes among so many in a message.
fn each(client: &mut Client, key: &str, items: u32, messages: u32) -> Duration {
    let mut batch = Batch::new(V2_1);
    for _ in 0..items {
        batch.add::<Encrypt>(&encryption(key, &[0xA5; 1024]));
    }
    let message = batch.encode();
    let started = Instant::now();
    for _ in 0..messages {
        let response = Response::read(&client.exchange(&message).unwrap()).unwrap();
        assert_eq!(response.items.len(), items as usize);
        for item in &response.items {
            answer::<Encrypt>(item, V2_1).unwrap_or_else(|refused| panic!("{refused}"));
        }
    }
    started.elapsed() / (items * messages)
}

fn main() {
    let appliance = Appliance::start(Backend::Embedded);
    let key = create_active(&mut appliance.client(V2_1), aes(256, CIPHER));
    let stream = TcpStream::connect(far(appliance.kmip()).unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    let config = pki::client_config(&appliance.file("ca.pem"), Some(&appliance.identity()));
    let mut client = Client::over_tls(stream, config, V2_1).unwrap();
    each(&mut client, &key, ITEMS, 2);
    let alone = each(&mut client, &key, 1, 1_000);
    let together = each(&mut client, &key, ITEMS, 100);
    let share = together.as_secs_f64() / alone.as_secs_f64();
    println!(
        "Encrypt AES-256-GCM, 1 KiB, at {:?} there and back",
        2 * ONE_WAY
    );
    println!("alone {alone:?}, among {ITEMS} in a message {together:?} each: {share:.3} of it");
    assert!(share <= SHARE_MAX, "more than {SHARE_MAX}");
}
