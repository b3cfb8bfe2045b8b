//! What a host holds: a login, sessions, keys of the token and of a session, and in sessions of their own a signature and an
//! encryption in parts, and a search.

use cryptoki_sys as ck;
use keyhold_tests::{
    PIN,
    api::{Act, Answer, Api, Mechanism, Parameter, Result, Ulong, bytes, flag, number, obey},
};

/// The label of what is searched for.
const LABEL: &[u8] = b"searched for";

/// How many objects have it.
const LABELLED: usize = 3;

/// What a host holds.
struct Held<'a> {
    api: &'a Api,
    session: Ulong,
    /// In the middle of a signature, an encryption, a search.
    busy: [Ulong; 3],
    public: Ulong,
    private: Ulong,
    secret: Ulong,
}

/// Holds it, and does what it is told.
pub fn serve(api: &Api) {
    match Held::new(api) {
        Ok(held) => obey(held.begin(), |line| held.does(line)),
        Err(rv) => obey(Err(rv), |_| Err(rv)),
    }
}

fn ecdsa() -> Mechanism {
    Mechanism::from(ck::CKM_ECDSA_SHA256)
}

fn gcm() -> Mechanism {
    let parameter = Parameter::Gcm(vec![7; 12], Vec::new(), 128);
    Mechanism::new(ck::CKM_AES_GCM, parameter)
}

impl<'a> Held<'a> {
    fn new(api: &'a Api) -> Result<Self> {
        let session = api.ready();
        let busy = [api.open(true)?, api.open(false)?, api.open(true)?];
        let p256 = [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
        let makes = Mechanism::from(ck::CKM_EC_KEY_PAIR_GEN);
        let on_token = flag(ck::CKA_TOKEN, true);
        let public = [on_token.clone(), bytes(ck::CKA_EC_PARAMS, &p256)];
        let (public, private) = api.generate_pair(session, &makes, &public, &[on_token])?;
        let mut keys = Vec::new();
        for _ in 0..LABELLED {
            let template = [
                flag(ck::CKA_TOKEN, false),
                number(ck::CKA_VALUE_LEN, 32),
                bytes(ck::CKA_LABEL, LABEL),
            ];
            keys.push(api.generate(session, &Mechanism::from(ck::CKM_AES_KEY_GEN), &template)?);
        }
        Ok(Self {
            api,
            session,
            busy,
            public,
            private,
            secret: keys[0],
        })
    }

    fn does(&self, line: &str) -> Result<()> {
        match line {
            "begin" => self.begin(),
            "sign" => self.sign(),
            "use the session's key" => self.encrypt(),
            "end the signature" => self.end_signature(),
            "end the encryption" => self.end_encryption(),
            "go on with the search" => self.search_on(),
            "log in" => self.api.login(self.session, ck::CKU_USER, PIN.as_bytes()),
            "make a key" => self.make(),
            other => panic!("{other:?} is not known"),
        }
    }

    /// Begins what is done in parts.
    fn begin(&self) -> Result<()> {
        let [signs, encrypts, searches] = self.busy;
        self.api.init(Act::Sign, signs, &ecdsa(), self.private)?;
        self.api.update(Act::Sign, signs, b"some ", None).rv()?;
        self.api.init(Act::Encrypt, encrypts, &gcm(), self.secret)?;
        let part = self.api.update(Act::Encrypt, encrypts, b"some ", Some(64));
        part.rv()?;
        let template = [bytes(ck::CKA_LABEL, LABEL)];
        self.api.find_init(searches, &template)?;
        let first = self.api.find_some(searches, 1)?;
        assert_eq!(first.len(), 1);
        Ok(())
    }

    fn sign(&self) -> Result<()> {
        let (act, session) = (Act::Sign, self.session);
        self.api.init(act, session, &ecdsa(), self.private)?;
        let signature = given(&self.api.whole(act, session, b"some data", Some(64)))?;
        self.api
            .verify(session, &ecdsa(), self.public, b"some data", &signature)
    }

    fn encrypt(&self) -> Result<()> {
        let (act, session) = (Act::Encrypt, self.session);
        self.api.init(act, session, &gcm(), self.secret)?;
        let sealed = given(&self.api.whole(act, session, b"some data", Some(64)))?;
        assert_eq!(sealed.len(), 25);
        Ok(())
    }

    fn end_signature(&self) -> Result<()> {
        let session = self.busy[0];
        self.api.update(Act::Sign, session, b"data", None).rv()?;
        let signature = given(&self.api.last(Act::Sign, session, Some(64)))?;
        self.api
            .verify(session, &ecdsa(), self.public, b"some data", &signature)
    }

    fn end_encryption(&self) -> Result<()> {
        let session = self.busy[1];
        let part = self.api.update(Act::Encrypt, session, b"data", Some(64));
        part.rv()?;
        given(&self.api.last(Act::Encrypt, session, Some(64))).map(drop)
    }

    fn search_on(&self) -> Result<()> {
        let session = self.busy[2];
        let rest = self.api.find_some(session, 10)?;
        assert_eq!(rest.len(), LABELLED - 1);
        // The handles are those that the host knows.
        assert!(!rest.contains(&self.public));
        self.api.find_final(session)
    }

    fn make(&self) -> Result<()> {
        let makes = Mechanism::from(ck::CKM_AES_KEY_GEN);
        let template = [number(ck::CKA_VALUE_LEN, 16)];
        let key = self.api.generate(self.session, &makes, &template)?;
        self.api.destroy(self.session, key)
    }
}

fn given(answer: &Answer) -> Result<Vec<u8>> {
    answer.rv()?;
    Ok(answer.bytes.clone())
}
