//! Keys that are derived from others: one, and those that a mechanism's parameter asks for besides.

use cryptoki_sys as ck;
use kmip::{PKCS11ReturnCode as Code, payload::derive::DeriveKey};
use pkcs11::{
    Template, UNAVAILABLE, Ulong,
    derive::{self, Bases, Refused, Wanted},
    mechanism::{self, Row},
    nested,
};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    generate::{checked, handle, refuse_trust},
    object::{Object, entries, key},
};
use crate::cryptoki::{Entry, further_keys, read};

/// Why no key is derived, and by which of the templates.
struct Refusal {
    failure: Failure,
    template: Option<usize>,
}

impl<F: Into<Failure>> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self {
            failure: failure.into(),
            template: None,
        }
    }
}

impl Refusal {
    fn by_template<F: Into<Failure>>(which: usize) -> impl FnOnce(F) -> Self {
        move |failure| Self {
            failure: failure.into(),
            template: Some(which),
        }
    }

    fn of(refused: &Refused) -> Self {
        Self {
            failure: refused.rv.into(),
            template: refused.template,
        }
    }
}

/// `C_DeriveKey`: what comes of a key is kept no less than it, and never shows it. Behind the handle of the key stand those
/// of further keys, where the parameter asks for any.
pub(super) fn derive_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (kind, parameter) = call.arguments.mechanism()?;
    let row = mechanism::row(kind, ck::CKF_DERIVE)?;
    let base = call.arguments.ulong()?;
    let first = call.arguments.template()?;
    call.arguments.end()?;
    let further = further_keys(row.shape, parameter).ok_or(Code::MECHANISMPARAMINVALID)?;
    let count = further.len();
    let templates: Vec<_> = [first].into_iter().chain(further).collect();
    match derived(call, row, parameter, base, &templates) {
        Ok(handles) => {
            tell(call, &handles);
            Ok(())
        }
        Err(refusal) => {
            // PKCS #11 3.2 §6.42.8: the further key whose template is wrong gets the handle that is none.
            if let Some(which) = refusal.template.filter(|which| *which > 0) {
                let handles = (0..=count).map(|own| match own == which {
                    true => ck::CK_INVALID_HANDLE,
                    false => UNAVAILABLE,
                });
                tell(call, &handles.collect::<Vec<_>>());
            }
            Err(refusal.failure)
        }
    }
}

/// The handle of the key, and those of further ones behind their count.
fn tell(call: &mut Call<'_, '_>, handles: &[Ulong]) {
    if let [first, further @ ..] = handles {
        call.output.ulong(*first);
        if !further.is_empty() {
            call.output.count(further.len());
        }
        for handle in further {
            call.output.ulong(*handle);
        }
    }
}

/// The handles of keys, one for each template: all of them are made, or none is.
fn derived(
    call: &mut Call<'_, '_>,
    row: &'static Row,
    parameter: Option<&[u8]>,
    base: Ulong,
    given: &[Vec<Entry>],
) -> Result<Vec<Ulong>, Refusal> {
    let parameter = read(row.shape, parameter).ok_or(Code::MECHANISMPARAMINVALID)?;
    for (which, template) in given.iter().enumerate() {
        checked(call, template, |_| Ok(derive::class(row.meaning)))
            .map_err(Refusal::by_template(which))?;
    }
    let base = key(call, base, Code::KEYHANDLEINVALID)?;
    base.fits(row, ck::CKA_DERIVE)?;
    let beside = beside(call, row, &parameter.keys())?;
    let added = nested::of(&base.facts, ck::CKA_DERIVE_TEMPLATE)?;
    let given: Vec<_> = given.iter().map(|template| entries(template)).collect();
    let mut templates = Vec::new();
    let mut marks = Vec::new();
    for (which, entries) in given.iter().enumerate() {
        let template = Template::read(entries).and_then(|own| own.with(&added));
        let template = template.map_err(Refusal::by_template(which))?;
        refuse_trust(&template).map_err(Refusal::by_template(which))?;
        marks.push(call.mark(template.is_token())?);
        templates.push(template);
    }
    let wanted = templates.iter().zip(&marks).map(|(template, mark)| Wanted {
        template,
        session: mark.as_deref(),
    });
    let wanted: Vec<_> = wanted.collect();
    let bases = Bases {
        base: &base.facts,
        beside: &beside.iter().map(|own| &own.facts).collect::<Vec<_>>(),
    };
    let now = call.context.now;
    let requests = derive::requests(bases, row.meaning, parameter, &wanted, now);
    let requests = requests.map_err(|refused| Refusal::of(&refused))?;
    let mut made = Vec::new();
    for (which, request) in requests.into_iter().enumerate() {
        let response = call.perform::<DeriveKey>(request, Names::Template);
        let response = response.map_err(Refusal::by_template(which))?;
        made.push(response.unique_identifier);
    }
    let handles = made.iter().map(|id| handle(call, id));
    Ok(handles.collect::<Result<_, _>>()?)
}

/// The keys that go in beside the base, which must be some to derive from, too; how long they are is their own affair.
fn beside(call: &mut Call<'_, '_>, row: &Row, handles: &[Ulong]) -> Result<Vec<Object>, Failure> {
    let keys = handles.iter().map(|handle| {
        let key = key(call, *handle, Code::MECHANISMPARAMINVALID)?;
        key.may(row, ck::CKA_DERIVE)?;
        Ok(key)
    });
    keys.collect()
}
