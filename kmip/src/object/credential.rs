//! Credentials as objects of the server, from 3.0 on (KMIP 3.0 §2).

use crate::{
    CryptographicAlgorithm, HashingAlgorithm, OTPAlgorithm, Secret,
    message::Password,
    ttlv::{Bytes, Interval, structure},
};

structure! {
    /// Password Credential: the password, or what is left of it when it was salted and hashed.
    #[derive(Default)]
    pub struct PasswordCredential {
        /// The password.
        password: Option<Password> = Password;
        /// The salt.
        password_salt: Option<Bytes> = PasswordSalt;
        /// How it was hashed: the HMAC of the function that was repeated.
        password_salt_algorithm: Option<CryptographicAlgorithm> = PasswordSaltAlgorithm;
        /// The hash.
        salted_password: Option<Secret> = SaltedPassword;
        /// How often it was hashed.
        iteration_count: Option<i32> = IterationCount;
    }
}

structure! {
    /// Device Credential.
    #[derive(Debug, Eq, Default)]
    pub struct DeviceCredential {
        /// The device's serial number.
        device_serial_number: Option<String> = DeviceSerialNumber;
        /// Its identifier.
        device_identifier: Option<String> = DeviceIdentifier;
        /// Its network's.
        network_identifier: Option<String> = NetworkIdentifier;
        /// Its machine's.
        machine_identifier: Option<String> = MachineIdentifier;
        /// Its medium's.
        media_identifier: Option<String> = MediaIdentifier;
    }
}

structure! {
    /// OTP Credential: how a client and the server make the same passwords.
    pub struct OTPCredential {
        /// By a counter or by the time.
        otp_algorithm: OTPAlgorithm = OTPAlgorithm;
        /// Its HMAC.
        otp_digest: Option<CryptographicAlgorithm> = OTPDigest;
        /// The token's serial number.
        otp_serial: Option<String> = OTPSerial;
        /// The shared seed.
        otp_seed: Option<Secret> = OTPSeed;
        /// For how long a password by the time is good.
        otp_interval: Option<Interval> = OTPInterval;
        /// How long the passwords are.
        otp_digits: Option<i32> = OTPDigits;
        /// The first counter.
        otp_counter: Option<i32> = OTPCounter;
    }
}

structure! {
    /// Hashed Password Credential: the name and the password, hashed in both orders.
    pub struct HashedPasswordCredential {
        /// The hash function.
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        /// The hash of the name and the password.
        hashed_username_password: Secret = HashedUsernamePassword;
        /// The hash of the password and the name.
        hashed_password_username: Secret = HashedPasswordUsername;
    }
}
