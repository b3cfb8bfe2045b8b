//! The lists, the interfaces and the arguments that no host should pass.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{Api, CONFIG, alone, api::plain};

/// The pointers of a list, which follow its version.
fn pointers<T>(list: &T) -> &[usize] {
    let words = size_of::<T>() / size_of::<usize>();
    // SAFETY: a list is a version, padded to a word, and pointers.
    unsafe { std::slice::from_raw_parts((&raw const *list).cast(), words) }
}

fn interface(
    api: &Api,
    name: Option<&[u8]>,
    version: Option<(u8, u8)>,
    flags: u64,
) -> Result<&'static ck::CK_INTERFACE, u64> {
    let name = name.map_or(null_mut(), |name| name.as_ptr().cast_mut());
    let mut version = version.map(|(major, minor)| ck::CK_VERSION { major, minor });
    let version = version
        .as_mut()
        .map_or(null_mut(), |version| &raw mut *version);
    let mut found = null_mut();
    match call!(api, C_GetInterface(name, version, &raw mut found, flags)) {
        // SAFETY: an interface found is a static of the module's.
        ck::CKR_OK => Ok(unsafe { &*found }),
        rv => Err(rv),
    }
}

#[test]
fn every_list_begins_with_the_older_one_and_no_function_is_missing() {
    alone(
        "abi::every_list_begins_with_the_older_one_and_no_function_is_missing",
        CONFIG,
        |_, api| {
            let mut old = null_mut();
            assert_eq!(call!(api, C_GetFunctionList(&raw mut old)), ck::CKR_OK);
            // SAFETY: the list is a static of the module's.
            let old = unsafe { &*old };
            assert_eq!((old.version.major, old.version.minor), (2, 40));
            let middle = interface(api, None, Some((3, 0)), 0).unwrap();
            // SAFETY: as above.
            let middle = unsafe { &*middle.pFunctionList.cast::<ck::CK_FUNCTION_LIST_3_0>() };
            assert_eq!((middle.version.major, middle.version.minor), (3, 0));
            let old = &pointers(old)[1..];
            let (middle, new) = (&pointers(middle)[1..], &pointers(api.list)[1..]);
            assert_eq!((old.len(), middle.len(), new.len()), (68, 92, 104));
            assert_eq!((old, middle), (&new[..68], &new[..92]));
            assert!(new.iter().all(|pointer| *pointer != 0));
            let mut different = new.to_vec();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), 104, "each place has its own function");
            let exported = api.exports.C_SignUpdate.as_ref().unwrap();
            assert_eq!(
                Some(*exported as usize),
                api.list.C_SignUpdate.map(|own| own as usize)
            );
            for (place, exported) in [
                (
                    67,
                    *api.exports.C_WaitForSlotEvent.as_ref().unwrap() as usize,
                ),
                (
                    91,
                    *api.exports.C_MessageVerifyFinal.as_ref().unwrap() as usize,
                ),
                (
                    103,
                    *api.exports.C_UnwrapKeyAuthenticated.as_ref().unwrap() as usize,
                ),
            ] {
                assert_eq!(new[place], exported);
            }
        },
    );
}

#[test]
fn interfaces_are_found_by_what_hosts_ask_for() {
    alone(
        "abi::interfaces_are_found_by_what_hosts_ask_for",
        CONFIG,
        |_, api| {
            let mut count = 0;
            assert_eq!(
                call!(api, C_GetInterfaceList(null_mut(), &raw mut count)),
                ck::CKR_OK
            );
            assert_eq!(count, 6);
            let mut list = [ck::CK_INTERFACE::default(); 6];
            count = 1;
            assert_eq!(
                call!(api, C_GetInterfaceList(list.as_mut_ptr(), &raw mut count)),
                ck::CKR_BUFFER_TOO_SMALL
            );
            assert_eq!(count, 6);
            assert_eq!(
                call!(api, C_GetInterfaceList(list.as_mut_ptr(), &raw mut count)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(api, C_GetInterfaceList(null_mut(), null_mut())),
                ck::CKR_ARGUMENTS_BAD
            );
            let name: Option<&[u8]> = Some(b"PKCS 11\0");
            let preferred = interface(api, None, None, 0).unwrap();
            assert_eq!(
                preferred.pFunctionList.cast_const(),
                (&raw const *api.list).cast()
            );
            assert_eq!(
                interface(api, name, Some((3, 2)), 0).unwrap().pFunctionList,
                preferred.pFunctionList
            );
            let middle = interface(api, name, Some((3, 0)), 0).unwrap();
            assert_ne!(middle.pFunctionList, preferred.pFunctionList);
            let old = interface(api, name, Some((2, 40)), 0).unwrap();
            assert_ne!(old.pFunctionList, preferred.pFunctionList);
            let bad = ck::CKR_ARGUMENTS_BAD;
            assert_eq!(interface(api, name, Some((3, 1)), 0).err(), Some(bad));
            assert_eq!(
                interface(api, Some(b"Vendor NSS FIPS Interface\0"), None, 0).err(),
                Some(bad)
            );
            let safe = interface(api, name, None, ck::CKF_INTERFACE_FORK_SAFE).unwrap();
            assert_eq!(safe.flags, ck::CKF_INTERFACE_FORK_SAFE);
            // SAFETY: a list is a static of the module's, and begins with its version.
            let safe = unsafe { &*safe.pFunctionList.cast::<ck::CK_FUNCTION_LIST_3_2>() };
            let (safe, plain) = (pointers(safe), pointers(api.list));
            let different: Vec<_> = (0..105).filter(|at| safe[*at] != plain[*at]).collect();
            assert_eq!(
                different,
                [1],
                "they differ in how the module is initialised"
            );
            assert_eq!(interface(api, name, None, 2).err(), Some(bad));
            assert_eq!(
                call!(api, C_GetInterface(null_mut(), null_mut(), null_mut(), 0)),
                bad
            );
        },
    );
}

#[test]
fn initialisation_takes_the_arguments_that_hosts_pass() {
    alone(
        "abi::initialisation_takes_the_arguments_that_hosts_pass",
        CONFIG,
        |fake, api| {
            extern "C" fn make(_: *mut *mut std::ffi::c_void) -> u64 {
                ck::CKR_OK
            }
            extern "C" fn other(_: *mut std::ffi::c_void) -> u64 {
                ck::CKR_OK
            }
            let initialise = |args: &mut ck::CK_C_INITIALIZE_ARGS| {
                let rv = call!(api, C_Initialize((&raw mut *args).cast()));
                if rv == ck::CKR_OK {
                    assert_eq!(
                        call!(api, C_Initialize(null_mut())),
                        ck::CKR_CRYPTOKI_ALREADY_INITIALIZED
                    );
                    assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
                }
                rv
            };
            let mut info = ck::CK_INFO::default();
            assert_eq!(
                call!(api, C_GetInfo(&raw mut info)),
                ck::CKR_CRYPTOKI_NOT_INITIALIZED
            );
            assert_eq!(
                call!(api, C_Finalize(null_mut())),
                ck::CKR_CRYPTOKI_NOT_INITIALIZED
            );
            let with = |flags| ck::CK_C_INITIALIZE_ARGS {
                flags,
                ..Default::default()
            };
            assert_eq!(initialise(&mut with(0)), ck::CKR_OK);
            assert_eq!(initialise(&mut with(1)), ck::CKR_OK);
            assert_eq!(initialise(&mut with(ck::CKF_OS_LOCKING_OK)), ck::CKR_OK);
            assert_eq!(initialise(&mut with(3)), ck::CKR_OK);
            let mut reserved = with(0);
            reserved.pReserved = (&raw mut info).cast();
            assert_eq!(initialise(&mut reserved), ck::CKR_ARGUMENTS_BAD);
            let mut some = with(ck::CKF_OS_LOCKING_OK);
            some.CreateMutex = Some(make);
            assert_eq!(initialise(&mut some), ck::CKR_ARGUMENTS_BAD);
            some.DestroyMutex = Some(other);
            some.LockMutex = Some(other);
            some.UnlockMutex = Some(other);
            assert_eq!(initialise(&mut some), ck::CKR_OK);
            some.flags = 0;
            assert_eq!(initialise(&mut some), ck::CKR_CANT_LOCK);
            assert!(
                fake.take_requests().is_empty(),
                "nothing of this needs the daemon"
            );
        },
    );
}

#[test]
fn tokens_are_told_without_the_daemon() {
    alone(
        "abi::tokens_are_told_without_the_daemon",
        CONFIG,
        |fake, api| {
            fake.stop();
            api.initialise();
            let (mut slots, mut count) = ([9; 2], 2);
            assert_eq!(
                call!(api, C_GetSlotList(1, slots.as_mut_ptr(), &raw mut count)),
                ck::CKR_OK
            );
            assert_eq!((count, slots[0]), (1, 0));
            let mut token = ck::CK_TOKEN_INFO::default();
            assert_eq!(call!(api, C_GetTokenInfo(0, &raw mut token)), ck::CKR_OK);
            assert_eq!(&token.label, b"dev                             ");
            assert_ne!(token.flags & ck::CKF_LOGIN_REQUIRED, 0);
            assert!(token.serialNumber.iter().all(u8::is_ascii_hexdigit));
            let session = api.open(false);
            assert_eq!(
                api.login(session, ck::CKU_USER, b"1234"),
                ck::CKR_DEVICE_REMOVED
            );
            let mut template = [];
            assert_eq!(
                call!(api, C_FindObjectsInit(session, template.as_mut_ptr(), 0)),
                ck::CKR_DEVICE_REMOVED
            );
            assert_eq!(
                call!(api, C_GetTokenInfo(1, &raw mut token)),
                ck::CKR_SLOT_ID_INVALID
            );
            let (mut kinds, mut many) = (vec![0; 200], 200);
            assert_eq!(
                call!(
                    api,
                    C_GetMechanismList(0, kinds.as_mut_ptr(), &raw mut many)
                ),
                ck::CKR_OK
            );
            for kind in &kinds[..many as usize] {
                let mut info = ck::CK_MECHANISM_INFO::default();
                assert_eq!(
                    call!(api, C_GetMechanismInfo(0, *kind, &raw mut info)),
                    ck::CKR_OK
                );
            }
        },
    );
}

#[test]
fn null_pointers_are_arguments_that_are_bad() {
    alone(
        "abi::null_pointers_are_arguments_that_are_bad",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "k");
            let bad = ck::CKR_ARGUMENTS_BAD;
            assert_eq!(call!(api, C_GetInfo(null_mut())), bad);
            assert_eq!(call!(api, C_GetFunctionList(null_mut())), bad);
            assert_eq!(call!(api, C_GetSlotList(0, null_mut(), null_mut())), bad);
            assert_eq!(call!(api, C_GetSlotInfo(0, null_mut())), bad);
            assert_eq!(call!(api, C_GetTokenInfo(0, null_mut())), bad);
            assert_eq!(
                call!(api, C_GetMechanismList(0, null_mut(), null_mut())),
                bad
            );
            assert_eq!(
                call!(api, C_GetMechanismInfo(0, ck::CKM_ECDSA, null_mut())),
                bad
            );
            assert_eq!(
                call!(api, C_OpenSession(0, 4, null_mut(), None, null_mut())),
                bad
            );
            assert_eq!(call!(api, C_GetSessionInfo(session, null_mut())), bad);
            assert_eq!(
                call!(api, C_GetOperationState(session, null_mut(), null_mut())),
                bad
            );
            assert_eq!(
                call!(api, C_Login(session, ck::CKU_USER, null_mut(), 4)),
                bad
            );
            assert_eq!(
                call!(api, C_CreateObject(session, null_mut(), 1, null_mut())),
                bad
            );
            assert_eq!(
                call!(
                    api,
                    C_CopyObject(session, public, null_mut(), 0, null_mut())
                ),
                bad
            );
            assert_eq!(
                call!(api, C_GetObjectSize(session, public, null_mut())),
                bad
            );
            assert_eq!(
                call!(api, C_GetAttributeValue(session, public, null_mut(), 1)),
                bad
            );
            assert_eq!(
                call!(api, C_SetAttributeValue(session, public, null_mut(), 1)),
                bad
            );
            assert_eq!(call!(api, C_FindObjectsInit(session, null_mut(), 1)), bad);
            assert_eq!(
                call!(api, C_FindObjects(session, null_mut(), 1, null_mut())),
                bad
            );
            for init in [
                api.list.C_EncryptInit,
                api.list.C_DecryptInit,
                api.list.C_SignInit,
                api.list.C_VerifyInit,
            ] {
                // SAFETY: null is what is tested.
                assert_eq!(unsafe { init.unwrap()(session, null_mut(), private) }, bad);
            }
            assert_eq!(call!(api, C_DigestInit(session, null_mut())), bad);
            assert_eq!(call!(api, C_GenerateRandom(session, null_mut(), 8)), bad);
            assert_eq!(call!(api, C_SeedRandom(session, null_mut(), 8)), bad);
            let mut mechanism = plain(ck::CKM_ECDSA);
            let begin = |mechanism: &mut ck::CK_MECHANISM| {
                assert_eq!(
                    call!(api, C_SignInit(session, &raw mut *mechanism, private)),
                    ck::CKR_OK
                );
            };
            let (mut out, mut length) = ([0; 200], 200);
            begin(&mut mechanism);
            assert_eq!(
                call!(
                    api,
                    C_Sign(session, null_mut(), 32, out.as_mut_ptr(), &raw mut length)
                ),
                bad
            );
            begin(&mut mechanism);
            assert_eq!(
                call!(
                    api,
                    C_Sign(session, out.as_mut_ptr(), 32, out.as_mut_ptr(), null_mut())
                ),
                bad
            );
            begin(&mut mechanism);
            assert_eq!(call!(api, C_SignUpdate(session, null_mut(), 32)), bad);
            assert_eq!(
                call!(
                    api,
                    C_GenerateKey(session, null_mut(), null_mut(), 0, null_mut())
                ),
                bad
            );
            assert_eq!(
                call!(
                    api,
                    C_GenerateKeyPair(
                        session,
                        null_mut(),
                        null_mut(),
                        0,
                        null_mut(),
                        0,
                        null_mut(),
                        null_mut()
                    )
                ),
                bad
            );
            assert_eq!(
                call!(api, C_SignFinal(session + 1, null_mut(), null_mut())),
                ck::CKR_SESSION_HANDLE_INVALID
            );
            assert_eq!(
                call!(
                    api,
                    C_WaitForSlotEvent(ck::CKF_DONT_BLOCK, null_mut(), null_mut())
                ),
                bad
            );
            assert_eq!(
                call!(
                    api,
                    C_WrapKey(session, null_mut(), 0, 0, null_mut(), null_mut())
                ),
                bad
            );
            assert_eq!(
                call!(api, C_GetFunctionStatus(session)),
                ck::CKR_FUNCTION_NOT_PARALLEL
            );
        },
    );
}

#[test]
fn the_cryptoki_crate_drives_the_module() {
    alone(
        "abi::the_cryptoki_crate_drives_the_module",
        CONFIG,
        |_, _| {
            use cryptoki::{
                context::{CInitializeArgs, CInitializeFlags, Pkcs11},
                mechanism::Mechanism,
                object::{Attribute, AttributeType},
                session::UserType,
                types::AuthPin,
            };
            let module = Pkcs11::new(crate::common::module_path()).unwrap();
            module
                .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
                .unwrap();
            let slot = module.get_slots_with_token().unwrap()[0];
            let session = module.open_rw_session(slot).unwrap();
            session
                .login(UserType::User, Some(&AuthPin::new("1234".into())))
                .unwrap();
            let curve = Attribute::EcParams(vec![6, 5, 0x2B, 0x81, 4, 0, 0x22]);
            let (public, private) = session
                .generate_key_pair(
                    &Mechanism::EccKeyPairGen,
                    &[Attribute::Token(true), curve],
                    &[Attribute::Token(true)],
                )
                .unwrap();
            let signature = session
                .sign(&Mechanism::EcdsaSha384, private, b"message")
                .unwrap();
            session
                .verify(&Mechanism::EcdsaSha384, public, b"message", &signature)
                .unwrap();
            session
                .verify(&Mechanism::EcdsaSha384, public, b"another", &signature)
                .unwrap_err();
            let read = session
                .get_attributes(private, &[AttributeType::Id, AttributeType::Sensitive])
                .unwrap();
            assert!(read.contains(&Attribute::Sensitive(true)));
            assert_eq!(
                session
                    .get_attributes(public, &[AttributeType::Id])
                    .unwrap()[0],
                read[0]
            );
        },
    );
}

#[test]
fn the_library_exports_the_standards_functions_and_nothing_else() {
    let Ok(output) = std::process::Command::new("nm")
        .args(["-D", "--defined-only", "--format=just-symbols"])
        .arg(crate::common::module_path())
        .output()
    else {
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let symbols: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(symbols.len(), 104, "{symbols:?}");
    assert!(symbols.iter().all(|symbol| symbol.starts_with("C_")));
}
