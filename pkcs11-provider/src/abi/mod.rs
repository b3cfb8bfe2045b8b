//! The C interface: the function lists and the interfaces by which a host finds them. All `unsafe` code is in here.
#![expect(
    unsafe_code,
    reason = "raw pointers and symbols of the C interface begin and end here"
)]

mod allocation;
mod fork_safe;
mod functions;
mod host;
mod information;
mod list;
pub(crate) mod parameter;
pub(crate) mod pointer;
mod process;
mod shim;
mod template;

use cryptoki_sys as ck;

use fork_safe::{FORK_SAFE_2_40, FORK_SAFE_3_0, FORK_SAFE_3_2};
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

const fn interface(list: *const std::ffi::c_void, flags: ck::CK_FLAGS) -> Interface {
    Interface(ck::CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut(),
        pFunctionList: list.cast_mut(),
        flags,
    })
}

const FORK_SAFE: ck::CK_FLAGS = ck::CKF_INTERFACE_FORK_SAFE;

/// Every interface with its version, the preferred one first.
static INTERFACES: [((u8, u8), Interface); 6] = [
    ((3, 2), interface((&raw const LIST_3_2).cast(), 0)),
    ((3, 0), interface((&raw const LIST_3_0).cast(), 0)),
    ((2, 40), interface((&raw const LIST_2_40).cast(), 0)),
    (
        (3, 2),
        interface((&raw const FORK_SAFE_3_2).cast(), FORK_SAFE),
    ),
    (
        (3, 0),
        interface((&raw const FORK_SAFE_3_0).cast(), FORK_SAFE),
    ),
    (
        (2, 40),
        interface((&raw const FORK_SAFE_2_40).cast(), FORK_SAFE),
    ),
];

/// Fills in the interfaces.
///
/// # Safety
/// As for `C_GetInterfaceList`.
unsafe fn interface_list(list: *mut ck::CK_INTERFACE, count: *mut ck::CK_ULONG) -> Result<()> {
    let all = INTERFACES.each_ref().map(|(_, interface)| interface.0);
    // SAFETY: the caller's contract is the same.
    unsafe { give_list(list, count, &all) }
}

/// The first interface of this name and version that has these flags; whichever, where they are left out.
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
    let found = INTERFACES.iter().find(|(own, interface)| {
        is_ours
            && version.is_none_or(|version| version == *own)
            && interface.0.flags & flags == flags
    });
    let (_, found) = found.ok_or(Rv::ARGUMENTS_BAD)?;
    place.set((&raw const found.0).cast_mut());
    Ok(())
}
