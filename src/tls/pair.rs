//! A certificate and its key, as two files of PEM hold them: read, and checked to belong together.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::{
    Error, InconsistentKeys,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};
use x509_cert::{Certificate, der::Decode as _};

/// Bytes of either file; the longest chains in use have a tenth of it.
const MAX_FILE: u64 = 256 << 10;

/// A certificate with its chain and its key.
#[derive(Debug)]
pub struct Pair {
    /// As the handshakes use it.
    pub key: Arc<CertifiedKey>,
    /// The end of its time.
    pub until: SystemTime,
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `certificate`
    Certificate,
    /// `key`
    Key,
}

/// Why two files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} {wrong}", path.display())]
pub struct PairError {
    /// The one that is wrong, or most likely is.
    pub part: Part,
    /// Its name.
    pub path: PathBuf,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is something else.
    #[error("is larger than 256 KiB")]
    TooLarge,
    /// There is a key in it, perhaps, and no certificate.
    #[error("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// There is a certificate in it, perhaps, and no key that can be read without a password.
    #[error("holds no key in PEM that is not encrypted (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// It begins as PEM does, and goes on otherwise.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// Its kind of key is none that the handshake knows.
    #[error("holds a key that cannot be used: {0}")]
    Unusable(Error),
    /// Each is good, and they are of two pairs.
    #[error("is not the key of the first certificate in {}", .0.display())]
    Strangers(PathBuf),
    /// It was good until then.
    #[error("expired on {}", httpdate::fmt_http_date(*.0))]
    Expired(SystemTime),
}

impl Wrong {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "write the path of a file that the user askd runs as can read",
            Self::TooLarge | Self::Damaged(_) => "name the file that the certificate's issuer gave",
            Self::NoCertificate => {
                "name the file with the certificate and, behind it, those of its chain (fullchain.pem)"
            }
            Self::NoKey => "name the file with the key (privkey.pem), without a password",
            Self::Unusable(_) => "make a key of ECDSA (P-256), Ed25519 or RSA (2048 bits or more)",
            Self::Strangers(_) => {
                "name the two files of one pair; in the certificate's, its own must come first"
            }
            Self::Expired(_) => "have it renewed",
        }
    }
}

impl Pair {
    /// Reads both files. An expired certificate is read like any other.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, PairError> {
        let of = |part, path: &Path| {
            let path = path.to_owned();
            move |wrong| PairError { part, path, wrong }
        };
        let chain = content(certificate)
            .and_then(|pem| chain_of(&pem))
            .map_err(of(Part::Certificate, certificate))?;
        let secret = content(key)
            .and_then(|pem| key_of(&pem))
            .map_err(of(Part::Key, key))?;
        let until = until(&chain).map_err(of(Part::Certificate, certificate))?;
        let pair = CertifiedKey::from_der(chain, secret, &ring::default_provider());
        let pair = pair.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                of(Part::Key, key)(Wrong::Strangers(certificate.to_owned()))
            }
            Error::InvalidCertificate(_) => {
                of(Part::Certificate, certificate)(Wrong::Damaged(error.to_string()))
            }
            error => of(Part::Key, key)(Wrong::Unusable(error)),
        })?;
        Ok(Self {
            key: Arc::new(pair),
            until,
        })
    }

    /// Whether its time is not over; `path` is where the certificate was read.
    pub fn is_current(&self, now: SystemTime, path: &Path) -> Result<(), PairError> {
        if now < self.until {
            return Ok(());
        }
        Err(PairError {
            part: Part::Certificate,
            path: path.to_owned(),
            wrong: Wrong::Expired(self.until),
        })
    }
}

fn content(path: &Path) -> Result<Vec<u8>, Wrong> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content))
        .map_err(Wrong::Unreadable)?;
    match content.len() as u64 > MAX_FILE {
        true => Err(Wrong::TooLarge),
        false => Ok(content),
    }
}

fn chain_of(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Wrong::NoCertificate),
        Ok(chain) => Ok(chain),
        Err(error) => Err(damaged(&error)),
    }
}

fn key_of(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Wrong> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => Wrong::NoKey,
        error => damaged(&error),
    })
}

fn damaged(error: &pem::Error) -> Wrong {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "the line that ends a section is missing",
        pem::Error::Base64Decode(_) => "what stands between BEGIN and END is not base64",
        _ => "it is not PEM",
    };
    Wrong::Damaged(what.to_owned())
}

/// When the first certificate, which is the server's own, ends.
fn until(chain: &[CertificateDer<'_>]) -> Result<SystemTime, Wrong> {
    let own = chain.first().ok_or(Wrong::NoCertificate)?;
    let own = Certificate::from_der(own).map_err(|error| Wrong::Damaged(error.to_string()))?;
    let since_1970 = own.tbs_certificate.validity.not_after.to_unix_duration();
    Ok(SystemTime::UNIX_EPOCH + since_1970)
}

/// How long before its end a certificate is told to end soon: who renews by themselves do it a month before.
pub const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
