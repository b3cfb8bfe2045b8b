//! What no host should pass, to every function of the table: null pointers, absurd lengths, handles of nothing.

use std::{cell::RefCell, ptr::null_mut};

use cryptoki_sys as ck;
use keyhold_pkcs11::abi::FUNCTIONS;
use proptest::{
    prelude::{Strategy, any},
    test_runner::{Config, TestRunner},
};

use crate::common::{
    Api, CONFIG, PIN, alone,
    api::{flag, mechanism, number, plain},
    host, module_path,
};

/// More arguments than any function has.
const ARGUMENTS_MAX: usize = 12;

/// Memory that each pointer leads to.
const BYTES: usize = 1 << 16;

/// The arguments of one call, each in a word, as the C interface passes them; a function looks at no more than it has.
type Words = [u64; ARGUMENTS_MAX];

fn enter(function: usize, words: &Words) -> u64 {
    type Function =
        unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64) -> u64;
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *words;
    // SAFETY: each argument of the C interface is a word, and what more is passed the caller takes away itself.
    unsafe { std::mem::transmute::<usize, Function>(function)(a, b, c, d, e, f, g, h, i, j, k, l) }
}

/// The module with everything that calls may need: a session of the user's, keys, and memory.
struct Stage<'a> {
    api: &'a Api,
    functions: Vec<usize>,
    memory: RefCell<Vec<Vec<u64>>>,
    ready: RefCell<Ready>,
}

#[derive(Clone, Copy, Default)]
struct Ready {
    session: u64,
    secret: u64,
    public: u64,
    private: u64,
}

impl<'a> Stage<'a> {
    fn new(api: &'a Api) -> Self {
        Self {
            api,
            functions: addresses(),
            memory: RefCell::new(vec![vec![0; BYTES / 8]; ARGUMENTS_MAX]),
            ready: RefCell::default(),
        }
    }

    /// Puts right what the last call may have ended, and begins every operation anew.
    fn prepare(&self) -> Ready {
        let mut ready = *self.ready.borrow();
        let mut info = ck::CK_SESSION_INFO::default();
        if call!(self.api, C_GetSessionInfo(ready.session, &raw mut info)) != ck::CKR_OK {
            // The module may be initialised all the same.
            call!(self.api, C_Initialize(null_mut()));
            ready.session = self.api.open(true);
        }
        let session = ready.session;
        // All that matters is that somebody is logged in afterwards.
        self.api.login(session, ck::CKU_USER, PIN);
        let is_there = |key| self.api.get(session, key, ck::CKA_CLASS).is_ok();
        if !is_there(ready.secret) {
            let template = [flag(ck::CKA_TOKEN, true), number(ck::CKA_VALUE_LEN, 32)];
            let made = self.api.generate(session, ck::CKM_AES_KEY_GEN, &template);
            ready.secret = made.unwrap();
        }
        if !is_there(ready.public) || !is_there(ready.private) {
            (ready.public, ready.private) = self.api.p384(session, "k");
        }
        *self.ready.borrow_mut() = ready;
        self.begin(ready);
        ready
    }

    fn begin(&self, ready: Ready) {
        let session = ready.session;
        call!(self.api, C_SessionCancel(session, u64::MAX >> 1));
        let mut iv = [0_u8; 16];
        let mut cbc = mechanism(ck::CKM_AES_CBC_PAD, Some(&mut iv));
        let (mut sha, mut ecdsa) = (plain(ck::CKM_SHA256), plain(ck::CKM_ECDSA_SHA384));
        let begun = [
            call!(self.api, C_EncryptInit(session, &raw mut cbc, ready.secret)),
            call!(self.api, C_DecryptInit(session, &raw mut cbc, ready.secret)),
            call!(self.api, C_DigestInit(session, &raw mut sha)),
            call!(self.api, C_SignInit(session, &raw mut ecdsa, ready.private)),
            call!(
                self.api,
                C_VerifyInit(session, &raw mut ecdsa, ready.public)
            ),
        ];
        assert_eq!(begun, [ck::CKR_OK; 5]);
    }

    /// Memory of zeros for one argument, whose first word is this.
    fn memory(&self, argument: usize, first: u64) -> u64 {
        let mut memory = self.memory.borrow_mut();
        let own = &mut memory[argument];
        own.fill(0);
        own[0] = first;
        own.as_mut_ptr() as u64
    }

    /// An argument as a careful host would pass it.
    fn sensible(&self, at: usize, name: &str, kind: &str, ready: Ready) -> u64 {
        match kind {
            "CK_SESSION_HANDLE" => ready.session,
            "CK_OBJECT_HANDLE" => ready.secret,
            "CK_FLAGS" => ck::CKF_SERIAL_SESSION | ck::CKF_DONT_BLOCK,
            "CK_USER_TYPE" => ck::CKU_USER,
            "CK_SESSION_VALIDATION_FLAGS_TYPE" => ck::CKS_LAST_VALIDATION_OK,
            "CK_MECHANISM_TYPE" => ck::CKM_ECDSA,
            "*mut CK_ULONG" => self.memory(at, BYTES as u64),
            "*mut CK_MECHANISM" => self.memory(at, ck::CKM_ECDSA),
            "CK_NOTIFY" | "CK_SLOT_ID" | "CK_BBOOL" => 0,
            "CK_ULONG" if name.ends_with("count") || name == "room" => 1,
            "CK_ULONG" => 16,
            pointer if pointer.starts_with("*mut ") => self.memory(at, 0),
            other => panic!("{name} has the type {other}, which is not known here"),
        }
    }
}

/// The functions in the order of the table, as the module exports them.
fn addresses() -> Vec<usize> {
    let module = host::Library::open(&module_path());
    FUNCTIONS
        .iter()
        .map(|(name, arguments)| {
            assert!(arguments.len() <= ARGUMENTS_MAX, "{name}");
            module.symbol(name)
        })
        .collect()
}

/// Arguments that are right when nothing is passed: what is optional, what is reserved, what only the length is wanted of.
const MAY_BE_NULL: &[&str] = &[
    "args",
    "reserved",
    "application",
    "name",
    "version",
    "out",
    "list",
];

#[test]
fn null_is_refused_by_every_function_wherever_it_is_wrong() {
    alone(
        "garbage::null_is_refused_by_every_function_wherever_it_is_wrong",
        CONFIG,
        |_, api| {
            let stage = Stage::new(api);
            for ((name, arguments), function) in FUNCTIONS.iter().zip(&stage.functions) {
                let pointers: Vec<usize> = (0..arguments.len())
                    .filter(|at| arguments[*at].1.starts_with("*mut "))
                    .collect();
                for subset in 1..1_u32 << pointers.len() {
                    let ready = stage.prepare();
                    let mut words = [0; ARGUMENTS_MAX];
                    for (at, (own, kind)) in arguments.iter().enumerate() {
                        words[at] = stage.sensible(at, own, kind, ready);
                    }
                    let null: Vec<usize> = (0..pointers.len())
                        .filter(|bit| subset & (1 << bit) != 0)
                        .map(|bit| pointers[bit])
                        .collect();
                    null.iter().for_each(|at| words[*at] = 0);
                    let rv = enter(*function, &words);
                    let what = || {
                        let null: Vec<_> = null.iter().map(|at| arguments[*at].0).collect();
                        format!("{name} without {null:?}")
                    };
                    assert_ne!(rv, ck::CKR_GENERAL_ERROR, "{}", what());
                    // Without a mechanism an operation in progress is cancelled, whatever else there is.
                    let cancels = name.ends_with("Init")
                        && null
                            .iter()
                            .any(|at| arguments[*at].0 == "mechanism_pointer");
                    // Whoever asks for the length of an answer need not have the data yet.
                    let asks_length = null.iter().any(|at| arguments[*at].0 == "out");
                    let is_wrong = !asks_length
                        && !cancels
                        && null
                            .iter()
                            .any(|at| !MAY_BE_NULL.contains(&arguments[*at].0));
                    assert!(!is_wrong || rv != ck::CKR_OK, "{}", what());
                }
            }
        },
    );
}

/// The functions that carry an operation on.
const CARRYING: &[&str] = &[
    "C_Encrypt",
    "C_EncryptUpdate",
    "C_EncryptFinal",
    "C_Decrypt",
    "C_DecryptUpdate",
    "C_DecryptFinal",
    "C_Digest",
    "C_DigestUpdate",
    "C_DigestFinal",
    "C_Sign",
    "C_SignUpdate",
    "C_SignFinal",
    "C_Verify",
    "C_VerifyUpdate",
    "C_VerifyFinal",
];

/// Whether the operation that a function carries on is still there: a part that is a mistake in itself tells.
fn is_in_progress(api: &Api, name: &str, session: u64) -> bool {
    let mut length = 0;
    let rv = match name.strip_prefix("C_").unwrap() {
        encrypt if encrypt.starts_with("Encrypt") => {
            call!(api, C_EncryptFinal(session, null_mut(), &raw mut length))
        }
        decrypt if decrypt.starts_with("Decrypt") => {
            call!(api, C_DecryptFinal(session, null_mut(), &raw mut length))
        }
        digest if digest.starts_with("Digest") => {
            call!(api, C_DigestFinal(session, null_mut(), &raw mut length))
        }
        sign if sign.starts_with("Sign") => {
            call!(api, C_SignFinal(session, null_mut(), &raw mut length))
        }
        _ => call!(api, C_VerifyFinal(session, [0; 96].as_mut_ptr(), 96)),
    };
    rv != ck::CKR_OPERATION_NOT_INITIALIZED
}

/// Lengths that memory is as long as, or that none is.
const LENGTHS: &[u64] = &[0, 1, 16, 48, 1 << 12, 1 << 31, 1 << 32, 1 << 63, u64::MAX];

/// One argument of any kind, chosen by a number.
fn any_argument(stage: &Stage<'_>, function: &str, at: usize, choice: u64, ready: Ready) -> u64 {
    let of = |all: &[u64]| all[(choice >> 8) as usize % all.len()];
    let (_, arguments) = FUNCTIONS.iter().find(|(own, _)| *own == function).unwrap();
    let (_, kind) = arguments[at];
    match kind {
        // One in four is of nothing, or the rest would never be looked at.
        "CK_SESSION_HANDLE" if !choice.is_multiple_of(4) => ready.session,
        "CK_SESSION_HANDLE" | "CK_SLOT_ID" => of(&[0, 1, ready.session + 1, 1 << 32, u64::MAX]),
        "CK_OBJECT_HANDLE" => of(&[
            ready.secret,
            ready.public,
            ready.private,
            0,
            choice,
            u64::MAX,
        ]),
        // Waiting for what never comes is no mistake of the module's.
        "CK_FLAGS" if function == "C_WaitForSlotEvent" => choice | ck::CKF_DONT_BLOCK,
        "CK_FLAGS" | "CK_USER_TYPE" | "CK_BBOOL" | "CK_NOTIFY" => of(&[0, 1, 2, 4, choice]),
        "CK_MECHANISM_TYPE" => of(&[0, ck::CKM_ECDSA, ck::CKM_AES_GCM, choice, u64::MAX]),
        "CK_ULONG" => of(LENGTHS),
        _ if choice.is_multiple_of(4) => 0,
        "*mut CK_ULONG" => stage.memory(at, of(LENGTHS)),
        "*mut CK_MECHANISM" => {
            let kinds = [
                ck::CKM_ECDSA,
                ck::CKM_AES_GCM,
                ck::CKM_SHA256,
                ck::CKM_RSA_PKCS_OAEP,
                choice,
            ];
            let address = stage.memory(at, of(&kinds));
            // The parameter is the memory after the mechanism, of any length.
            let mut memory = stage.memory.borrow_mut();
            memory[at][1] = of(&[0, address + BYTES as u64 / 2]);
            memory[at][2] = [0, 8, 16, 24, 40, 48, 1 << 32, u64::MAX][(choice >> 16) as usize % 8];
            address
        }
        "*mut CK_ATTRIBUTE" => {
            let kinds = [
                ck::CKA_CLASS,
                ck::CKA_LABEL,
                ck::CKA_VALUE,
                ck::CKA_TOKEN,
                choice,
            ];
            let address = stage.memory(at, of(&kinds));
            let mut memory = stage.memory.borrow_mut();
            memory[at][1] = of(&[0, address + BYTES as u64 / 2]);
            memory[at][2] = LENGTHS[(choice >> 16) as usize % LENGTHS.len()];
            address
        }
        // Structures that hold pointers: none of theirs leads anywhere.
        "*mut c_void" => stage.memory(at, 0),
        _ => stage.memory(at, choice),
    }
}

#[test]
fn rubbish_ends_an_operation_and_nothing_else() {
    alone(
        "garbage::rubbish_ends_an_operation_and_nothing_else",
        CONFIG,
        |_, api| {
            let stage = Stage::new(api);
            let cases = if std::env::var_os("KEYHOLD_TEST_LONG").is_some() {
                200_000
            } else {
                8_000
            };
            let mut runner = TestRunner::new(Config {
                cases,
                failure_persistence: None,
                ..Config::default()
            });
            let call = (0..FUNCTIONS.len(), any::<[u64; ARGUMENTS_MAX]>());
            let outcome = runner.run(&call.no_shrink(), |(which, choices)| {
                let ready = stage.prepare();
                let (name, arguments) = FUNCTIONS[which];
                let mut words = [0; ARGUMENTS_MAX];
                for at in 0..arguments.len() {
                    words[at] = any_argument(&stage, name, at, choices[at], ready);
                }
                let rv = enter(stage.functions[which], &words);
                assert_ne!(rv, ck::CKR_GENERAL_ERROR, "{name} {words:x?}");
                if CARRYING.contains(&name) && words[0] == ready.session {
                    let goes_on = matches!(rv, ck::CKR_OK | ck::CKR_BUFFER_TOO_SMALL);
                    if !goes_on {
                        assert!(
                            !is_in_progress(api, name, ready.session),
                            "{name} {words:x?} failed with {rv:#x} and did not end"
                        );
                    }
                }
                Ok(())
            });
            outcome.unwrap();
        },
    );
}
