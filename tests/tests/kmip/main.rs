//! The main job over the wire: every operation, in every version, on the embedded HSM, on a group of two, on SoftHSM2 and on Kryoptic.

/// Makes each of the functions named a test on each backend; SoftHSM2 is one with wrapped keys besides.
macro_rules! on_each_backend {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[test]
            fn $name() {
                super::$name(&keyhold_tests::Appliance::start(keyhold_tests::Backend::Embedded));
            })*
        }

        mod softhsm {
            $(#[test]
            fn $name() {
                super::$name(&keyhold_tests::Appliance::start(keyhold_tests::Backend::SoftHsm));
            })*
        }

        mod wrapped {
            $(#[test]
            fn $name() {
                super::$name(&keyhold_tests::Appliance::start(keyhold_tests::Backend::Wrapped));
            })*
        }

        mod group {
            $(#[test]
            fn $name() {
                super::$name(&keyhold_tests::Appliance::on_group());
            })*
        }

        mod kryoptic {
            $(#[test]
            fn $name() {
                super::$name(&keyhold_tests::Appliance::start(keyhold_tests::Backend::Kryoptic));
            })*
        }
    };
}

mod attributes;
mod batch;
mod changes;
mod cipher;
mod formats;
mod keys;
mod life;
mod lifecycle;
mod locate;
mod locked;
mod mac;
mod register;
mod sign;
mod versions;
mod wrap;
