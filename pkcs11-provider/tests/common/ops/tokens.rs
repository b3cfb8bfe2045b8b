//! The responder's token: what it says of itself, and its PINs.

use kmip::{
    PKCS11Function, PKCS11ReturnCode as Rv, ResultReason, Secret,
    payload::pkcs11::{PKCS11Request, PKCS11Response},
    ttlv::Bytes,
};

use super::{super::fake::State, Outcome, is_user};

/// Parameters, read one after the other.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> u64 {
        u64::from_be_bytes(self.take(8).try_into().unwrap())
    }

    fn bytes(&mut self) -> Vec<u8> {
        let count = u32::from_be_bytes(self.take(4).try_into().unwrap());
        self.take(count as usize).to_vec()
    }
}

/// Ten wrong guesses make a PIN rest.
const GUESSES_MAX: u32 = 10;

pub(super) fn call(
    state: &mut State,
    who: &str,
    request: PKCS11Request,
    _: &mut Option<String>,
) -> Outcome<PKCS11Response> {
    let given = request.pkcs11_input_parameters.unwrap_or_default();
    let mut input = Input(given.expose());
    let (code, output) = match request.pkcs11_function {
        PKCS11Function::CInitialize => {
            assert_eq!(input.take(1), [1]);
            (Rv::OK, Vec::new())
        }
        PKCS11Function::CFinalize => (Rv::OK, Vec::new()),
        PKCS11Function::COpenSession => {
            assert_eq!((input.number(), input.number()), (0, 6));
            (Rv::OK, 1_u64.to_be_bytes().to_vec())
        }
        PKCS11Function::CGetTokenInfo => {
            assert_eq!(input.number(), 0);
            (Rv::OK, info(state))
        }
        PKCS11Function::CSetPIN => {
            assert_eq!(input.number(), 1);
            let (old, new) = (input.bytes(), input.bytes());
            (set_pin(state, who, &old, new), Vec::new())
        }
        PKCS11Function::CInitPIN => {
            assert_eq!((input.number(), who), (1, "so"));
            state.token.user_pin = Some(input.bytes());
            (Rv::OK, Vec::new())
        }
        PKCS11Function::CInitToken => {
            assert_eq!(input.number(), 0);
            let (pin, label) = (input.bytes(), input.take(32));
            (init_token(state, &pin, label), Vec::new())
        }
        _ => return Err(ResultReason::OperationNotSupported),
    };
    assert!(code != Rv::OK || input.0.is_empty(), "nothing is left over");
    Ok(PKCS11Response {
        pkcs11_interface: None,
        pkcs11_function: request.pkcs11_function,
        correlation_value: (request.pkcs11_function == PKCS11Function::CInitialize)
            .then(|| Bytes(vec![7; 16])),
        pkcs11_output_parameters: (!output.is_empty()).then(|| Secret::new(output)),
        pkcs11_return_code: code,
    })
}

fn info(state: &State) -> Vec<u8> {
    let token = &state.token;
    let mut flags = cryptoki_sys::CKF_TOKEN_INITIALIZED;
    if token.user_pin.is_some() {
        flags |= cryptoki_sys::CKF_USER_PIN_INITIALIZED;
    }
    if token.guesses > 0 {
        flags |= cryptoki_sys::CKF_USER_PIN_COUNT_LOW;
    }
    if token.guesses >= GUESSES_MAX {
        flags |= cryptoki_sys::CKF_USER_PIN_LOCKED;
    }
    let mut output = format!("{:32}{:64}", token.label, "").into_bytes();
    for number in [flags, 0, 0, 0, 0, 99, 5, 0, 0, 0, 0] {
        output.extend(number.to_be_bytes());
    }
    output.extend([0; 20]);
    output
}

fn set_pin(state: &mut State, who: &str, old: &[u8], new: Vec<u8>) -> Rv {
    let token = &mut state.token;
    let known = match who {
        "so" => Some(&mut token.so_pin),
        "public" | "user" => token.user_pin.as_mut(),
        name => token.users.get_mut(name),
    };
    match known {
        Some(known) if known == old && (5..=99).contains(&new.len()) => {
            *known = new;
            Rv::OK
        }
        Some(known) if known == old => Rv::PINLENRANGE,
        _ => {
            token.guesses += u32::from(!is_user(who) || who == "user");
            Rv::PININCORRECT
        }
    }
}

fn init_token(state: &mut State, pin: &[u8], label: &[u8]) -> Rv {
    if !state.token.may_be_initialized {
        return Rv::TOKENWRITEPROTECTED;
    }
    if pin != state.token.so_pin {
        return Rv::PININCORRECT;
    }
    state.objects.clear();
    state.token.user_pin = None;
    state.token.label = String::from_utf8(label.to_vec())
        .unwrap()
        .trim_end()
        .to_owned();
    Rv::OK
}
