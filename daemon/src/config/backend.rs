//! The HSMs of a configuration, and where the secrets are that open them.

use std::{collections::BTreeSet, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use hsm::{
    host::{Opening, Seal},
    module::{ModuleConfig, TokenName},
    soft::CACHE_KEYS_MAX,
};
use kmip::Secret;
use toml::Spanned;

use super::{
    error::ConfigError,
    file::{self, Kind},
    place::Place,
};
use crate::{confine::Confinement, files};

/// One HSM.
#[derive(Clone)]
pub struct Backend {
    /// The name that vaults know it by.
    pub name: String,
    /// What it is, and how it opens.
    pub opening: Arc<Opening>,
    /// The process of its own that it has, unless it shares the daemon's.
    pub isolation: Option<Isolation>,
}

impl Backend {
    /// Whether its locked keys may be wrapped for another HSM.
    pub(super) fn keys_may_move(&self) -> bool {
        match &*self.opening {
            Opening::Embedded { keys_may_move, .. } => *keys_may_move,
            Opening::Module { config, .. } => config.keys_may_move,
        }
    }
}

/// How an HSM's own process is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// How long it may take to open, and to answer a call.
    pub wait: Duration,
    /// What it is kept from.
    pub confinement: Confinement,
}

/// Every HSM of the file; groups of them are told by `group`.
pub(super) fn all(
    place: &Place<'_>,
    backends: &[file::Backend],
) -> Result<Vec<Backend>, ConfigError> {
    if backends.is_empty() {
        return Err(place.whole(
            "no `[[backend]]` is given: name at least one HSM, for example\n\n\
             [[backend]]\nname = \"embedded\"\nkind = \"embedded\"\nmaster = \"/var/lib/keyhold/master.key\"",
        ));
    }
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for own in backends {
        if own.name.get_ref().is_empty() || !names.insert(own.name.get_ref()) {
            return Err(place.error(&own.name, "backend.name", "must be unique and not empty"));
        }
        check_keys(place, own)?;
        let (opening, confinement) = match own.kind.get_ref() {
            Kind::Embedded => (embedded(place, own)?, Confinement::Keys),
            Kind::Module => (module(place, own)?, confinement(place, own)),
            Kind::Group => continue,
        };
        all.push(Backend {
            name: own.name.get_ref().clone(),
            opening: Arc::new(opening),
            isolation: isolation(place, own, confinement)?,
        });
    }
    Ok(all)
}

fn embedded(place: &Place<'_>, own: &file::Backend) -> Result<Opening, ConfigError> {
    let file = own.master.as_ref().ok_or_else(|| {
        place.error(
            &own.name,
            "backend",
            "of kind \"embedded\" needs `master`, the file of its master key",
        )
    })?;
    Ok(Opening::Embedded {
        master: place.resolve(file.get_ref()),
        seal: seal(place, own)?,
        cache_keys_max: cache_keys_max(place, own)?,
        keys_may_move: keys_may_move(own),
        verify_signatures: own
            .verify_signatures
            .as_ref()
            .is_none_or(|own| *own.get_ref()),
    })
}

/// What a master key is sealed under.
fn seal(place: &Place<'_>, own: &file::Backend) -> Result<Seal, ConfigError> {
    let protection = (
        &own.passphrase_file,
        &own.passphrase_credential,
        &own.credential,
    );
    Ok(match protection {
        (None, None, None) => Seal::Nothing,
        (Some(path), None, None) => Seal::Passphrase(secret(place.resolve(path.get_ref()))?),
        (None, Some(name), None) => {
            let path = credential(place, name, "backend.passphrase_credential")?;
            Seal::Passphrase(secret(path)?)
        }
        (None, None, Some(name)) => {
            let path = credential(place, name, "backend.credential")?;
            Seal::Credential(secret(path)?)
        }
        _ => {
            return Err(place.error(
                &own.name,
                "backend",
                "may have one of `passphrase_file`, `passphrase_credential` and `credential`",
            ));
        }
    })
}

/// The file of a secret, which is read where the HSM is opened: here it is only seen to be there.
fn secret(path: PathBuf) -> Result<PathBuf, ConfigError> {
    files::check_secret(&path)?;
    Ok(path)
}

fn module(place: &Place<'_>, own: &file::Backend) -> Result<Opening, ConfigError> {
    let needs = |what: &str| {
        let why = format!("of kind \"module\" needs {what}");
        place.error(&own.name, "backend", &why)
    };
    let path = own
        .path
        .as_ref()
        .ok_or_else(|| needs("`path`, the module's shared object"))?;
    let token = match (&own.token, &own.serial) {
        (Some(label), None) => TokenName::Label(label.get_ref().clone()),
        (None, Some(serial)) => TokenName::Serial(serial.get_ref().clone()),
        _ => {
            let what = "either `token`, the token's label, or `serial`, its serial number";
            return Err(needs(what));
        }
    };
    let mut config = ModuleConfig::new(place.resolve(path.get_ref()), token, Secret::default());
    if let Some(sessions) = &own.sessions_max {
        config.sessions_max = place.count(sessions, "backend.sessions_max", 1..=1024)?;
    }
    if let Some(disabled) = &own.mechanisms_disabled {
        config.mechanisms_disabled.clone_from(disabled.get_ref());
    }
    if let Some(keys) = &own.unwrapped_keys_max {
        config.unwrapped_keys_max =
            place.count(keys, "backend.unwrapped_keys_max", 1..=1_000_000)?;
    }
    config.keys_may_move = keys_may_move(own);
    config.cache_keys_max = cache_keys_max(place, own)?;
    Ok(Opening::Module {
        config,
        pin: pin(place, own)?,
    })
}

/// The process of its own, unless the daemon's is to do.
fn isolation(
    place: &Place<'_>,
    own: &file::Backend,
    confinement: Confinement,
) -> Result<Option<Isolation>, ConfigError> {
    if own.isolated.as_ref().is_some_and(|own| !own.get_ref()) {
        let foreign = [
            ("backend.wait_seconds", span(own.wait_seconds.as_ref())),
            ("backend.network", span(own.network.as_ref())),
            ("backend.writable", span(own.writable.as_ref())),
        ];
        refuse(place, foreign, "means nothing with `isolated = false`")?;
        return Ok(None);
    }
    let seconds = match &own.wait_seconds {
        Some(own) => place.count(own, "backend.wait_seconds", 1..=600)?,
        None => WAIT_SECONDS,
    };
    Ok(Some(Isolation {
        wait: Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)),
        confinement,
    }))
}

/// What a module's process is kept from.
fn confinement(place: &Place<'_>, own: &file::Backend) -> Confinement {
    Confinement::Module {
        network: own.network.as_ref().is_some_and(|own| *own.get_ref()),
        writable: own.writable.as_ref().map(|all| {
            let all = all.get_ref().iter();
            all.map(|path| place.resolve(path)).collect()
        }),
    }
}

/// A key of the file that not every kind of backend has.
struct Key {
    name: &'static str,
    /// The kinds to which it means something.
    of: &'static [Kind],
    /// Where it stands, if it is given.
    at: Option<Range<usize>>,
}

/// Those keys (table).
fn keys(own: &file::Backend) -> Vec<Key> {
    const EMBEDDED: &[Kind] = &[Kind::Embedded];
    const MODULE: &[Kind] = &[Kind::Module];
    const BOTH: &[Kind] = &[Kind::Embedded, Kind::Module];
    const GROUP: &[Kind] = &[Kind::Group];
    macro_rules! keys {
        ($($field:ident: $of:ident),* $(,)?) => {
            vec![$(Key {
                name: concat!("backend.", stringify!($field)),
                of: $of,
                at: span(own.$field.as_ref()),
            }),*]
        };
    }
    keys! {
        master: EMBEDDED,
        passphrase_file: EMBEDDED,
        passphrase_credential: EMBEDDED,
        credential: EMBEDDED,
        verify_signatures: EMBEDDED,
        path: MODULE,
        token: MODULE,
        serial: MODULE,
        pin_file: MODULE,
        pin_credential: MODULE,
        sessions_max: MODULE,
        unwrapped_keys_max: MODULE,
        mechanisms_disabled: MODULE,
        network: MODULE,
        writable: MODULE,
        cache_keys_max: BOTH,
        keys_may_move: BOTH,
        isolated: BOTH,
        wait_seconds: BOTH,
        members: GROUP,
    }
}

/// Refuses keys that mean nothing to a backend of its kind.
fn check_keys(place: &Place<'_>, own: &file::Backend) -> Result<(), ConfigError> {
    let kind = own.kind.get_ref();
    for key in keys(own) {
        let why = match key.of {
            of if of.contains(kind) => continue,
            _ if *kind == Kind::Group => {
                "belongs to the members of a group, each of which may have its own"
            }
            [Kind::Embedded, ..] => "belongs to backends of kind \"embedded\"",
            [Kind::Module, ..] => "belongs to backends of kind \"module\"",
            _ => "belongs to backends of kind \"group\"",
        };
        refuse(place, [(key.name, key.at)], why)?;
    }
    Ok(())
}

/// How long an HSM's process may take to answer when nothing else is said.
const WAIT_SECONDS: usize = 10;

/// The file of a token's PIN; none for one with a PIN pad of its own.
fn pin(place: &Place<'_>, own: &file::Backend) -> Result<Option<PathBuf>, ConfigError> {
    let path = match (&own.pin_file, &own.pin_credential) {
        (Some(path), None) => place.resolve(path.get_ref()),
        (None, Some(name)) => credential(place, name, "backend.pin_credential")?,
        (None, None) => return Ok(None),
        (Some(_), Some(both)) => {
            return Err(place.error(
                both,
                "backend.pin_credential",
                "and `pin_file` are both given; keep one",
            ));
        }
    };
    secret(path).map(Some)
}

/// Whether locked keys may be wrapped for another HSM.
fn keys_may_move(own: &file::Backend) -> bool {
    own.keys_may_move.as_ref().is_some_and(|own| *own.get_ref())
}

fn cache_keys_max(place: &Place<'_>, own: &file::Backend) -> Result<usize, ConfigError> {
    own.cache_keys_max
        .as_ref()
        .map_or(Ok(CACHE_KEYS_MAX), |own| {
            place.count(own, "backend.cache_keys_max", 1..=10_000_000)
        })
}

/// Where a key stands, if it is given.
fn span<T>(value: Option<&Spanned<T>>) -> Option<Range<usize>> {
    value.map(Spanned::span)
}

/// Keys that mean nothing to this kind of backend are mistakes.
fn refuse<const N: usize>(
    place: &Place<'_>,
    keys: [(&str, Option<Range<usize>>); N],
    why: &str,
) -> Result<(), ConfigError> {
    match keys
        .into_iter()
        .find_map(|(key, at)| at.map(|at| (key, at)))
    {
        None => Ok(()),
        Some((key, at)) => Err(place.error(&Spanned::new(at, ()), key, why)),
    }
}

/// The file of a systemd credential.
fn credential(
    place: &Place<'_>,
    name: &Spanned<String>,
    key: &str,
) -> Result<PathBuf, ConfigError> {
    let text = name.get_ref();
    if text.is_empty() || text.contains('/') || text.starts_with('.') {
        return Err(place.error(name, key, "must be a credential's plain name"));
    }
    let folder = files::credentials_directory().ok_or_else(|| {
        place.error(
            name,
            key,
            "names a systemd credential, but there is no $CREDENTIALS_DIRECTORY: \
             add `LoadCredentialEncrypted=` to the unit, or use a file",
        )
    })?;
    Ok(folder.join(text))
}
