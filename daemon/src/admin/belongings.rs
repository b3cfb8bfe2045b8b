//! What administration of a configured appliance is made of, and which of its files belong into a backup.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hsm::host::{Opening, Seal};

use super::{Parts, Reloader, manifest};
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
        service: Arc<Service>,
        trail: Arc<FileTrail>,
        clock: Arc<Clock>,
        reloader: Reloader,
    ) -> Result<Self, PkiError> {
        let authority = config.authority.as_deref();
        let file = config.file.clone();
        // The files that the configuration names when the backup is made: the copy of it names them too.
        let inventory = move || match Config::load(&file) {
            Ok(config) => Ok(Belongings::of(&config)),
            Err(error) => Err(error.to_string()),
        };
        let store_file = config.store.path.file_name().unwrap_or_default();
        Ok(Self {
            service,
            trail,
            clock,
            authority: authority.map(Authority::load).transpose()?,
            administrators: config.administrators.clone(),
            belongings: Box::new(inventory),
            store_file: store_file.to_string_lossy().into_owned(),
            reloader,
        })
    }
}

/// A file that belongs into a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    /// Its name in the data directory: a relative path.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it may be absent.
    pub is_optional: bool,
}

/// Looks up what belongs into a backup. The error is for the administrator.
pub type Inventory = Box<dyn Fn() -> Result<Belongings, String> + Send + Sync>;

/// What belongs to an appliance beside its records.
pub struct Belongings {
    /// What a backup holds.
    pub files: Vec<BackupFile>,
    /// What a backup must not hold, and needs: an unsealed master.
    pub left_out: Vec<String>,
}

impl Belongings {
    fn of(config: &Config) -> Self {
        let data = config.store.path.parent().unwrap_or_else(|| Path::new(""));
        let mut own = Collection::new(data);
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
        for notify in &config.notify {
            own.take(&notify.authorities);
            let (certificate, key) = &notify.identity;
            own.take([certificate, key]);
        }
        for backend in &config.backends {
            match &*backend.opening {
                Opening::Embedded { master, seal, .. } => own.take_master(master, seal),
                Opening::Module { .. } => own.found.left_out.push(format!(
                    "the keys in the HSM {:?}, which has a backup of its own",
                    backend.name
                )),
            }
        }
        own.found
    }
}

/// What was found so far.
struct Collection<'a> {
    /// The data directory.
    data: &'a Path,
    found: Belongings,
}

impl<'a> Collection<'a> {
    const fn new(data: &'a Path) -> Self {
        Self {
            data,
            found: Belongings {
                files: Vec::new(),
                left_out: Vec::new(),
            },
        }
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
            Seal::Nothing => self.found.left_out.push(format!(
                "the master key {}, which no passphrase seals",
                file.display()
            )),
            Seal::Passphrase(_) | Seal::Credential(_) => self.add(file, false),
        }
    }

    /// A file keeps its place in the data directory; one from elsewhere goes to `elsewhere`, and so does one that is named
    /// by a way around: its name in the backup would lead out of that, on to the file itself.
    fn add(&mut self, path: &Path, is_optional: bool) {
        if self.found.files.iter().any(|file| file.path == path) {
            return;
        }
        let inside = path.strip_prefix(self.data).ok();
        let inside = inside.map(|inside| inside.to_string_lossy().into_owned());
        let base = match (inside, path.file_name()) {
            (Some(inside), _) if manifest::is_inside(&inside) => inside,
            (_, Some(name)) => format!("elsewhere/{}", name.to_string_lossy()),
            (_, None) => return,
        };
        let mut name = base.clone();
        let mut count: u32 = 1;
        while self.found.files.iter().any(|file| file.name == name) {
            count += 1;
            name = format!("{base}.{count}");
        }
        self.found.files.push(BackupFile {
            name,
            path: path.to_owned(),
            is_optional,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(data: &str, paths: &[&str]) -> Vec<String> {
        let mut own = Collection::new(Path::new(data));
        let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
        own.take(&paths);
        own.found.files.into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn no_belonging_leads_out_of_a_backup() {
        let around = ["/srv/data/../tls/server.key", "/srv/data/manifest.json"];
        assert_eq!(
            names("/srv/data", &around),
            ["elsewhere/server.key", "elsewhere/manifest.json"]
        );
        // The data directory of a configuration that is named without one.
        assert_eq!(
            names("", &["/etc/keyhold/server.pem", "server.key"]),
            ["elsewhere/server.pem", "server.key"]
        );
    }

    #[test]
    fn belongings_keep_their_places_and_names_apart() {
        let mut own = Collection::new(Path::new("/var/lib/keyhold"));
        let paths = [
            "/var/lib/keyhold/authority/ca.pem",
            "/etc/keyhold/ca.pem",
            "/srv/ca.pem",
            "/srv/ca.pem",
        ];
        own.take(&paths.map(PathBuf::from));
        let names: Vec<_> = own
            .found
            .files
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["authority/ca.pem", "elsewhere/ca.pem", "elsewhere/ca.pem.2"]
        );
        own.take_master(Path::new("/var/lib/keyhold/master.key"), &Seal::Nothing);
        assert_eq!(own.found.files.len(), 3);
        assert!(own.found.left_out[0].contains("master.key"));
    }
}
