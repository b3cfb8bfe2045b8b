//! Objects made, copied, changed and ended; sessions and logins.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{Attribute, Ulong, bytes, flag, number},
};

use crate::{
    call::{Change, Pick},
    crypto::hmac,
    kind::{Pair, Secret, Traits, USES},
    model::{Kind, Object, Protection, change_is_refused, codes, hides},
    play::{Expected, World},
};

impl World<'_> {
    pub fn generate(&mut self, kind: Secret, traits: &Traits) {
        let (how, mut template) = kind.generation();
        template.extend(traits.entries(ck::CKO_SECRET_KEY));
        let made = self.api.generate(self.session, &how, &template);
        let refused = traits.odd.is_some();
        let told = format!("{kind:?} made by {traits:?}");
        let Some(handle) = self.judge(&told, made, refused, &[codes::TEMPLATE]) else {
            assert!(refused, "{told} is refused");
            return;
        };
        let protection = Protection::made(traits, true);
        self.adopt_secret(handle, kind, traits.is_token, protection, true);
    }

    /// Takes in a secret key of a value of its own, hidden or not.
    pub fn adopt_secret(
        &mut self,
        handle: Ulong,
        kind: Secret,
        is_token: bool,
        protection: Protection,
        is_own: bool,
    ) {
        let is_hidden = is_own && hides(protection);
        let value = self.new_value(is_hidden);
        self.adopt(
            handle,
            Expected {
                class: ck::CKO_SECRET_KEY,
                kind: Kind::Secret(kind),
                is_token,
                protection: Some(protection),
                value,
                public: None,
            },
        );
        if is_hidden {
            self.hide(self.objects.len() - 1);
        }
    }

    pub fn generate_pair(&mut self, kind: Pair, traits: &Traits) {
        let (how, needed) = kind.generation();
        let mut public = vec![needed, flag(ck::CKA_TOKEN, traits.is_token)];
        public.extend(traits.uses.entries(ck::CKO_PUBLIC_KEY));
        let private = traits.entries(ck::CKO_PRIVATE_KEY);
        let made = self
            .api
            .generate_pair(self.session, &how, &public, &private);
        let told = format!("{kind:?} made by {traits:?}");
        let refused = traits.odd.is_some();
        let Some((public, private)) = self.judge(&told, made, refused, &[codes::TEMPLATE]) else {
            return;
        };
        let info = self
            .api
            .get(self.session, public, ck::CKA_PUBLIC_KEY_INFO)
            .unwrap();
        let protection = Protection::made(traits, true);
        let value = self.new_value(hides(protection));
        for (handle, class, protection) in [
            (public, ck::CKO_PUBLIC_KEY, None),
            (private, ck::CKO_PRIVATE_KEY, Some(protection)),
        ] {
            self.adopt(
                handle,
                Expected {
                    class,
                    kind: Kind::Half(kind),
                    is_token: traits.is_token,
                    protection,
                    value,
                    public: Some(info.clone()),
                },
            );
        }
        if hides(protection) {
            self.hide(self.objects.len() - 1);
        }
    }

    /// A key that is brought and locked is a canary: its caller has forgotten it. One that may be told, he knows.
    pub fn create(&mut self, kind: Secret, traits: &Traits) {
        self.brought += 1;
        let mut value = hmac(&[self.brought], b"the value of a key that is brought");
        value.truncate(kind.bytes());
        let own = [
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
            number(ck::CKA_KEY_TYPE, kind.key_type()),
            bytes(ck::CKA_VALUE, &value),
        ];
        let template = [&own[..], &traits.entries(ck::CKO_SECRET_KEY)].concat();
        let made = self.api.create(self.session, &template);
        let told = format!("{kind:?} brought by {traits:?}");
        let Some(handle) = self.judge(&told, made, traits.odd.is_some(), &[codes::TEMPLATE]) else {
            return;
        };
        let protection = Protection::made(traits, false);
        self.adopt_secret(handle, kind, traits.is_token, protection, true);
        if protection.tells() {
            self.known.push(value);
        } else if kind.bytes() >= 14 {
            let name = format!("the canary {}", self.brought);
            let answer = crate::watch::Answer::Value(value);
            self.watch.hide(name, kind.bytes(), answer);
        }
    }

    pub fn copy(&mut self, of: Pick, change: &Change) {
        let Some(at) = self.pick(of, |object| !object.is_gone) else {
            return;
        };
        let object = self.objects[at].clone();
        let made = self.api.copy(self.session, object.handle, &entries(change));
        let refused = change_is_refused(&object, change);
        let told = format!("a copy of {at} with {change:?}");
        let allowed = [codes::CHANGE, codes::TEMPLATE, Self::stale()];
        let Some(handle) = self.judge(&told, made, refused, &allowed) else {
            return;
        };
        let is_token = change.is_token.unwrap_or_else(|| object.owner.is_none());
        let protection = object.protection.map(|own| own.changed(change));
        self.adopt(
            handle,
            Expected {
                class: object.class,
                kind: object.kind,
                is_token,
                protection,
                value: object.value,
                public: object.public,
            },
        );
        let last = self.objects.len() - 1;
        self.objects[last].may_be_made_again = object.may_be_made_again;
        self.objects[last].is_alias = self.objects[last].unique_id == object.unique_id;
    }

    pub fn set(&mut self, of: Pick, change: &Change) {
        let Some(at) = self.pick(of, |object| !object.is_gone) else {
            return;
        };
        let object = self.objects[at].clone();
        let template: Vec<_> = entries(change)
            .into_iter()
            .filter(|(kind, _)| *kind != ck::CKA_TOKEN)
            .collect();
        let outcome = self.api.set(self.session, object.handle, &template);
        let refused = change_is_refused(&object, change);
        let told = format!("the change {change:?} of {at}");
        let allowed = [codes::CHANGE, Self::stale()];
        if self.judge(&told, outcome, refused, &allowed).is_some() {
            let changed = object.protection.map(|own| own.changed(change));
            self.objects[at].protection = changed;
        }
    }

    pub fn destroy(&mut self, of: Pick) {
        let Some(at) = self.pick(of, |object| !object.is_gone) else {
            return;
        };
        let handle = self.objects[at].handle;
        let outcome = self.api.destroy(self.session, handle);
        if self
            .judge("the end of an object", outcome, false, &[Self::stale()])
            .is_some()
        {
            self.forget(|object| object.handle == handle);
        }
    }

    /// After a logout private objects are invalid; those of sessions are no more.
    pub fn relogin(&mut self) {
        self.api.logout(self.session).unwrap();
        for object in &self.objects {
            if object.class != ck::CKO_PUBLIC_KEY {
                let told = self.api.get(self.session, object.handle, ck::CKA_VALUE);
                assert_eq!(told, Err(ck::CKR_OBJECT_HANDLE_INVALID));
            }
        }
        self.login();
        self.forget(|object| object.class != ck::CKO_PUBLIC_KEY && object.owner.is_some());
        let mut found = Vec::new();
        for object in &self.objects {
            if object.class == ck::CKO_PUBLIC_KEY || object.is_gone {
                found.push(object.handle);
                continue;
            }
            let wanted = [bytes(ck::CKA_UNIQUE_ID, &object.unique_id)];
            let handles = self.api.find(self.session, &wanted).unwrap();
            assert_eq!(handles.len(), 1, "a token object is there after a login");
            found.push(handles[0]);
        }
        for (object, handle) in self.objects.iter_mut().zip(found) {
            object.handle = handle;
        }
    }

    /// Goes on in another session, and closes the first one or not.
    pub fn change_session(&mut self, closes_first: bool) {
        let next = match self.other.take() {
            Some(other) => other,
            None => self.api.open(true).unwrap(),
        };
        let last = std::mem::replace(&mut self.session, next);
        if closes_first {
            self.api.close(last).unwrap();
            self.forget(|object: &Object| object.owner == Some(last));
        } else {
            self.other = Some(last);
        }
    }

    /// Nobody empties the token without the operator, and no session stands in the way of the answer.
    pub fn init_token(&self) {
        let refused = self.api.init_token(PIN.as_bytes(), &[b' '; 32]);
        let codes = [ck::CKR_SESSION_EXISTS, ck::CKR_TOKEN_WRITE_PROTECTED];
        assert!(refused.is_err_and(|rv| codes.contains(&rv)), "{refused:x?}");
    }
}

/// A change as a template.
fn entries(change: &Change) -> Vec<Attribute> {
    let said = [
        (ck::CKA_SENSITIVE, change.sensitive),
        (ck::CKA_EXTRACTABLE, change.extractable),
        (ck::CKA_WRAP_WITH_TRUSTED, change.wrap_with_trusted),
        (ck::CKA_TOKEN, change.is_token),
    ];
    let of_use = change.use_at.map(|(at, wanted)| (USES[at].0, Some(wanted)));
    said.into_iter()
        .chain(of_use)
        .filter_map(|(kind, own)| Some(flag(kind, own?)))
        .collect()
}
