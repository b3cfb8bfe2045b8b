//! The table of C functions: one row each.

use std::ffi::c_void;

use ck::{
    CK_ASYNC_DATA, CK_ATTRIBUTE, CK_BBOOL, CK_BYTE, CK_FLAGS, CK_FUNCTION_LIST, CK_INFO,
    CK_INTERFACE, CK_MECHANISM, CK_MECHANISM_INFO, CK_MECHANISM_TYPE, CK_NOTIFY, CK_OBJECT_HANDLE,
    CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SESSION_VALIDATION_FLAGS_TYPE, CK_SLOT_ID, CK_SLOT_INFO,
    CK_TOKEN_INFO, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR, CK_VERSION,
};
use cryptoki_sys as ck;
use pkcs11::{
    Rv, UNAVAILABLE,
    mechanism::{self, ROWS},
    ulong,
};

use super::{
    information, interface_list, interface_named,
    list::{give_list, give_some},
    parameter::{
        MessageArgument,
        derivation::{derived, further_keys},
    },
    pointer::{In, Out, Place, bytes_mut, mechanism},
    process,
    shim::{cryptoki, guarded, inside},
    template::{answer_template, template},
};
use crate::{
    module::Fork,
    operation::{cipher::Direction, dual::Second},
    token::LABEL_BYTES,
};

cryptoki! {
    first {
        C_Initialize(args: *mut c_void) = {
            information::check_initialize_arguments(args.cast())?;
            process::initialise(Fork::Ends)
        };
        C_Finalize(reserved: *mut c_void) = {
            if !reserved.is_null() {
                return Err(Rv::ARGUMENTS_BAD);
            }
            process::finalise()
        };
        C_GetInfo(info: *mut CK_INFO) |_module| {
            Place::new(info)?.set(information::of_module());
            Ok(())
        };
        C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) = {
            Place::new(list)?.set((&raw const LIST_2_40).cast_mut());
            Ok(())
        };
        C_GetSlotList(token_present: CK_BBOOL, list: *mut CK_SLOT_ID, count: *mut CK_ULONG) |module| {
            // Every slot always has its token.
            let _ = token_present;
            let ids: Vec<CK_SLOT_ID> = module.slots.iter().map(|slot| slot.id).collect();
            give_list(list, count, &ids)
        };
        C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) |module| {
            let slot = module.slot(slot)?;
            Place::new(info)?.set(information::of_slot(slot));
            Ok(())
        };
        C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) |module| {
            let slot = module.slot(slot)?;
            Place::new(info)?.set(information::of_token(slot));
            Ok(())
        };
        C_GetMechanismList(
            slot: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG,
        ) |module| {
            module.slot(slot)?;
            let served = ROWS.iter().filter(|row| information::served(row) != 0);
            let kinds: Vec<CK_MECHANISM_TYPE> = served.map(|row| row.kind).collect();
            give_list(list, count, &kinds)
        };
        C_GetMechanismInfo(
            slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO,
        ) |module| {
            let slot = module.slot(slot)?;
            let place = Place::new(info)?;
            let row = mechanism::row(kind, information::SERVED)?;
            place.set(CK_MECHANISM_INFO {
                ulMinKeySize: row.sizes.0,
                ulMaxKeySize: row.sizes.1,
                flags: information::flags(row, slot),
            });
            Ok(())
        };
        C_InitToken(
            slot: CK_SLOT_ID, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG, label: *mut CK_UTF8CHAR,
        ) |module| {
            let slot = module.slot(slot)?;
            let (pin, label) = (In::new(pin, pin_len), In::new(label, ulong(LABEL_BYTES)));
            slot.init_token(pin.given()?, label.bytes()?)
        };
        C_InitPIN(session: CK_SESSION_HANDLE, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG) |module| {
            let session = module.session(session)?;
            session.writes()?.init_pin(In::new(pin, pin_len).given()?)
        };
        C_SetPIN(
            session: CK_SESSION_HANDLE, old: *mut CK_UTF8CHAR, old_len: CK_ULONG,
            new: *mut CK_UTF8CHAR, new_len: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let (old, new) = (In::new(old, old_len), In::new(new, new_len));
            session.writes()?.set_pin(old.given()?, new.given()?)
        };
        C_OpenSession(
            slot: CK_SLOT_ID, flags: CK_FLAGS, application: *mut c_void, notify: CK_NOTIFY,
            session: *mut CK_SESSION_HANDLE,
        ) |module| {
            // Nothing is ever notified: no token goes and no call is deferred.
            let _ = (application, notify);
            module.slot(slot)?;
            let place = Place::new(session)?;
            let is_read_write = information::session_flags(flags)?;
            place.set(module.open_session(slot, is_read_write)?);
            Ok(())
        };
        C_CloseSession(session: CK_SESSION_HANDLE) |module| {
            module.close_session(session)
        };
        C_CloseAllSessions(slot: CK_SLOT_ID) |module| {
            module.close_all_sessions(slot)
        };
        C_GetSessionInfo(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) |module| {
            let session = module.session(session)?;
            Place::new(info)?.set(information::of_session(&session));
            Ok(())
        };
        C_GetOperationState(
            session: CK_SESSION_HANDLE, state: *mut CK_BYTE, state_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.operation_state(Out::new(state, state_len))
        };
        C_SetOperationState(
            session: CK_SESSION_HANDLE, state: *mut CK_BYTE, state_len: CK_ULONG,
            encryption_key: CK_OBJECT_HANDLE, authentication_key: CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            session.set_operation_state(In::new(state, state_len), [encryption_key, authentication_key])
        };
        C_Login(
            session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR,
            pin_len: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let pin = In::new(pin, pin_len).given()?;
            if user == ck::CKU_CONTEXT_SPECIFIC {
                return session.prove(pin);
            }
            session.slot.log_in(information::user(user)?, None, pin)
        };
        C_Logout(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.slot.log_out()
        };
        C_CreateObject(
            session: CK_SESSION_HANDLE, entries: *mut CK_ATTRIBUTE, count: CK_ULONG,
            object: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(object)?;
            place.set(session.create_object(&template(entries, count)?.entries())?);
            Ok(())
        };
        C_CopyObject(
            session: CK_SESSION_HANDLE, original: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE,
            count: CK_ULONG, copy: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(copy)?;
            place.set(session.copy_object(original, &template(entries, count)?.entries())?);
            Ok(())
        };
        C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) |module| {
            module.session(session)?.destroy_object(object)
        };
        C_GetObjectSize(
            session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, bytes: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let object = session.object(object, Rv::OBJECT_HANDLE_INVALID)?;
            let place = Place::new(bytes)?;
            place.set(object.size(&session.slot.remote)?.map_or(UNAVAILABLE, ulong));
            Ok(())
        };
        C_GetAttributeValue(
            session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE,
            count: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let object = session.object(object, Rv::OBJECT_HANDLE_INVALID)?;
            answer_template(entries, count, |kind| object.attribute(kind, &session.slot.remote))
        };
        C_SetAttributeValue(
            session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE,
            count: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.set_attributes(object, &template(entries, count)?.entries())
        };
        C_FindObjectsInit(
            session: CK_SESSION_HANDLE, entries: *mut CK_ATTRIBUTE, count: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.find_init(&template(entries, count)?.entries())
        };
        C_FindObjects(
            session: CK_SESSION_HANDLE, objects: *mut CK_OBJECT_HANDLE, room: CK_ULONG,
            count: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            give_some(objects, room, count, |room| session.find(room))
        };
        C_FindObjectsFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.find_final()
        };
        C_EncryptInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.encrypt_init(mechanism(mechanism_pointer), key)
        };
        C_Encrypt(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.encrypt(Some(In::new(data, data_len)), Out::new(out, out_len))
        };
        C_EncryptUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.encrypt_update(In::new(data, data_len), Out::new(out, out_len))
        };
        C_EncryptFinal(
            session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.encrypt(None, Out::new(out, out_len))
        };
        C_DecryptInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.decrypt_init(mechanism(mechanism_pointer), key)
        };
        C_Decrypt(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.decrypt(Some(In::new(data, data_len)), Out::new(out, out_len))
        };
        C_DecryptUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.decrypt_update(In::new(data, data_len), Out::new(out, out_len))
        };
        C_DecryptFinal(
            session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.decrypt(None, Out::new(out, out_len))
        };
        C_DigestInit(session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM) |module| {
            module.session(session)?.digest_init(mechanism(mechanism_pointer))
        };
        C_Digest(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.digest(In::new(data, data_len), Out::new(out, out_len))
        };
        C_DigestUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) |module| {
            module.session(session)?.digest_update(In::new(data, data_len))
        };
        C_DigestKey(session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) |module| {
            module.session(session)?.digest_key(key)
        };
        C_DigestFinal(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG) |module| {
            module.session(session)?.digest_final(Out::new(out, out_len))
        };
        C_SignInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.sign_init(mechanism(mechanism_pointer), key)
        };
        C_Sign(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.sign(In::new(data, data_len), Out::new(out, out_len))
        };
        C_SignUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) |module| {
            module.session(session)?.sign_update(In::new(data, data_len))
        };
        C_SignFinal(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG) |module| {
            module.session(session)?.sign_final(Out::new(out, out_len))
        };
        C_SignRecoverInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.sign_recover_init(mechanism(mechanism_pointer), key)
        };
        C_SignRecover(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.sign_recover(In::new(data, data_len), Out::new(out, out_len))
        };
        C_VerifyInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.verify_init(mechanism(mechanism_pointer), key)
        };
        C_Verify(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG,
            signature: *mut CK_BYTE, signature_len: CK_ULONG,
        ) |module| {
            module.session(session)?.verify(In::new(data, data_len), In::new(signature, signature_len))
        };
        C_VerifyUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) |module| {
            module.session(session)?.verify_update(In::new(data, data_len))
        };
        C_VerifyFinal(
            session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: CK_ULONG,
        ) |module| {
            module.session(session)?.verify_final(In::new(signature, signature_len))
        };
        C_VerifyRecoverInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.verify_recover_init(mechanism(mechanism_pointer), key)
        };
        C_VerifyRecover(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.verify_recover(In::new(data, data_len), Out::new(out, out_len))
        };
        C_DigestEncryptUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.encrypt_and(Second::Digest, In::new(data, data_len), Out::new(out, out_len))
        };
        C_DecryptDigestUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.decrypt_and(Second::Digest, In::new(data, data_len), Out::new(out, out_len))
        };
        C_SignEncryptUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.encrypt_and(Second::Sign, In::new(data, data_len), Out::new(out, out_len))
        };
        C_DecryptVerifyUpdate(
            session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.decrypt_and(Second::Verify, In::new(data, data_len), Out::new(out, out_len))
        };
        C_GenerateKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            entries: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            place.set(session.generate_key(mechanism(mechanism_pointer).as_ref(), &template(entries, count)?.entries())?);
            Ok(())
        };
        C_GenerateKeyPair(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            public_entries: *mut CK_ATTRIBUTE, public_count: CK_ULONG,
            private_entries: *mut CK_ATTRIBUTE, private_count: CK_ULONG,
            public: *mut CK_OBJECT_HANDLE, private: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let (public_place, private_place) = (Place::new(public)?, Place::new(private)?);
            let (public, private) = session.generate_key_pair(
                mechanism(mechanism_pointer).as_ref(),
                &template(public_entries, public_count)?.entries(),
                &template(private_entries, private_count)?.entries(),
            )?;
            public_place.set(public);
            private_place.set(private);
            Ok(())
        };
        C_WrapKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            wrapping_key: CK_OBJECT_HANDLE, key: CK_OBJECT_HANDLE, out: *mut CK_BYTE,
            out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let mechanism = mechanism(mechanism_pointer);
            session.wrap_key(mechanism.as_ref(), wrapping_key, key, Out::new(out, out_len))
        };
        C_UnwrapKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            unwrapping_key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, wrapped_len: CK_ULONG,
            entries: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            let mechanism = mechanism(mechanism_pointer);
            let (wrapped, template) = (In::new(wrapped, wrapped_len), template(entries, count)?);
            place.set(session.unwrap_key(mechanism.as_ref(), unwrapping_key, wrapped, &template.entries())?);
            Ok(())
        };
        C_DeriveKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            base_key: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE, count: CK_ULONG,
            key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            let mechanism = mechanism(mechanism_pointer);
            let template = template(entries, count)?;
            let further = mechanism.as_ref().map(|own| further_keys(own)).transpose()?;
            let handle = derived(&template, further.unwrap_or_default(), |templates| {
                session.derive_keys(mechanism.as_ref(), base_key, templates)
            });
            place.set(handle?);
            Ok(())
        };
        C_SeedRandom(session: CK_SESSION_HANDLE, seed: *mut CK_BYTE, seed_len: CK_ULONG) |module| {
            module.session(session)?.seed_random(In::new(seed, seed_len).bytes()?)
        };
        C_GenerateRandom(
            session: CK_SESSION_HANDLE, random: *mut CK_BYTE, random_len: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.generate_random(bytes_mut(random, random_len)?)
        };
        C_GetFunctionStatus(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?;
            Err(Rv::FUNCTION_NOT_PARALLEL)
        };
        C_CancelFunction(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?;
            Err(Rv::FUNCTION_NOT_PARALLEL)
        };
        C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void) |module| {
            if !reserved.is_null() {
                return Err(Rv::ARGUMENTS_BAD);
            }
            // Slots neither come nor go, so that only the end of it all is worth waiting for.
            Place::new(slot)?;
            if flags & ck::CKF_DONT_BLOCK == 0 {
                module.wait_for_end();
                return Err(Rv::CRYPTOKI_NOT_INITIALIZED);
            }
            Err(Rv::NO_EVENT)
        };
    }
    since 3.0 {
        C_GetInterfaceList(list: *mut CK_INTERFACE, count: *mut CK_ULONG) = {
            interface_list(list, count)
        };
        C_GetInterface(
            name: *mut CK_UTF8CHAR, version: *mut CK_VERSION, interface: *mut *mut CK_INTERFACE,
            flags: CK_FLAGS,
        ) = {
            interface_named(name, version, interface, flags)
        };
        C_LoginUser(
            session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR,
            pin_len: CK_ULONG, name: *mut CK_UTF8CHAR, name_len: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let pin = In::new(pin, pin_len).given()?;
            if user == ck::CKU_CONTEXT_SPECIFIC {
                return session.prove(pin);
            }
            let user = information::user(user)?;
            let name = std::str::from_utf8(In::new(name, name_len).bytes()?).map_err(|_| Rv::ARGUMENTS_BAD)?;
            session.slot.log_in(user, Some(name).filter(|name| !name.is_empty()), pin)
        };
        C_SessionCancel(session: CK_SESSION_HANDLE, flags: CK_FLAGS) |module| {
            module.session(session)?.cancel(flags);
            Ok(())
        };
        C_MessageEncryptInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.message_init(Direction::Encrypt, mechanism(mechanism_pointer), key)
        };
        C_EncryptMessage(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            additional: *mut CK_BYTE, additional_len: CK_ULONG, data: *mut CK_BYTE,
            data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.message(
                Direction::Encrypt,
                MessageArgument::new(parameter, parameter_len),
                In::new(additional, additional_len),
                In::new(data, data_len),
                Out::new(out, out_len),
            )
        };
        C_EncryptMessageBegin(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            additional: *mut CK_BYTE, additional_len: CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let additional = In::new(additional, additional_len);
            module.session(session)?.message_begin(Direction::Encrypt, argument, additional)
        };
        C_EncryptMessageNext(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
            flags: CK_FLAGS,
        ) |module| {
            module.session(session)?.message_next(
                Direction::Encrypt,
                MessageArgument::new(parameter, parameter_len),
                In::new(data, data_len),
                Out::new(out, out_len),
                flags,
            )
        };
        C_MessageEncryptFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.message_final(Direction::Encrypt)
        };
        C_MessageDecryptInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.message_init(Direction::Decrypt, mechanism(mechanism_pointer), key)
        };
        C_DecryptMessage(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            additional: *mut CK_BYTE, additional_len: CK_ULONG, data: *mut CK_BYTE,
            data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            module.session(session)?.message(
                Direction::Decrypt,
                MessageArgument::new(parameter, parameter_len),
                In::new(additional, additional_len),
                In::new(data, data_len),
                Out::new(out, out_len),
            )
        };
        C_DecryptMessageBegin(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            additional: *mut CK_BYTE, additional_len: CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let additional = In::new(additional, additional_len);
            module.session(session)?.message_begin(Direction::Decrypt, argument, additional)
        };
        C_DecryptMessageNext(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
            flags: CK_FLAGS,
        ) |module| {
            module.session(session)?.message_next(
                Direction::Decrypt,
                MessageArgument::new(parameter, parameter_len),
                In::new(data, data_len),
                Out::new(out, out_len),
                flags,
            )
        };
        C_MessageDecryptFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.message_final(Direction::Decrypt)
        };
        C_MessageSignInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.message_sign_init(mechanism(mechanism_pointer), key)
        };
        C_SignMessage(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let session = module.session(session)?;
            session.sign_message(argument, In::new(data, data_len), Out::new(out, out_len))
        };
        C_SignMessageBegin(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
        ) |module| {
            module.session(session)?.sign_message_begin(MessageArgument::new(parameter, parameter_len))
        };
        C_SignMessageNext(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let out = (!out_len.is_null()).then(|| Out::new(out, out_len));
            module.session(session)?.sign_message_next(argument, In::new(data, data_len), out)
        };
        C_MessageSignFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.message_sign_final()
        };
        C_MessageVerifyInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE,
        ) |module| {
            module.session(session)?.message_verify_init(mechanism(mechanism_pointer), key)
        };
        C_VerifyMessage(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, signature: *mut CK_BYTE,
            signature_len: CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let session = module.session(session)?;
            session.verify_message(argument, In::new(data, data_len), In::new(signature, signature_len))
        };
        C_VerifyMessageBegin(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
        ) |module| {
            module.session(session)?.verify_message_begin(MessageArgument::new(parameter, parameter_len))
        };
        C_VerifyMessageNext(
            session: CK_SESSION_HANDLE, parameter: *mut c_void, parameter_len: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG, signature: *mut CK_BYTE,
            signature_len: CK_ULONG,
        ) |module| {
            let argument = MessageArgument::new(parameter, parameter_len);
            let session = module.session(session)?;
            session.verify_message_next(argument, In::new(data, data_len), In::new(signature, signature_len))
        };
        C_MessageVerifyFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.message_verify_final()
        };
    }
    since 3.2 {
        C_EncapsulateKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            public_key: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE, count: CK_ULONG,
            out: *mut CK_BYTE, out_len: *mut CK_ULONG, key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            let mechanism = mechanism(mechanism_pointer);
            let (template, out) = (template(entries, count)?, Out::new(out, out_len));
            let made = session.encapsulate_key(mechanism.as_ref(), public_key, &template.entries(), out)?;
            if let Some(handle) = made {
                place.set(handle);
            }
            Ok(())
        };
        C_DecapsulateKey(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            private_key: CK_OBJECT_HANDLE, entries: *mut CK_ATTRIBUTE, count: CK_ULONG,
            ciphertext: *mut CK_BYTE, ciphertext_len: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            let mechanism = mechanism(mechanism_pointer);
            let (template, ciphertext) = (template(entries, count)?, In::new(ciphertext, ciphertext_len));
            let entries = template.entries();
            place.set(session.decapsulate_key(mechanism.as_ref(), private_key, &entries, ciphertext)?);
            Ok(())
        };
        C_VerifySignatureInit(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            key: CK_OBJECT_HANDLE, signature: *mut CK_BYTE, signature_len: CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            session.verify_signature_init(mechanism(mechanism_pointer), key, In::new(signature, signature_len))
        };
        C_VerifySignature(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) |module| {
            module.session(session)?.verify_signature(In::new(data, data_len))
        };
        C_VerifySignatureUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) |module| {
            module.session(session)?.verify_signature_update(In::new(data, data_len))
        };
        C_VerifySignatureFinal(session: CK_SESSION_HANDLE) |module| {
            module.session(session)?.verify_signature_final()
        };
        C_GetSessionValidationFlags(
            session: CK_SESSION_HANDLE, kind: CK_SESSION_VALIDATION_FLAGS_TYPE, flags: *mut CK_FLAGS,
        ) |module| {
            // Nothing here was validated by anyone, so that no operation was of a validated kind, whichever is meant.
            let _ = kind;
            module.session(session)?;
            Place::new(flags)?.set(0);
            Ok(())
        };
        C_AsyncComplete(
            session: CK_SESSION_HANDLE, function: *mut CK_UTF8CHAR, result: *mut CK_ASYNC_DATA,
        ) |module| {
            // No session is asynchronous, so that no function has ever been left pending.
            let _ = (function, result);
            module.session(session)?;
            Err(Rv::OPERATION_NOT_INITIALIZED)
        };
        C_AsyncGetID(session: CK_SESSION_HANDLE, function: *mut CK_UTF8CHAR, id: *mut CK_ULONG) |module| {
            let _ = (function, id);
            module.session(session)?;
            Err(Rv::OPERATION_NOT_INITIALIZED)
        };
        C_AsyncJoin(
            session: CK_SESSION_HANDLE, function: *mut CK_UTF8CHAR, id: CK_ULONG,
            data: *mut CK_BYTE, data_len: CK_ULONG,
        ) |module| {
            let _ = (function, id, data, data_len);
            module.session(session)?;
            Err(Rv::SAVED_STATE_INVALID)
        };
        C_WrapKeyAuthenticated(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            wrapping_key: CK_OBJECT_HANDLE, key: CK_OBJECT_HANDLE, additional: *mut CK_BYTE,
            additional_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG,
        ) |module| {
            let session = module.session(session)?;
            let mechanism = mechanism(mechanism_pointer);
            let (additional, out) = (In::new(additional, additional_len), Out::new(out, out_len));
            session.wrap_key_authenticated(mechanism.as_ref(), (wrapping_key, key), additional, out)
        };
        C_UnwrapKeyAuthenticated(
            session: CK_SESSION_HANDLE, mechanism_pointer: *mut CK_MECHANISM,
            unwrapping_key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, wrapped_len: CK_ULONG,
            entries: *mut CK_ATTRIBUTE, count: CK_ULONG, additional: *mut CK_BYTE,
            additional_len: CK_ULONG, key: *mut CK_OBJECT_HANDLE,
        ) |module| {
            let session = module.session(session)?;
            let place = Place::new(key)?;
            let mechanism = mechanism(mechanism_pointer);
            let template = template(entries, count)?;
            let both = (In::new(wrapped, wrapped_len), In::new(additional, additional_len));
            let entries = template.entries();
            place.set(session.unwrap_key_authenticated(mechanism.as_ref(), unwrapping_key, both, &entries)?);
            Ok(())
        };
    }
}
