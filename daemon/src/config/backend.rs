//! The HSMs of a configuration, with the secrets that open them.

use std::{collections::BTreeSet, path::PathBuf};

use hsm::{
    module::{ModuleConfig, TokenName},
    soft::{CACHE_KEYS_MAX, MasterSource},
};
use kmip::Secret;
use toml::Spanned;

use super::{
    error::ConfigError,
    file::{self, Kind},
    place::Place,
};
use crate::files;

/// One HSM.
pub struct Backend {
    /// The name that vaults know it by.
    pub name: String,
    /// What it is, and how it opens.
    pub kind: BackendKind,
}

/// What an HSM is, and how it opens.
pub enum BackendKind {
    /// The embedded software HSM.
    Embedded {
        /// Where its master is, and what opens it.
        master: MasterSource,
        /// The most unsealed keys in memory.
        cache_keys_max: usize,
    },
    /// A PKCS#11 module.
    Module(ModuleConfig),
}

/// Every backend of the file.
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
    backends
        .iter()
        .map(|own| {
            if own.name.get_ref().is_empty() || !names.insert(own.name.get_ref()) {
                return Err(place.error(&own.name, "backend.name", "must be unique and not empty"));
            }
            let kind = match own.kind.get_ref() {
                Kind::Embedded => embedded(place, own)?,
                Kind::Module => module(place, own)?,
            };
            Ok(Backend {
                name: own.name.get_ref().clone(),
                kind,
            })
        })
        .collect()
}

fn embedded(place: &Place<'_>, own: &file::Backend) -> Result<BackendKind, ConfigError> {
    let foreign = "belongs to backends of kind \"module\"";
    refuse(place, own.path.as_ref(), "backend.path", foreign)?;
    refuse(place, own.token.as_ref(), "backend.token", foreign)?;
    refuse(place, own.serial.as_ref(), "backend.serial", foreign)?;
    refuse(place, own.pin_file.as_ref(), "backend.pin_file", foreign)?;
    refuse(place, own.pin_credential.as_ref(), "backend.pin_credential", foreign)?;
    refuse(place, own.sessions_max.as_ref(), "backend.sessions_max", foreign)?;
    refuse(place, own.mechanisms_disabled.as_ref(), "backend.mechanisms_disabled", foreign)?;
    let file = own.master.as_ref().ok_or_else(|| {
        place.error(&own.name, "backend", "of kind \"embedded\" needs `master`, the file of its master key")
    })?;
    let file = place.resolve(file.get_ref());
    let master = match (&own.passphrase_file, &own.passphrase_credential, &own.credential) {
        (None, None, None) => MasterSource::File(file),
        (Some(path), None, None) => MasterSource::Passphrase {
            file,
            passphrase: files::read_secret_line(&place.resolve(path.get_ref()))?,
        },
        (None, Some(name), None) => MasterSource::Passphrase {
            file,
            passphrase: files::read_secret_line(&credential(place, name, "backend.passphrase_credential")?)?,
        },
        (None, None, Some(name)) => MasterSource::Credential {
            file,
            secret: files::read_secret(&credential(place, name, "backend.credential")?)?,
        },
        _ => {
            return Err(place.error(
                &own.name,
                "backend",
                "may have one of `passphrase_file`, `passphrase_credential` and `credential`",
            ));
        }
    };
    Ok(BackendKind::Embedded {
        master,
        cache_keys_max: cache_keys_max(place, own)?,
    })
}

fn module(place: &Place<'_>, own: &file::Backend) -> Result<BackendKind, ConfigError> {
    let foreign = "belongs to backends of kind \"embedded\"";
    refuse(place, own.master.as_ref(), "backend.master", foreign)?;
    refuse(place, own.passphrase_file.as_ref(), "backend.passphrase_file", foreign)?;
    refuse(place, own.passphrase_credential.as_ref(), "backend.passphrase_credential", foreign)?;
    refuse(place, own.credential.as_ref(), "backend.credential", foreign)?;
    let path = own.path.as_ref().ok_or_else(|| {
        place.error(&own.name, "backend", "of kind \"module\" needs `path`, the module's shared object")
    })?;
    let token = match (&own.token, &own.serial) {
        (Some(label), None) => TokenName::Label(label.get_ref().clone()),
        (None, Some(serial)) => TokenName::Serial(serial.get_ref().clone()),
        _ => {
            return Err(place.error(
                &own.name,
                "backend",
                "of kind \"module\" needs either `token`, the token's label, or `serial`, its serial number",
            ));
        }
    };
    let pin = match (&own.pin_file, &own.pin_credential) {
        (Some(path), None) => files::read_secret_line(&place.resolve(path.get_ref()))?,
        (None, Some(name)) => files::read_secret_line(&credential(place, name, "backend.pin_credential")?)?,
        // A token with a PIN pad of its own.
        (None, None) => Secret::default(),
        (Some(_), Some(both)) => {
            return Err(place.error(both, "backend.pin_credential", "and `pin_file` are both given; keep one"));
        }
    };
    let mut config = ModuleConfig::new(place.resolve(path.get_ref()), token, pin);
    if let Some(sessions) = &own.sessions_max {
        config.sessions_max = place.count(sessions, "backend.sessions_max", 1..=1024)?;
    }
    if let Some(disabled) = &own.mechanisms_disabled {
        config.mechanisms_disabled.clone_from(disabled.get_ref());
    }
    config.cache_keys_max = cache_keys_max(place, own)?;
    Ok(BackendKind::Module(config))
}

fn cache_keys_max(place: &Place<'_>, own: &file::Backend) -> Result<usize, ConfigError> {
    own.cache_keys_max.as_ref().map_or(Ok(CACHE_KEYS_MAX), |own| {
        place.count(own, "backend.cache_keys_max", 1..=10_000_000)
    })
}

fn refuse<T>(
    place: &Place<'_>,
    value: Option<&Spanned<T>>,
    key: &str,
    why: &str,
) -> Result<(), ConfigError> {
    value.map_or(Ok(()), |value| Err(place.error(value, key, why)))
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
