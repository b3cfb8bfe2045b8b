//! What administration of a configured appliance is made of, and which of its files belong into a backup.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hsm::host::{Opening, Seal};

use super::{BackupFile, Parts, Reloader};
use crate::{
    audit::FileTrail,
    clock::Clock,
    config::Config,
    pki::{self, Authority, PkiError},
    service::Service,
};

impl Parts {
    /// The parts of an appliance that was opened from a configuration.
    pub fn of(
        config: &Config,
        (service, trail, clock): (Arc<Service>, Arc<FileTrail>, Arc<Clock>),
        reloader: Reloader,
    ) -> Result<Self, PkiError> {
        let authority = config.authority.as_deref();
        let belongings = Belongings::of(config);
        let store_file = config.store.path.file_name().unwrap_or_default();
        Ok(Self {
            service,
            trail,
            clock,
            authority: authority.map(Authority::load).transpose()?,
            administrators: config.administrators.clone(),
            files: belongings.files,
            left_out: belongings.left_out,
            store_file: store_file.to_string_lossy().into_owned(),
            reloader,
        })
    }
}

/// The files of an appliance beside its records.
struct Belongings<'a> {
    /// The data directory.
    data: &'a Path,
    files: Vec<BackupFile>,
    left_out: Vec<String>,
}

impl<'a> Belongings<'a> {
    fn of(config: &'a Config) -> Self {
        let mut own = Self {
            data: config.store.path.parent().unwrap_or_else(|| Path::new("")),
            files: Vec::new(),
            left_out: Vec::new(),
        };
        own.take(Some(&config.file));
        own.take(config.policy_file.as_ref());
        own.take(config.audit.key.as_ref());
        if let Some(authority) = &config.authority {
            own.take(Some(&authority.join(pki::CERTIFICATE_FILE)));
            own.take(Some(&authority.join(pki::KEY_FILE)));
            own.take_if_there(&authority.join(pki::REVOCATION_FILE));
        }
        if let Some(tls) = &config.tls {
            for (certificate, key) in &tls.identities {
                own.take([certificate, key]);
            }
            own.take(&tls.client_authorities);
            own.take(&tls.revocation_lists);
        }
        for backend in &config.backends {
            match &*backend.opening {
                Opening::Embedded { master, seal, .. } => own.take_master(master, seal),
                Opening::Module { .. } => own.left_out.push(format!(
                    "the keys in the HSM {:?}, which has a backup of its own",
                    backend.name
                )),
            }
        }
        own
    }

    fn take<'b>(&mut self, paths: impl IntoIterator<Item = &'b PathBuf>) {
        for path in paths {
            self.add(path, false);
        }
    }

    fn take_if_there(&mut self, path: &Path) {
        self.add(path, true);
    }

    /// Records and an unsealed master in one place would be keys for whoever finds it.
    fn take_master(&mut self, file: &Path, seal: &Seal) {
        match seal {
            Seal::Nothing => self.left_out.push(format!(
                "the master key {}, which no passphrase seals",
                file.display()
            )),
            Seal::Passphrase(_) | Seal::Credential(_) => self.add(file, false),
        }
    }

    /// A file keeps its place in the data directory; one from elsewhere goes to `elsewhere`.
    fn add(&mut self, path: &Path, is_optional: bool) {
        if self.files.iter().any(|file| file.path == path) {
            return;
        }
        let inside = path.strip_prefix(self.data).ok();
        let base = match (inside, path.file_name()) {
            (Some(inside), _) => inside.to_string_lossy().into_owned(),
            (None, Some(name)) => format!("elsewhere/{}", name.to_string_lossy()),
            (None, None) => return,
        };
        let mut name = base.clone();
        let mut count: u32 = 1;
        while self.files.iter().any(|file| file.name == name) {
            count += 1;
            name = format!("{base}.{count}");
        }
        self.files.push(BackupFile {
            name,
            path: path.to_owned(),
            is_optional,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belongings_keep_their_places_and_names_apart() {
        let mut own = Belongings {
            data: Path::new("/var/lib/keyhold"),
            files: Vec::new(),
            left_out: Vec::new(),
        };
        let paths = [
            "/var/lib/keyhold/authority/ca.pem",
            "/etc/keyhold/ca.pem",
            "/srv/ca.pem",
            "/srv/ca.pem",
        ];
        own.take(&paths.map(PathBuf::from));
        let names: Vec<_> = own.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            names,
            ["authority/ca.pem", "elsewhere/ca.pem", "elsewhere/ca.pem.2"]
        );
        own.take_master(Path::new("/var/lib/keyhold/master.key"), &Seal::Nothing);
        assert_eq!(own.files.len(), 3);
        assert!(own.left_out[0].contains("master.key"));
    }
}
