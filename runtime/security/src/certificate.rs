//! Who a certificate is of.

use std::collections::BTreeMap;

use svckit_core::call::{Principal, PrincipalKind};
use svckit_core::error::{Error, Result};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::CertificateConfig;
use crate::refusal;

/// What certificates grant, by their names.
pub(crate) struct Certificates(BTreeMap<String, CertificateConfig>);

impl Certificates {
    /// # Errors
    /// `invalid_argument` for a name that is there twice.
    pub(crate) fn new(granted: &[CertificateConfig]) -> Result<Self> {
        let mut all = BTreeMap::new();
        for one in granted {
            if all.insert(one.name.clone(), one.clone()).is_some() {
                return Err(Error::invalid_argument(format!(
                    "the certificate `{}` is there twice; say once what it grants",
                    one.name
                )));
            }
        }
        Ok(Self(all))
    }

    /// Whose certificate it is, and what it grants.
    pub(crate) fn verify(&self, certificate: Option<&[u8]>) -> Result<Principal> {
        let principal = principal(certificate)?;
        let Some(granted) = self.0.get(&principal.subject) else { return Ok(principal) };
        let (tenant, scopes) = (granted.tenant.clone(), granted.scopes.clone());
        Ok(Principal { tenant, scopes, ..principal })
    }
}

/// The principal of a certificate that TLS has verified: the first URI, else the first DNS name, else the first mail
/// address among its alternative names, else its common name. A URI comes first because it is what SPIFFE writes.
pub(crate) fn principal(certificate: Option<&[u8]>) -> Result<Principal> {
    let der = certificate.ok_or_else(|| {
        refusal::missing(
            "no certificate was shown; call over https with a client certificate of the callee's authority",
            refusal::CERTIFICATE,
        )
    })?;
    let named = subject(der).filter(|name| !name.is_empty()).ok_or_else(|| {
        refusal::invalid(
            "the certificate that was shown names nobody; put a name in its subjectAltName".into(),
            refusal::CERTIFICATE,
        )
    })?;
    Ok(Principal::new(PrincipalKind::Certificate, named))
}

fn subject(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|extension| &*extension.value.general_names).unwrap_or_default();
    let first = |pick: fn(&GeneralName<'_>) -> Option<String>| names.iter().find_map(pick);
    first(|name| if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None })
        .or_else(|| {
            first(
                |n| if let GeneralName::DNSName(dns) = n { Some((*dns).to_owned()) } else { None },
            )
        })
        .or_else(|| {
            first(|n| if let GeneralName::RFC822Name(m) = n { Some((*m).to_owned()) } else { None })
        })
        .or_else(|| {
            let mut names = certificate.subject().iter_common_name();
            names.next().and_then(|name| name.as_str().ok()).map(str::to_owned)
        })
}
