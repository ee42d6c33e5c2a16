//! A secret of an account, which may be replaced while the program runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret as _, SecretString};

/// A secret, given as text or kept in a file. Clones are the same secret. `Debug` hides it.
#[derive(Clone)]
pub struct Credential {
    shared: Arc<Shared>,
}

struct Shared {
    value: RwLock<SecretString>,
    file: Option<PathBuf>,
}

impl Credential {
    /// This secret, which was read from `file`.
    pub fn new(value: SecretString, file: Option<PathBuf>) -> Credential {
        Credential { shared: Arc::new(Shared { value: RwLock::new(value), file }) }
    }

    /// The secret as it is known now.
    pub fn current(&self) -> SecretString {
        self.shared.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again; whether it holds another secret than the one that was known. To be asked where the vendor
    /// refused it: then a secret that was replaced (a Kubernetes mount) needs no restart.
    pub fn reread(&self) -> bool {
        let Some(Ok(found)) = self.shared.file.as_deref().map(read_secret) else { return false };
        let mut value = self.shared.value.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = value.expose_secret() != found.expose_secret();
        *value = found;
        is_other
    }
}

impl From<&str> for Credential {
    fn from(text: &str) -> Credential {
        Credential::new(text.into(), None)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("file", &self.shared.file).finish_non_exhaustive()
    }
}

/// The secret that a text holds: without what editors and shells put at its ends, a byte order mark, blanks, newlines.
pub fn secret_text(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

/// The secret that a file holds ([`secret_text`]).
///
/// # Errors
/// Where it cannot be read or is empty, in words.
pub fn read_secret(file: &Path) -> Result<SecretString, String> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let secret = secret_text(&text);
    if secret.is_empty() {
        return Err(format!("{shown} is empty"));
    }
    Ok(SecretString::from(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_is_noticed_once_and_a_lost_one_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        std::fs::write(&file, "one\n").unwrap();
        let credential = Credential::new(read_secret(&file).unwrap(), Some(file.clone()));
        let same = credential.clone();
        assert!(!credential.reread());
        std::fs::write(&file, "\u{feff} two \r\n").unwrap();
        assert!(credential.reread() && !credential.reread());
        assert_eq!(same.current().expose_secret(), "two");
        for text in ["", "\n"] {
            std::fs::write(&file, text).unwrap();
            assert!(!credential.reread());
        }
        std::fs::remove_file(&file).unwrap();
        assert!(!credential.reread());
        assert_eq!(credential.current().expose_secret(), "two");
        assert!(!Credential::from("three").reread());
        assert!(!format!("{credential:?}").contains("two"));
    }
}
