//! A small KMIP responder on a Unix socket, which notes what it was asked and can be told to misbehave.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kmip::{
    OperationCode, ResultReason, ResultStatus, V2_1,
    attribute::Attribute,
    message::{Credential, Request, ResponseHeader, ResponseItem, write_response},
    object::ManagedObject,
    ttlv::{Frame, Timestamp, frame},
};

use super::{PIN, SO_PIN, ops};

/// An object of the responder's.
#[derive(Clone)]
pub struct Stored {
    pub attributes: Vec<Attribute>,
    pub value: Option<ManagedObject>,
    /// What keys are made from.
    pub seed: String,
}

/// The token's PINs and label.
pub struct Token {
    pub user_pin: Option<Vec<u8>>,
    pub so_pin: Vec<u8>,
    pub label: String,
    /// Wrong guesses at the user's PIN.
    pub guesses: u32,
    /// The passwords of users who have names.
    pub users: BTreeMap<String, Vec<u8>>,
    /// Whether it is initialized anew by whoever has the security officer's PIN.
    pub may_be_initialized: bool,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            user_pin: Some(PIN.to_vec()),
            so_pin: SO_PIN.to_vec(),
            label: "dev".to_owned(),
            guesses: 0,
            users: BTreeMap::new(),
            may_be_initialized: false,
        }
    }
}

/// What the responder holds and does.
#[derive(Default)]
pub struct State {
    pub token: Token,
    pub objects: BTreeMap<String, Stored>,
    pub made: u32,
    /// Every request: its operations in their order.
    pub requests: Vec<Vec<OperationCode>>,
    /// Each item of this operation is refused with this reason.
    pub refusal: Option<(OperationCode, ResultReason)>,
    /// How long the next answers take.
    pub delay: Duration,
    /// Nothing is answered for as long as this holds.
    pub hangs: bool,
    /// Answers are replaced by these bytes.
    pub rubbish: Option<Vec<u8>>,
    /// The connection is closed instead of an answer, this many times.
    pub hang_ups: u32,
    /// Connections made from now on are closed after so many answers.
    answers_max: Option<usize>,
    connections: Vec<UnixStream>,
}

/// A running responder.
pub struct Fake {
    pub state: Arc<Mutex<State>>,
    path: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Fake {
    pub fn start(path: &Path) -> Self {
        Self::listen(path, Arc::default())
    }

    /// Starts again after `stop`, with what it held before.
    pub fn start_again(&self) -> Self {
        Self::listen(&self.path, Arc::clone(&self.state))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the responder is a server of the test's own"
    )]
    fn listen(path: &Path, state: Arc<Mutex<State>>) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let fake = Self {
            state,
            path: path.to_owned(),
            stop: Arc::default(),
        };
        let (state, stop) = (Arc::clone(&fake.state), Arc::clone(&fake.stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    break;
                }
                let (stream, state) = (stream.unwrap(), Arc::clone(&state));
                let answers_max = {
                    let mut state = state.lock().unwrap();
                    state.connections.push(stream.try_clone().unwrap());
                    state.answers_max.unwrap_or(usize::MAX)
                };
                std::thread::spawn(move || {
                    // The other end of the pair that is kept must not hold the connection open.
                    serve(&stream, &state, answers_max);
                    drop(stream.shutdown(std::net::Shutdown::Both));
                });
            }
        });
        fake
    }

    /// The requests since the last look.
    pub fn take_requests(&self) -> Vec<Vec<OperationCode>> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    /// Closes every connection, as a daemon that restarts does.
    pub fn drop_connections(&self) {
        for stream in self.state.lock().unwrap().connections.drain(..) {
            drop(stream.shutdown(std::net::Shutdown::Both));
        }
    }

    /// Forgets the connections that have ended, which are kept only for `drop_connections`.
    pub fn forget_connections(&self) {
        self.state.lock().unwrap().connections.clear();
    }

    /// Stops listening; the connections close too.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        drop(UnixStream::connect(&self.path));
        drop(std::fs::remove_file(&self.path));
        self.drop_connections();
    }

    /// Closes each connection that is made from now on after so many answers.
    pub fn answers_each(&self, answers: usize) {
        self.state.lock().unwrap().answers_max = Some(answers);
    }

    pub fn refuse(&self, refusal: Option<(OperationCode, ResultReason)>) {
        self.state.lock().unwrap().refusal = refusal;
    }
}

/// Serves one connection until it ends, or has had so many answers.
pub fn serve(mut stream: impl Read + Write, state: &Mutex<State>, answers_max: usize) {
    let mut buffer = Vec::new();
    for _ in 0..answers_max {
        let length = loop {
            match frame(&buffer, 1 << 24) {
                Frame::Whole(length) => break length,
                Frame::Partial(_) => {}
                Frame::TooLarge(_) | Frame::Foreign => return,
            }
            let mut part = [0; 65_536];
            match stream.read(&mut part) {
                Ok(count) if count > 0 => buffer.extend(&part[..count]),
                _ => return,
            }
        };
        let message: Vec<u8> = buffer.drain(..length).collect();
        while state.lock().unwrap().hangs {
            std::thread::sleep(Duration::from_millis(20));
        }
        let Some(answer) = answer(&message, state) else {
            return;
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Who asks: `None` when the credential is wrong.
fn who(request: &Request<'_>, token: &mut Token) -> Option<String> {
    let Some(authentication) = &request.header.authentication else {
        return Some("public".to_owned());
    };
    let Some(Credential::UsernameAndPassword(credential)) = authentication.credential.first()
    else {
        return None;
    };
    let password = credential.password.as_ref().map(|own| own.0.expose());
    let name = credential.username.trim_end_matches("@dev");
    match (name, password) {
        ("", None) => Some("public".to_owned()),
        ("user", Some(pin)) if token.user_pin.as_deref() == Some(pin) => {
            token.guesses = 0;
            Some(name.to_owned())
        }
        ("so", Some(pin)) if pin == token.so_pin => Some(name.to_owned()),
        ("user", Some(_)) => {
            token.guesses += 1;
            None
        }
        (name, Some(own)) if token.users.get(name).is_some_and(|known| known == own) => {
            Some(name.to_owned())
        }
        _ => None,
    }
}

fn answer(message: &[u8], state: &Mutex<State>) -> Option<Vec<u8>> {
    let Ok(request) = Request::read(message, 1000) else {
        panic!("the module sends what can be read");
    };
    assert_eq!(request.version, V2_1);
    let mut state = state.lock().unwrap();
    let codes = request.items.iter().map(|item| item.operation).collect();
    state.requests.push(codes);
    std::thread::sleep(state.delay);
    if state.hang_ups > 0 {
        state.hang_ups -= 1;
        return None;
    }
    if let Some(rubbish) = &state.rubbish {
        return Some(rubbish.clone());
    }
    let who = who(&request, &mut state.token);
    let continues = request.header.batch_error_continuation_option.is_some();
    let mut placeholder = None;
    let mut items = Vec::new();
    for item in &request.items {
        let refusal = state.refusal.filter(|(code, _)| *code == item.operation);
        let outcome = match (who.as_deref(), refusal) {
            (None, _) => Err(ResultReason::AuthenticationNotSuccessful),
            (_, Some((_, reason))) => Err(reason),
            (Some(who), None) => ops::perform(
                &mut state,
                who,
                item.operation,
                item.payload,
                &mut placeholder,
            ),
        };
        let failed = outcome.is_err();
        items.push(ResponseItem {
            operation: Some(item.operation),
            unique_batch_item_id: item.unique_batch_item_id.clone(),
            result_status: if failed {
                ResultStatus::OperationFailed
            } else {
                ResultStatus::Success
            },
            result_reason: outcome.as_ref().err().copied(),
            result_message: None,
            asynchronous_correlation_value: None,
            payload: outcome.ok().map(Into::into),
        });
        if failed && !continues {
            break;
        }
    }
    let header = ResponseHeader::plain(V2_1, Timestamp(0), items.len());
    Some(write_response(&header, &items, V2_1).bytes().to_vec())
}
