//! What the tests of the module backend share.

use std::path::PathBuf;

use cryptoki::{
    context::Pkcs11,
    object::{AttributeInfo, AttributeType, ObjectHandle},
    session::{Session, UserType},
    slot::TokenInfo,
    types::AuthPin,
};
use hsm::{
    CustodyMode, Hsm, KeyRef, Terms,
    module::{ModuleConfig, ModuleHsm, TokenName},
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Hash, KeySpec, Signing},
};

use super::softhsm::{LABEL, MARK, PIN, module, run_again};

/// Runs a test in a process of its own, with a fresh token: SoftHSM2 reads its configuration from the environment,
/// which a process with threads must not change.
pub(crate) fn with_token<T: FnOnce(&Token)>(test: T) {
    with_tokens(&[LABEL], test);
}

/// The same with several fresh tokens.
pub(crate) fn with_tokens<T: FnOnce(&Token)>(labels: &[&str], test: T) {
    if let Some(root) = std::env::var_os(MARK) {
        test(&Token { root: root.into() });
        return;
    }
    let name = name_of::<T>();
    let exactly = [name, "--exact", "--nocapture", "--test-threads=1"];
    let out = run_again(labels, &exactly, &[]);
    assert!(
        out.contains("1 passed"),
        "{name} did not run in its child:\n{out}"
    );
}

/// The name of the test whose closure this is, as the test binary knows it.
fn name_of<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.strip_suffix("::{{closure}}").unwrap_or(path);
    path.split_once("::").map_or(path, |(_, name)| name)
}

/// The token of this test.
pub(crate) struct Token {
    root: PathBuf,
}

impl Token {
    pub(crate) fn config(&self) -> ModuleConfig {
        self.config_of(LABEL)
    }

    pub(crate) fn config_of(&self, label: &str) -> ModuleConfig {
        assert!(self.tokens().is_dir());
        let name = TokenName::Label(label.into());
        ModuleConfig::new(module(), name, Secret::from(PIN.as_bytes()))
    }

    pub(crate) fn open(&self) -> ModuleHsm {
        ModuleHsm::open(&self.config()).unwrap()
    }

    /// Where the token's objects are.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.root.join("tokens")
    }
}

pub(crate) fn terms(id: &str, usage: Usage) -> Terms {
    Terms {
        id: id.as_bytes().to_vec(),
        label: "a name".into(),
        exportable: false,
        usage,
        custody: CustodyMode::Resident,
    }
}

pub(crate) fn pair(hsm: &ModuleHsm, spec: KeySpec, usage: Usage) -> (KeyRef, Vec<u8>) {
    let terms = terms(&format!("{spec:?}"), usage);
    let made = hsm.generate(spec, &terms).unwrap();
    (made.key, made.public.unwrap())
}

pub(crate) fn secret(hsm: &ModuleHsm, spec: KeySpec, usage: Usage) -> KeyRef {
    let mut id = [0; 8];
    hsm.random(&mut id).unwrap();
    let made = hsm.generate(spec, &terms(&hex::encode(id), usage));
    made.unwrap().key
}

pub(crate) const fn pss(hash: Hash, salt_bytes: u16) -> Signing {
    Signing::RsaPss {
        hash,
        mask_hash: hash,
        salt_bytes,
    }
}

pub(crate) fn oaep(hash: Hash, label: &[u8]) -> Cipher {
    Cipher::RsaOaep {
        hash,
        mask_hash: hash,
        label: label.to_vec(),
    }
}

pub(crate) const fn is_rsa(cipher: &Cipher) -> bool {
    matches!(cipher, Cipher::RsaPkcs1 | Cipher::RsaOaep { .. })
}

/// The token past the backend, which has initialised the module and logged in.
pub(crate) fn look(token: &Token) -> Session {
    let module = Pkcs11::new(module()).unwrap();
    let slot = module
        .get_slots_with_token()
        .unwrap()
        .into_iter()
        .find(|slot| module.get_token_info(*slot).unwrap().label() == LABEL)
        .unwrap();
    let session = module.open_rw_session(slot).unwrap();
    drop(session.login(UserType::User, Some(&AuthPin::new(PIN.into()))));
    assert!(token.tokens().is_dir());
    session
}

pub(crate) fn info(token: &Token) -> TokenInfo {
    let module = Pkcs11::new(module()).unwrap();
    let slots = module.get_slots_with_token().unwrap();
    assert!(token.tokens().is_dir());
    slots
        .into_iter()
        .map(|slot| module.get_token_info(slot).unwrap())
        .find(|info| info.label() == LABEL)
        .unwrap()
}

/// Nothing secret of a key can be read, and there is something secret.
pub(crate) fn assert_hidden(session: &Session, key: ObjectHandle, what: &str) {
    let secret = [
        AttributeType::Value,
        AttributeType::PrivateExponent,
        AttributeType::Prime1,
        AttributeType::Coefficient,
    ];
    let found = session.get_attribute_info(key, &secret).unwrap();
    let is_hidden = |info: &AttributeInfo| {
        matches!(info, AttributeInfo::Sensitive | AttributeInfo::TypeInvalid)
    };
    assert!(found.iter().all(is_hidden), "{what}: {found:?}");
    let is_sensitive = |info: &AttributeInfo| matches!(info, AttributeInfo::Sensitive);
    assert!(found.iter().any(is_sensitive), "{what}: {found:?}");
}
