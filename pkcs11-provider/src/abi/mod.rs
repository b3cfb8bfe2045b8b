//! The C interface: the function lists and the interfaces by which a host finds them. All `unsafe` code is in here.
#![expect(
    unsafe_code,
    reason = "raw pointers and symbols of the C interface begin and end here"
)]

mod functions;
mod host;
mod information;
mod list;
pub(crate) mod parameter;
pub(crate) mod pointer;
mod process;
mod shim;

use cryptoki_sys as ck;

pub use functions::*;
use list::give_list;
use pointer::{Place, pointed};

use pkcs11::{Result, Rv};

/// An interface's description, which hosts read from any thread.
#[repr(transparent)]
struct Interface(ck::CK_INTERFACE);

// SAFETY: the pointers lead to statics that nobody writes.
unsafe impl Sync for Interface {}

/// The one name that the standard gives interfaces.
const NAME: &[u8] = b"PKCS 11\0";

const fn interface(list: *const std::ffi::c_void) -> Interface {
    Interface(ck::CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut(),
        pFunctionList: list.cast_mut(),
        flags: 0,
    })
}

static INTERFACE_3_2: Interface = interface((&raw const LIST_3_2).cast());
static INTERFACE_3_0: Interface = interface((&raw const LIST_3_0).cast());
static INTERFACE_2_40: Interface = interface((&raw const LIST_2_40).cast());

/// Fills in the interfaces, the preferred one first.
///
/// # Safety
/// As for `C_GetInterfaceList`.
unsafe fn interface_list(list: *mut ck::CK_INTERFACE, count: *mut ck::CK_ULONG) -> Result<()> {
    // SAFETY: the caller's contract is the same.
    unsafe { give_list(list, count, &[INTERFACE_3_2.0, INTERFACE_3_0.0, INTERFACE_2_40.0]) }
}

/// The interface of this name and version, the preferred one when they are left out.
///
/// # Safety
/// As for `C_GetInterface`.
unsafe fn interface_named(
    name: *const u8,
    version: *const ck::CK_VERSION,
    place: *mut *mut ck::CK_INTERFACE,
    flags: ck::CK_FLAGS,
) -> Result<()> {
    // SAFETY: the caller's contract is the same.
    let place = unsafe { Place::new(place) }?;
    // SAFETY: the caller vouches for a string that ends, unless the pointer is null.
    let is_ours = name.is_null()
        || unsafe { std::ffi::CStr::from_ptr(name.cast()) }.to_bytes_with_nul() == NAME;
    // SAFETY: the caller vouches for the pointer, unless it is null.
    let version = unsafe { pointed(version) }.map(|version| (version.major, version.minor));
    // Sessions and handles do not outlive a fork, so the one flag that exists is refused.
    let found = match version {
        _ if !is_ours || flags != 0 => None,
        None | Some((3, 2)) => Some(&INTERFACE_3_2),
        Some((3, 0)) => Some(&INTERFACE_3_0),
        Some((2, 40)) => Some(&INTERFACE_2_40),
        Some(_) => None,
    };
    let found = found.ok_or(Rv::ARGUMENTS_BAD)?;
    place.set((&raw const found.0).cast_mut());
    Ok(())
}
