//! Digest authentication, both sides (RFC 7616, and RFC 8760 for SIP): challenges, credentials and
//! the hash between them. Who is let in stands in `guard`.
//!
//! The parser is our own: `rsip` reads `nc` as a decimal byte.

use crate::address::quoted;
use crate::message::Message;
use crate::normalise::is_token;
use crate::param::split_outside_quotes;
use md5::Md5;
use model::Secret;
use rsip::Method;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Most parameters of a challenge or of credentials; more are refused.
pub const PARAMS_MAX: usize = 32;

/// Why a text is no challenge or credentials of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    #[error("the scheme is not Digest")]
    Scheme,
    #[error("a parameter is malformed or stands twice")]
    Param,
    #[error("more than {PARAMS_MAX} parameters")]
    TooMany,
    #[error("parameter {0} is missing")]
    Missing(&'static str),
    #[error("the algorithm '{0}' is not known here")]
    Algorithm(String),
    #[error("the quality of protection '{0}' is not known here")]
    Qop(String),
    #[error("nc '{0}' is not eight hexadecimal digits")]
    Count(String),
}

/// A hash that credentials are made with (RFC 8760 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Sha256,
    /// Only for phones that know nothing else.
    Md5,
}

impl Algorithm {
    /// In the order they are offered (RFC 8760 section 2.4).
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Md5];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }
    /// The hash in lower-case hexadecimal.
    fn hash(self, text: &str) -> String {
        match self {
            Self::Sha256 => hex::encode(Sha256::digest(text)),
            Self::Md5 => hex::encode(Md5::digest(text)),
        }
    }
}

/// What a server asks for: one WWW-Authenticate or Proxy-Authenticate value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub algorithm: Algorithm,
    /// The server takes `qop=auth`; a trunk of old may offer none at all.
    pub qop_auth: bool,
    pub opaque: Option<String>,
    /// The credentials were right and only the nonce was not: try again without asking a person.
    pub stale: bool,
}

impl Challenge {
    /// Reads a value of WWW-Authenticate or Proxy-Authenticate.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let mut params = params(value)?;
        let qops = params.remove("qop");
        let qop_auth = qops
            .as_deref()
            .is_some_and(|qops| qops.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")));
        if let (Some(qops), false) = (qops, qop_auth) {
            return Err(DigestError::Qop(qops));
        }
        Ok(Self {
            algorithm: algorithm(&mut params)?,
            realm: params.remove("realm").ok_or(DigestError::Missing("realm"))?,
            nonce: params.remove("nonce").ok_or(DigestError::Missing("nonce"))?,
            qop_auth,
            opaque: params.remove("opaque"),
            stale: params.remove("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The challenge of a 401 or 407 to answer: the first whose algorithm is known here (RFC 8760
    /// section 2.4). The name of the header that the answer goes to comes with it.
    pub fn of_response(response: &Message) -> Option<(Self, &'static str)> {
        Self::of_realm(response, None)
    }

    /// The same of one realm alone, where one is named: the others are not for us to answer (RFC 3261
    /// section 22.1).
    pub fn of_realm(response: &Message, realm: Option<&str>) -> Option<(Self, &'static str)> {
        let (asks, answers) = match response.code()? {
            401 => ("WWW-Authenticate", "Authorization"),
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => return None,
        };
        let mut all = response.headers.get_all(asks).filter_map(|v| Self::parse(v).ok());
        let challenge = all.find(|one| realm.is_none_or(|realm| one.realm == realm))?;
        Some((challenge, answers))
    }

    /// Answers the challenge. `cnonce` is fresh random text, `nc` counts this nonce's uses from 1.
    pub fn answer(
        &self,
        user: &str,
        secret: &Secret,
        method: Method,
        uri: &str,
        cnonce: &str,
        nc: u32,
    ) -> Credentials {
        let mut credentials = Credentials {
            username: user.to_owned(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: uri.to_owned(),
            response: String::new(),
            algorithm: self.algorithm,
            qop: self.qop_auth.then(|| Qop { cnonce: cnonce.to_owned(), nc }),
            opaque: self.opaque.clone(),
        };
        credentials.response = credentials.expected(secret, &method.to_string());
        credentials
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (realm, nonce) = (quote(&self.realm), quote(&self.nonce));
        write!(f, "Digest realm={realm}, nonce={nonce}, algorithm={}", self.algorithm.name())?;
        if self.qop_auth {
            f.write_str(", qop=\"auth\"")?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        Ok(())
    }
}

/// `qop=auth` with what belongs to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Qop {
    pub cnonce: String,
    pub nc: u32,
}

/// What a client proves with: one Authorization or Proxy-Authorization value.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    /// As it stands there: the hash is made of these very letters.
    pub uri: String,
    /// In lower-case hexadecimal.
    pub response: String,
    pub algorithm: Algorithm,
    /// Nothing where the client answered as RFC 2069 did.
    pub qop: Option<Qop>,
    pub opaque: Option<String>,
}

impl Credentials {
    /// Reads a value of Authorization or Proxy-Authorization.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let mut params = params(value)?;
        let algorithm = algorithm(&mut params)?;
        let mut take = |name| params.remove(name).ok_or(DigestError::Missing(name));
        let (username, realm, nonce) = (take("username")?, take("realm")?, take("nonce")?);
        let (uri, response) = (take("uri")?, take("response")?.to_ascii_lowercase());
        let qop = match take("qop") {
            Err(_) => None,
            Ok(qop) if qop.eq_ignore_ascii_case("auth") => {
                let (cnonce, nc) = (take("cnonce")?, take("nc")?);
                let eight = nc.len() == 8 && nc.bytes().all(|b| b.is_ascii_hexdigit());
                let nc = match u32::from_str_radix(&nc, 16) {
                    Ok(count) if eight => count,
                    _ => return Err(DigestError::Count(nc)),
                };
                Some(Qop { cnonce, nc })
            }
            Ok(qop) => return Err(DigestError::Qop(qop)),
        };
        let opaque = params.remove("opaque");
        Ok(Self { username, realm, nonce, uri, response, algorithm, qop, opaque })
    }

    /// The response that `secret` would give (RFC 7616 section 3.4.1).
    pub fn expected(&self, secret: &Secret, method: &str) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let a1 = hash(format!("{}:{}:{}", self.username, self.realm, secret.reveal()));
        let a2 = hash(format!("{method}:{}", self.uri));
        match &self.qop {
            Some(Qop { cnonce, nc }) => {
                hash(format!("{a1}:{}:{nc:08x}:{cnonce}:auth:{a2}", self.nonce))
            }
            None => hash(format!("{a1}:{}:{a2}", self.nonce)),
        }
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (username, realm) = (quote(&self.username), quote(&self.realm));
        let (nonce, uri, response) = (quote(&self.nonce), quote(&self.uri), quote(&self.response));
        write!(f, "Digest username={username}, realm={realm}, nonce={nonce}, uri={uri}")?;
        write!(f, ", response={response}, algorithm={}", self.algorithm.name())?;
        if let Some(Qop { cnonce, nc }) = &self.qop {
            write!(f, ", qop=auth, nc={nc:08x}, cnonce={}", quote(cnonce))?;
        }
        match &self.opaque {
            Some(opaque) => write!(f, ", opaque={}", quote(opaque)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Credentials {
    /// Hides all that a password could be guessed with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}…)", self.algorithm.name())
    }
}

/// Reads `Digest name=value, name="value, quoted" …`, names in lower case.
fn params(value: &str) -> Result<BTreeMap<String, String>, DigestError> {
    let (scheme, rest) = value.trim().split_once([' ', '\t']).ok_or(DigestError::Scheme)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Err(DigestError::Scheme);
    }
    let mut params = BTreeMap::new();
    let parts = split_outside_quotes(rest, ',').into_iter().map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        if params.len() == PARAMS_MAX {
            return Err(DigestError::TooMany);
        }
        let (name, value) = part.split_once('=').ok_or(DigestError::Param)?;
        let (name, value) = (name.trim(), value.trim());
        let value = if value.starts_with('"') {
            match quoted(value) {
                Some((text, "")) => text,
                _ => return Err(DigestError::Param),
            }
        } else if is_token(value) {
            value.to_owned()
        } else {
            return Err(DigestError::Param);
        };
        let known = params.insert(name.to_ascii_lowercase(), value).is_some();
        if known || !is_token(name) {
            return Err(DigestError::Param);
        }
    }
    Ok(params)
}

/// The algorithm, which is MD5 where none is named (RFC 7616 section 3.3).
fn algorithm(params: &mut BTreeMap<String, String>) -> Result<Algorithm, DigestError> {
    match params.remove("algorithm") {
        None => Ok(Algorithm::Md5),
        Some(name) => Algorithm::named(&name).ok_or(DigestError::Algorithm(name)),
    }
}

fn quote(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
}
