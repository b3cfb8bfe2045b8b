//! A sequence being played: the objects that there are, the wrapped keys that came, and what must hold after every call.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{Act, Api, Attribute, Mechanism, Parameter, Result, Rv, Ulong, bytes, flag, number},
};

use crate::{
    call::{Call, Pick},
    kind::{Pair, USES, Uses, Wrapping},
    model::{Kind, Object, Protection},
    offline::Attacker,
    watch::{Answer, BLOCK, INFO, UNDER, Watch},
};

/// A wrapped key that came back.
pub struct Blob {
    pub bytes: Vec<u8>,
    pub how: Wrapping,
    /// Of GCM.
    pub iv: Vec<u8>,
    /// The values of the keys: which it is under, and which it holds.
    pub by: usize,
    pub of: usize,
    pub kind: Kind,
}

/// What a sequence has come to.
pub struct World<'a> {
    pub api: &'a Api,
    pub attacker: &'a Attacker,
    pub session: Ulong,
    /// Another session of the same program.
    pub other: Option<Ulong>,
    pub objects: Vec<Object>,
    pub blobs: Vec<Blob>,
    pub ciphertexts: Vec<Vec<u8>>,
    /// Values that the attacker knows.
    pub known: Vec<Vec<u8>>,
    /// Of each value, whether nobody but the token may have it.
    pub hidden: Vec<bool>,
    pub watch: Watch,
    /// Keys that were brought, counted, so that each is another.
    pub brought: u8,
    /// An open key, that goes under others to know these again.
    pub sample: Ulong,
}

/// What a new object is to be.
pub struct Expected {
    pub class: Ulong,
    pub kind: Kind,
    pub is_token: bool,
    pub protection: Option<Protection>,
    pub value: usize,
    pub public: Option<Vec<u8>>,
}

impl<'a> World<'a> {
    /// An empty token, and a user who is logged in.
    pub fn begin(api: &'a Api, attacker: &'a Attacker) -> Self {
        // The last sequence may have ended in the middle.
        let _ = api.finalize();
        let session = api.ready();
        for old in api.find(session, &[flag(ck::CKA_TOKEN, true)]).unwrap() {
            let _ = api.destroy(session, old);
        }
        // It outlives what the sequence does to its own sessions.
        let keeper = api.open(true).unwrap();
        let sample = api.create(keeper, &sample_template()).unwrap();
        let mut own = Self {
            api,
            attacker,
            session,
            other: None,
            objects: Vec::new(),
            blobs: Vec::new(),
            ciphertexts: Vec::new(),
            known: Vec::new(),
            hidden: Vec::new(),
            watch: Watch::default(),
            brought: 0,
            sample,
        };
        own.bring_attackers_key();
        own
    }

    fn bring_attackers_key(&mut self) {
        let template = self.attacker.rsa_template();
        let handle = self.api.create(self.session, &template).unwrap();
        let value = self.new_value(false);
        self.adopt(
            handle,
            Expected {
                class: ck::CKO_PUBLIC_KEY,
                kind: Kind::Half(Pair::Rsa),
                is_token: false,
                protection: None,
                value,
                public: None,
            },
        );
    }

    /// Ends with what no session ends.
    pub fn end(self) {
        for object in &self.objects {
            if object.owner.is_none() {
                let _ = self.api.destroy(self.session, object.handle);
            }
        }
        self.api.finalize().unwrap();
    }

    pub fn play(&mut self, call: &Call) {
        match call {
            Call::Generate(kind, traits) => self.generate(*kind, traits),
            Call::GeneratePair(kind, traits) => self.generate_pair(*kind, traits),
            Call::Create(kind, traits) => self.create(*kind, traits),
            Call::Copy(of, change) => self.copy(*of, change),
            Call::Set(of, change) => self.set(*of, change),
            Call::Wrap { how, by, of } => self.wrap(*how, *by, *of),
            Call::Unwrap { .. } => self.unwrap(call),
            Call::Twin {
                by,
                of,
                as_kind,
                traits,
            } => self.twin((*by, *of), *as_kind, traits),
            Call::Derive {
                how,
                base,
                kind,
                traits,
            } => self.derive(*how, *base, *kind, traits),
            Call::Encapsulate { by, traits } => self.encapsulate(*by, traits),
            Call::Decapsulate {
                by,
                ciphertext,
                traits,
            } => self.decapsulate(*by, ciphertext, traits),
            Call::Encrypt(how, key, data) => self.crypt(Act::Encrypt, *how, *key, *data),
            Call::Decrypt(how, key, data) => self.crypt(Act::Decrypt, *how, *key, *data),
            Call::OpenByHand(blob, key) => self.open_by_hand(blob, *key),
            Call::DeriveByHand(key) => self.derive_by_hand(*key),
            Call::Sign { by_cmac, key, data } => self.sign(*by_cmac, *key, *data),
            Call::DigestKey(key) => self.digest_key(*key),
            Call::Read(of) => self.read(*of),
            Call::Relogin => self.relogin(),
            Call::OtherSession { closes_first } => self.change_session(*closes_first),
            Call::InitToken => self.init_token(),
            Call::Destroy(of) => self.destroy(*of),
        }
        self.check();
    }

    /// The object that is meant: one that fits, unless any will do or none fits.
    pub fn pick(&self, pick: Pick, fits: impl Fn(&Object) -> bool) -> Option<usize> {
        let all = || (0..self.objects.len()).collect::<Vec<_>>();
        let fitting = all()
            .into_iter()
            .filter(|at| fits(&self.objects[*at]))
            .collect::<Vec<_>>();
        let from = if pick.is_any || fitting.is_empty() {
            all()
        } else {
            fitting
        };
        (!from.is_empty()).then(|| from[pick.index.index(from.len())])
    }

    /// A value that no object has had.
    pub fn new_value(&mut self, is_hidden: bool) -> usize {
        self.hidden.push(is_hidden);
        self.hidden.len() - 1
    }

    /// Whether an outcome is one that may be: a refusal where one must be, and its code among these.
    pub fn judge<T>(
        &self,
        told: &str,
        outcome: Result<T>,
        must_refuse: bool,
        allowed: &[&[Rv]],
    ) -> Option<T> {
        match outcome {
            Ok(_) if must_refuse => panic!("{told} is not refused"),
            Ok(given) => Some(given),
            Err(rv) => {
                assert!(
                    allowed.iter().any(|codes| codes.contains(&rv)),
                    "{told} is refused with {rv:#x}"
                );
                None
            }
        }
    }

    /// Takes in a new object, which must be as its template and its origin say.
    pub fn adopt(&mut self, handle: Ulong, expected: Expected) {
        let value = self.objects.len();
        let told = format!("object {value}");
        let uses = self.uses(handle, expected.class);
        let unique_id = self.api.get(self.session, handle, ck::CKA_UNIQUE_ID);
        self.objects.push(Object {
            handle,
            owner: (!expected.is_token).then_some(self.session),
            unique_id: unique_id.unwrap(),
            class: expected.class,
            kind: expected.kind,
            uses,
            protection: expected.protection,
            value: expected.value,
            public: expected.public,
            may_be_made_again: false,
            is_alias: false,
            is_gone: false,
        });
        assert_eq!(
            self.protection(handle, expected.class),
            expected.protection,
            "{told}"
        );
    }

    /// Says of the object that came last that a second one of its value can come the same way.
    pub fn last_may_be_made_again(&mut self) {
        if let Some(last) = self.objects.last_mut() {
            last.may_be_made_again = true;
        }
    }

    /// Remembers a secret key that nobody may see, by what it answers.
    pub fn hide(&mut self, at: usize) {
        let object = self.objects[at].clone();
        let Some(kind) = object.secret() else {
            if let Some(info) = object.public {
                let name = format!("the private key {at}");
                self.watch.hide(name, 32, Answer::Public(info));
            }
            return;
        };
        if kind.bytes() < 14 {
            return;
        }
        let answers = self.answers(&object);
        for answer in answers {
            self.watch.hide(format!("key {at}"), kind.bytes(), answer);
        }
    }

    fn answers(&self, object: &Object) -> Vec<Answer> {
        let (api, session, handle) = (self.api, self.session, object.handle);
        let once = |act, kind: Ulong| api.once(act, session, &kind.into(), handle, &BLOCK);
        let mut all = Vec::new();
        if object.is_aes() && object.uses.has(Uses::ENCRYPT) {
            all.push(Answer::Encrypted(
                once(Act::Encrypt, ck::CKM_AES_ECB).unwrap(),
            ));
        } else if object.is_aes() && object.uses.has(Uses::DECRYPT) {
            all.push(Answer::Decrypted(
                once(Act::Decrypt, ck::CKM_AES_ECB).unwrap(),
            ));
        } else if object.is_aes() && object.uses.has(Uses::SIGN) {
            all.push(Answer::Cmac(once(Act::Sign, ck::CKM_AES_CMAC).unwrap()));
        } else if object.uses.has(Uses::SIGN) {
            all.extend(once(Act::Sign, ck::CKM_SHA256_HMAC).ok().map(Answer::Hmac));
        } else if object.is_aes() && object.uses.has(Uses::WRAP) {
            let how = Mechanism::from(ck::CKM_AES_KEY_WRAP);
            let wrapped = api.wrap(session, &how, handle, self.sample);
            all.push(Answer::Wrapped(wrapped.unwrap()));
        } else if object.uses.has(Uses::DERIVE) {
            all.extend(self.derived_answer(handle).map(Answer::Derived));
        }
        all
    }

    /// What a key answers that only derives: by way of a key that signs.
    fn derived_answer(&self, base: Ulong) -> Option<Vec<u8>> {
        let parameter = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, INFO.to_vec());
        let how = Mechanism::new(ck::CKM_HKDF_DERIVE, parameter);
        let template = [
            number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
            number(ck::CKA_VALUE_LEN, 32),
            flag(ck::CKA_SIGN, true),
        ];
        let key = self.api.derive(self.session, &how, base, &template).ok()?;
        let hmac = Mechanism::from(ck::CKM_SHA256_HMAC);
        let made = self.api.once(Act::Sign, self.session, &hmac, key, &BLOCK);
        self.api.destroy(self.session, key).unwrap();
        made.ok()
    }

    fn uses(&self, handle: Ulong, class: Ulong) -> Uses {
        let has = |kind| self.api.flag(self.session, handle, kind) == Ok(true);
        let own = USES
            .iter()
            .filter(|(kind, _, classes)| classes.contains(&class) && has(*kind));
        own.fold(Uses(0), |all, (_, own, _)| all.and(*own))
    }

    /// What an object says of its protection.
    pub fn protection(&self, handle: Ulong, class: Ulong) -> Option<Protection> {
        let says = |kind| self.api.flag(self.session, handle, kind).unwrap();
        (class != ck::CKO_PUBLIC_KEY).then(|| Protection {
            sensitive: says(ck::CKA_SENSITIVE),
            extractable: says(ck::CKA_EXTRACTABLE),
            wrap_with_trusted: says(ck::CKA_WRAP_WITH_TRUSTED),
            always_sensitive: says(ck::CKA_ALWAYS_SENSITIVE),
            never_extractable: says(ck::CKA_NEVER_EXTRACTABLE),
            local: says(ck::CKA_LOCAL),
        })
    }

    /// What must hold after every call: each object is as it was, but for what was allowed.
    fn check(&self) {
        for (at, object) in self.objects.iter().enumerate() {
            if object.is_gone {
                continue;
            }
            let shown = self.protection(object.handle, object.class);
            assert_eq!(shown, object.protection, "object {at}");
            let uses = self.uses(object.handle, object.class);
            assert_eq!(uses, object.uses, "object {at}");
        }
    }

    /// Takes out objects that are no more, and marks the handles of theirs that stay.
    pub fn forget(&mut self, ends: impl Fn(&Object) -> bool) {
        let (gone, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut self.objects)
            .into_iter()
            .partition(ends);
        self.objects = stay;
        for own in &mut self.objects {
            let is_theirs = |old: &Object| !old.is_alias && old.unique_id == own.unique_id;
            own.is_gone |= gone.iter().any(is_theirs);
        }
    }

    /// Everything that came back goes through here.
    pub fn see(&self, told: &str, came: &[u8]) {
        self.watch.see(told, came);
    }

    /// Logs in again after a logout.
    pub fn login(&self) {
        let logged_in = self.api.login(self.session, ck::CKU_USER, PIN.as_bytes());
        logged_in.unwrap();
    }

    /// The general codes that a call with an object that is gone has.
    pub const fn stale() -> &'static [Rv] {
        &[
            ck::CKR_KEY_HANDLE_INVALID,
            ck::CKR_OBJECT_HANDLE_INVALID,
            ck::CKR_WRAPPING_KEY_HANDLE_INVALID,
            ck::CKR_UNWRAPPING_KEY_HANDLE_INVALID,
        ]
    }
}

/// A key of which nothing is secret.
fn sample_template() -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
        bytes(ck::CKA_VALUE, &UNDER),
        flag(ck::CKA_PRIVATE, false),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
        flag(ck::CKA_ENCRYPT, true),
    ]
}
