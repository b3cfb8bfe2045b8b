//! What an HSM's process gives up for good once its HSM is open: the network, files, other programs, other processes.

use std::{collections::BTreeMap, ffi::OsString, fmt::Display, path::PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// What a process may still do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Compute on keys, and answer on its sockets.
    Keys,
    /// Run a foreign module.
    Module {
        /// Whether it may reach the network.
        network: bool,
        /// Where it may write; wherever its user may when that is not known.
        writable: Option<Vec<PathBuf>>,
    },
}

impl Confinement {
    /// The same as arguments of `keyhold hsm-host`.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let Self::Module { network, writable } = self else {
            return Vec::new();
        };
        let mut all = vec!["--module".into()];
        if *network {
            all.push("--network".into());
        }
        for path in writable.iter().flatten() {
            all.extend(["--writable".into(), path.clone().into_os_string()]);
        }
        all
    }
}

/// Confines this process as far as the kernel can; what it cannot is said in the log.
pub(crate) fn process(confinement: &Confinement) {
    warn("Landlock", landlocked(confinement).map(drop));
    warn("seccomp", filtered(confinement));
}

fn warn<E: Display>(what: &str, outcome: Result<(), E>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the HSM's process cannot be confined by {what}");
    }
}

/// The newest rules that this program knows; a kernel that knows fewer keeps those.
const KNOWN: ABI = ABI::V6;

fn landlocked(confinement: &Confinement) -> Result<(), RulesetError> {
    let rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let rules = match confinement {
        Confinement::Keys => rules
            .handle_access(AccessFs::from_all(KNOWN))?
            .handle_access(AccessNet::from_all(KNOWN))?
            .scope(Scope::from_all(KNOWN))?
            .create()?,
        Confinement::Module { network, writable } => {
            let mut rules = rules;
            if !network {
                rules = rules.handle_access(AccessNet::from_all(KNOWN))?;
            }
            match writable {
                None => rules.scope(Scope::Signal)?.create()?,
                Some(all) => writing(
                    rules.handle_access(AccessFs::from_write(KNOWN))?.create()?,
                    all,
                )?,
            }
        }
    };
    rules.restrict_self().map(drop)
}

/// Writing beneath these alone. A path that is not there cannot be written to either.
fn writing(mut rules: RulesetCreated, all: &[PathBuf]) -> Result<RulesetCreated, RulesetError> {
    for path in all {
        match PathFd::new(path) {
            Ok(place) => {
                rules = rules.add_rule(PathBeneath::new(place, AccessFs::from_write(KNOWN)))?;
            }
            Err(error) => tracing::warn!(%error, "the HSM's process will not write there"),
        }
    }
    Ok(rules)
}

fn filtered(confinement: &Confinement) -> Result<(), Box<dyn std::error::Error>> {
    let program: BpfProgram = filter(confinement)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

fn filter(confinement: &Confinement) -> Result<SeccompFilter, Box<dyn std::error::Error>> {
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let target = std::env::consts::ARCH.try_into()?;
    Ok(match confinement {
        Confinement::Keys => {
            let rules = KEYS.iter().map(|call| (*call, Vec::new())).collect();
            SeccompFilter::new(rules, refused, SeccompAction::Allow, target)?
        }
        Confinement::Module { network, .. } => {
            let mut rules: BTreeMap<_, _> =
                NO_MODULE.iter().map(|call| (*call, Vec::new())).collect();
            if !network {
                let families = [
                    libc::AF_INET,
                    libc::AF_INET6,
                    libc::AF_NETLINK,
                    libc::AF_PACKET,
                ];
                let each = families.into_iter().map(of_family);
                rules.insert(libc::SYS_socket, each.collect::<Result<_, _>>()?);
            }
            SeccompFilter::new(rules, SeccompAction::Allow, refused, target)?
        }
    })
}

fn of_family(family: i32) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        u64::from(family.unsigned_abs()),
    )?])
}

/// What computing on keys and answering takes: memory, threads, time, random bytes, and the sockets there are.
const KEYS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvmsg,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_shutdown,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_ppoll,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_clone3,
    libc::SYS_clone,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_prctl,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What no module needs: other programs, other processes, and the system itself.
const NO_MODULE: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];
