/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of all keys of [Unit] and [Service] with the properties that systemd 252 takes for a transient
 * service. It is sorted by nothing but sense; a further key is one more line. */

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/text.h"
#include "config/unit-environment.h"
#include "config/unit-exec.h"
#include "config/unit-keys.h"
#include "config/unit-resources.h"
#include "config/unit-sandbox.h"
#include "config/unit-values.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NUMBERS(...) ((const NamedNumber[]){ __VA_ARGS__, { NULL, 0 } })

#define U SECTION_UNIT
#define S SECTION_SERVICE

/* clang-format off */
#define UNITS(name) { name, U, unit_parse_units }
#define CONDITION(name) \
        { "Condition" name, U, unit_parse_condition, "Conditions" }, \
        { "Assert" name, U, unit_parse_condition, "Asserts" }
#define PATH_CONDITION(name) \
        { "Condition" name, U, unit_parse_condition, "Conditions", .flags = KEY_PREFIXES }, \
        { "Assert" name, U, unit_parse_condition, "Asserts", .flags = KEY_PREFIXES }
#define EXEC(name) { name, S, unit_parse_exec }
#define BOOL(name) { name, S, unit_parse_bool }
#define WORD(name, ...) { name, S, unit_parse_word, .words = WORDS(__VA_ARGS__) }
#define TEXT(name) { name, S, unit_parse_string }
#define PATH(name) { name, S, unit_parse_path }
#define PREFIXED_PATHS(name) { name, S, unit_parse_paths, .flags = KEY_PREFIXES }
#define SIGNAL(name) { name, S, unit_parse_signal }
#define MODE(name) { name, S, unit_parse_mode }
#define LIMIT(name, parser) { name, S, parser, .also = name "Soft" }
#define MEMORY(name, least) \
        { name, S, unit_parse_memory, .also = name "Scale", .min = least, .flags = KEY_PERCENT }
#define LINKED_DIRECTORY(name) \
        { name, S, unit_parse_directories, .also = name "Symlink", .flags = KEY_SYMLINK }
/* clang-format on */

#define EMERGENCY_ACTIONS                                                                         \
        WORDS("none", "reboot", "reboot-force", "reboot-immediate", "poweroff", "poweroff-force", \
                        "poweroff-immediate", "exit", "exit-force")
#define LOG_LEVELS                                                                             \
        NUMBERS({ "emerg", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 }, { "warning", 4 }, \
                        { "notice", 5 }, { "info", 6 }, { "debug", 7 })
#define LOG_FACILITIES                                                                              \
        NUMBERS({ "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 },        \
                        { "syslog", 5 }, { "lpr", 6 }, { "news", 7 }, { "uucp", 8 }, { "cron", 9 }, \
                        { "authpriv", 10 }, { "ftp", 11 }, { "local0", 16 }, { "local1", 17 },      \
                        { "local2", 18 }, { "local3", 19 }, { "local4", 20 }, { "local5", 21 },     \
                        { "local6", 22 }, { "local7", 23 })
#define CONTROLLERS                                                                                   \
        WORDS("cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids", "bpf-firewall", \
                        "bpf-devices", "bpf-foreign", "bpf-socket-bind", "bpf-restrict-network-interfaces")
#define ARCHITECTURES                                                                                      \
        WORDS("native", "x86", "x86-64", "x32", "arm", "arm64", "mips", "mips64", "mips64-n32", "mips-le", \
                        "mips64-le", "mips64-le-n32", "parisc", "parisc64", "ppc", "ppc64", "ppc64-le",    \
                        "riscv64", "s390", "s390x")

static const UnitKey keys[] = {
        /* systemd.unit(5) */
        { "Documentation", U, unit_parse_documentation },
        UNITS("Requires"),
        UNITS("Requisite"),
        UNITS("Wants"),
        UNITS("BindsTo"),
        UNITS("PartOf"),
        UNITS("Upholds"),
        UNITS("Conflicts"),
        UNITS("Before"),
        UNITS("After"),
        UNITS("OnFailure"),
        UNITS("OnSuccess"),
        UNITS("PropagatesReloadTo"),
        UNITS("ReloadPropagatedFrom"),
        UNITS("PropagatesStopTo"),
        UNITS("StopPropagatedFrom"),
        UNITS("JoinsNamespaceOf"),
        { "RequiresMountsFor", U, unit_parse_paths },
        { "OnFailureJobMode", U, unit_parse_word,
                        .words = WORDS("fail", "replace", "replace-irreversibly", "isolate", "flush",
                                        "ignore-dependencies", "ignore-requirements") },
        { "OnSuccessJobMode", U, unit_parse_word,
                        .words = WORDS("fail", "replace", "replace-irreversibly", "isolate", "flush",
                                        "ignore-dependencies", "ignore-requirements") },
        { "IgnoreOnIsolate", U, unit_parse_bool },
        { "StopWhenUnneeded", U, unit_parse_bool },
        { "JobRunningTimeoutSec", U, unit_parse_span, "JobRunningTimeoutUSec",
                        .flags = KEY_ZERO_IS_INFINITY | KEY_MAY_BE_INFINITE },
        { "StartLimitIntervalSec", U | S, unit_parse_span, "StartLimitIntervalUSec",
                        .flags = KEY_MAY_BE_INFINITE },
        { "StartLimitInterval", U | S, unit_parse_span, "StartLimitIntervalUSec",
                        .flags = KEY_MAY_BE_INFINITE },
        { "StartLimitBurst", U | S, unit_parse_u32, .min = 0, .max = UINT32_MAX },
        { "StartLimitAction", U | S, unit_parse_word, .words = EMERGENCY_ACTIONS },
        { "FailureAction", U, unit_parse_word, .words = EMERGENCY_ACTIONS },
        { "SuccessAction", U, unit_parse_word, .words = EMERGENCY_ACTIONS },
        { "FailureActionExitStatus", U, unit_parse_i32, .min = 0, .max = 255 },
        { "SuccessActionExitStatus", U, unit_parse_i32, .min = 0, .max = 255 },
        { "RebootArgument", U, unit_parse_string },
        CONDITION("Architecture"),
        CONDITION("Firmware"),
        CONDITION("Virtualization"),
        CONDITION("Host"),
        CONDITION("KernelCommandLine"),
        CONDITION("KernelVersion"),
        CONDITION("Credential"),
        CONDITION("Environment"),
        CONDITION("Security"),
        CONDITION("Capability"),
        CONDITION("ACPower"),
        CONDITION("FirstBoot"),
        CONDITION("User"),
        CONDITION("Group"),
        CONDITION("ControlGroupController"),
        CONDITION("Memory"),
        CONDITION("CPUs"),
        CONDITION("CPUFeature"),
        CONDITION("OSRelease"),
        CONDITION("MemoryPressure"),
        CONDITION("CPUPressure"),
        CONDITION("IOPressure"),
        PATH_CONDITION("NeedsUpdate"),
        PATH_CONDITION("PathExists"),
        PATH_CONDITION("PathExistsGlob"),
        PATH_CONDITION("PathIsDirectory"),
        PATH_CONDITION("PathIsSymbolicLink"),
        PATH_CONDITION("PathIsMountPoint"),
        PATH_CONDITION("PathIsReadWrite"),
        PATH_CONDITION("PathIsEncrypted"),
        PATH_CONDITION("DirectoryNotEmpty"),
        PATH_CONDITION("FileNotEmpty"),
        PATH_CONDITION("FileIsExecutable"),

        /* systemd.service(5) */
        EXEC("ExecCondition"),
        EXEC("ExecStartPre"),
        EXEC("ExecStart"),
        EXEC("ExecStartPost"),
        EXEC("ExecReload"),
        EXEC("ExecStop"),
        EXEC("ExecStopPost"),
        WORD("Type", "simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"),
        WORD("ExitType", "main", "cgroup"),
        WORD("Restart", "no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always"),
        { "RestartSec", S, unit_parse_span, "RestartUSec" },
        { "TimeoutStartSec", S, unit_parse_span, "TimeoutStartUSec",
                        .flags = KEY_ZERO_IS_INFINITY | KEY_MAY_BE_INFINITE },
        { "TimeoutStopSec", S, unit_parse_span, "TimeoutStopUSec",
                        .flags = KEY_ZERO_IS_INFINITY | KEY_MAY_BE_INFINITE },
        { "TimeoutSec", S, unit_parse_span, "TimeoutStartUSec", "TimeoutStopUSec",
                        .flags = KEY_ZERO_IS_INFINITY | KEY_MAY_BE_INFINITE },
        { "TimeoutAbortSec", S, unit_parse_span, "TimeoutAbortUSec",
                        .flags = KEY_ZERO_IS_INFINITY | KEY_MAY_BE_INFINITE },
        WORD("TimeoutStartFailureMode", "terminate", "abort", "kill"),
        WORD("TimeoutStopFailureMode", "terminate", "abort", "kill"),
        { "RuntimeMaxSec", S, unit_parse_span, "RuntimeMaxUSec", .flags = KEY_MAY_BE_INFINITE },
        { "RuntimeRandomizedExtraSec", S, unit_parse_span, "RuntimeRandomizedExtraUSec" },
        { "WatchdogSec", S, unit_parse_span, "WatchdogUSec" },
        WORD("NotifyAccess", "none", "main", "exec", "all"),
        BOOL("RemainAfterExit"),
        BOOL("GuessMainPID"),
        BOOL("RootDirectoryStartOnly"),
        BOOL("NonBlocking"),
        { "PIDFile", S, unit_parse_path, .flags = KEY_RELATIVE_TO_RUN },
        TEXT("BusName"),
        { "SuccessExitStatus", S, unit_parse_exit_status },
        { "RestartPreventExitStatus", S, unit_parse_exit_status },
        { "RestartForceExitStatus", S, unit_parse_exit_status },
        WORD("OOMPolicy", "continue", "stop", "kill"),
        { "FileDescriptorStoreMax", S, unit_parse_u32, .min = 0, .max = UINT32_MAX },

        /* systemd.kill(5) */
        { "KillMode", S, unit_parse_kill_mode, .words = WORDS("control-group", "mixed") },
        SIGNAL("KillSignal"),
        SIGNAL("RestartKillSignal"),
        SIGNAL("FinalKillSignal"),
        SIGNAL("WatchdogSignal"),
        BOOL("SendSIGKILL"),
        BOOL("SendSIGHUP"),

        /* systemd.exec(5): identity, environment, streams */
        { "User", S, unit_parse_user },
        { "Group", S, unit_parse_user },
        { "SupplementaryGroups", S, unit_parse_users },
        BOOL("DynamicUser"),
        BOOL("RemoveIPC"),
        { "WorkingDirectory", S, unit_parse_working_directory },
        PATH("RootDirectory"),
        PATH("RootImage"),
        PATH("RootVerity"),
        BOOL("MountAPIVFS"),
        { "Environment", S, unit_parse_environment },
        { "EnvironmentFile", S, unit_parse_environment_file, "EnvironmentFiles" },
        { "PassEnvironment", S, unit_parse_environment_names },
        { "UnsetEnvironment", S, unit_parse_environment_names },
        { "ExecSearchPath", S, unit_parse_colon_paths },
        { "StandardInput", S, unit_parse_input,
                        .words = WORDS("null", "tty", "tty-force", "tty-fail", "data"),
                        .flags = KEY_SEES_EMPTY },
        { "StandardOutput", S, unit_parse_output,
                        .words = WORDS("inherit", "null", "tty", "journal", "kmsg", "journal+console",
                                        "kmsg+console"),
                        .flags = KEY_SEES_EMPTY },
        { "StandardError", S, unit_parse_output,
                        .words = WORDS("inherit", "null", "tty", "journal", "kmsg", "journal+console",
                                        "kmsg+console"),
                        .flags = KEY_SEES_EMPTY },
        { "StandardInputText", S, unit_parse_input_text, "StandardInputData" },
        { "StandardInputData", S, unit_parse_input_data },
        PATH("TTYPath"),
        BOOL("TTYReset"),
        BOOL("TTYVHangup"),
        BOOL("TTYVTDisallocate"),
        { "TTYRows", S, unit_parse_u32, .min = 0, .max = 65535 },
        { "TTYColumns", S, unit_parse_u32, .min = 0, .max = 65535 },
        TEXT("UtmpIdentifier"),
        WORD("UtmpMode", "init", "login", "user"),
        TEXT("SyslogIdentifier"),
        BOOL("SyslogLevelPrefix"),
        { "SyslogFacility", S, unit_parse_i32, .min = 0, .max = 23, .numbers = LOG_FACILITIES },
        { "SyslogLevel", S, unit_parse_i32, .min = 0, .max = 7, .numbers = LOG_LEVELS },
        { "LogLevelMax", S, unit_parse_i32, .min = 0, .max = 7, .numbers = LOG_LEVELS },
        { "LogExtraFields", S, unit_parse_log_extra_fields },
        { "LogRateLimitIntervalSec", S, unit_parse_span, "LogRateLimitIntervalUSec" },
        { "LogRateLimitBurst", S, unit_parse_u32, .min = 0, .max = UINT32_MAX },
        TEXT("LogNamespace"),
        { "LoadCredential", S, unit_parse_load_credential },
        { "LoadCredentialEncrypted", S, unit_parse_load_credential },
        { "SetCredential", S, unit_parse_set_credential },

        /* systemd.exec(5): scheduling and limits */
        { "Nice", S, unit_parse_i32, .min = -20, .max = 19 },
        { "OOMScoreAdjust", S, unit_parse_i32, .min = -1000, .max = 1000 },
        { "CPUSchedulingPolicy", S, unit_parse_i32, .min = 0, .max = 5,
                        .numbers = NUMBERS({ "other", SCHED_OTHER }, { "batch", SCHED_BATCH },
                                        { "idle", SCHED_IDLE }, { "fifo", SCHED_FIFO }, { "rr", SCHED_RR }) },
        BOOL("CPUSchedulingResetOnFork"),
        { "CPUAffinity", S, unit_parse_cpu_set, .also = "CPUAffinityFromNUMA" },
        { "NUMAPolicy", S, unit_parse_i32, .min = 0, .max = 4,
                        .numbers = NUMBERS({ "default", MPOL_DEFAULT }, { "preferred", MPOL_PREFERRED },
                                        { "bind", MPOL_BIND }, { "interleave", MPOL_INTERLEAVE },
                                        { "local", MPOL_LOCAL }) },
        { "NUMAMask", S, unit_parse_cpu_set },
        { "IOSchedulingClass", S, unit_parse_i32, .min = 0, .max = 3,
                        .numbers = NUMBERS({ "none", 0 }, { "realtime", 1 }, { "best-effort", 2 },
                                        { "idle", 3 }) },
        { "IOSchedulingPriority", S, unit_parse_i32, .min = 0, .max = 7 },
        { "TimerSlackNSec", S, unit_parse_nsec },
        TEXT("Personality"),
        BOOL("IgnoreSIGPIPE"),
        MODE("UMask"),
        LIMIT("LimitCPU", unit_parse_limit_seconds),
        LIMIT("LimitFSIZE", unit_parse_limit_size),
        LIMIT("LimitDATA", unit_parse_limit_size),
        LIMIT("LimitSTACK", unit_parse_limit_size),
        LIMIT("LimitCORE", unit_parse_limit_size),
        LIMIT("LimitRSS", unit_parse_limit_size),
        LIMIT("LimitNOFILE", unit_parse_limit_count),
        LIMIT("LimitAS", unit_parse_limit_size),
        LIMIT("LimitNPROC", unit_parse_limit_count),
        LIMIT("LimitMEMLOCK", unit_parse_limit_size),
        LIMIT("LimitLOCKS", unit_parse_limit_count),
        LIMIT("LimitSIGPENDING", unit_parse_limit_count),
        LIMIT("LimitMSGQUEUE", unit_parse_limit_size),
        LIMIT("LimitNICE", unit_parse_limit_nice),
        LIMIT("LimitRTPRIO", unit_parse_limit_count),
        LIMIT("LimitRTTIME", unit_parse_limit_usec),

        /* systemd.exec(5): sandboxing */
        WORD("ProtectSystem", "yes", "no", "full", "strict"),
        WORD("ProtectHome", "yes", "no", "read-only", "tmpfs"),
        WORD("ProtectProc", "noaccess", "invisible", "ptraceable", "default"),
        WORD("ProcSubset", "all", "pid"),
        WORD("KeyringMode", "inherit", "private", "shared"),
        BOOL("PrivateTmp"),
        BOOL("PrivateDevices"),
        BOOL("PrivateNetwork"),
        BOOL("PrivateIPC"),
        BOOL("PrivateUsers"),
        BOOL("PrivateMounts"),
        BOOL("ProtectHostname"),
        BOOL("ProtectClock"),
        BOOL("ProtectKernelTunables"),
        BOOL("ProtectKernelModules"),
        BOOL("ProtectKernelLogs"),
        BOOL("ProtectControlGroups"),
        BOOL("NoNewPrivileges"),
        BOOL("LockPersonality"),
        BOOL("MemoryDenyWriteExecute"),
        BOOL("RestrictRealtime"),
        BOOL("RestrictSUIDSGID"),
        PATH("NetworkNamespacePath"),
        PATH("IPCNamespacePath"),
        PREFIXED_PATHS("ReadWritePaths"),
        PREFIXED_PATHS("ReadOnlyPaths"),
        PREFIXED_PATHS("InaccessiblePaths"),
        PREFIXED_PATHS("ExecPaths"),
        PREFIXED_PATHS("NoExecPaths"),
        PREFIXED_PATHS("ExtensionDirectories"),
        { "BindPaths", S, unit_parse_binds },
        { "BindReadOnlyPaths", S, unit_parse_binds },
        { "TemporaryFileSystem", S, unit_parse_tmpfs },
        LINKED_DIRECTORY("RuntimeDirectory"),
        LINKED_DIRECTORY("StateDirectory"),
        LINKED_DIRECTORY("CacheDirectory"),
        LINKED_DIRECTORY("LogsDirectory"),
        { "ConfigurationDirectory", S, unit_parse_directories },
        MODE("RuntimeDirectoryMode"),
        MODE("StateDirectoryMode"),
        MODE("CacheDirectoryMode"),
        MODE("LogsDirectoryMode"),
        MODE("ConfigurationDirectoryMode"),
        WORD("RuntimeDirectoryPreserve", "no", "yes", "restart"),
        { "CapabilityBoundingSet", S, unit_parse_capabilities, .flags = KEY_SEES_EMPTY },
        { "AmbientCapabilities", S, unit_parse_capabilities, .flags = KEY_SEES_EMPTY },
        { "SecureBits", S, unit_parse_secure_bits,
                        .numbers = NUMBERS({ "noroot", 1 << 0 }, { "noroot-locked", 1 << 1 },
                                        { "no-setuid-fixup", 1 << 2 }, { "no-setuid-fixup-locked", 1 << 3 },
                                        { "keep-caps", 1 << 4 }, { "keep-caps-locked", 1 << 5 }) },
        { "RestrictNamespaces", S, unit_parse_namespaces },
        { "RestrictAddressFamilies", S, unit_parse_address_families },
        { "RestrictFileSystems", S, unit_parse_name_set },
        { "SystemCallFilter", S, unit_parse_syscalls },
        { "SystemCallLog", S, unit_parse_syscalls },
        { "SystemCallErrorNumber", S, unit_parse_syscall_errno },
        { "SystemCallArchitectures", S, unit_parse_words, .words = ARCHITECTURES },
        { "MountFlags", S, unit_parse_mount_flags,
                        .numbers = NUMBERS({ "shared", MS_SHARED }, { "slave", MS_SLAVE },
                                        { "private", MS_PRIVATE }) },
        { "SELinuxContext", S, unit_parse_context },
        { "AppArmorProfile", S, unit_parse_label },
        { "SmackProcessLabel", S, unit_parse_label },

        /* systemd.resource-control(5) */
        BOOL("CPUAccounting"),
        BOOL("MemoryAccounting"),
        BOOL("TasksAccounting"),
        BOOL("IOAccounting"),
        BOOL("IPAccounting"),
        { "CPUWeight", S, unit_parse_weight, .numbers = NUMBERS({ "idle", 0 }) },
        { "StartupCPUWeight", S, unit_parse_weight, .numbers = NUMBERS({ "idle", 0 }) },
        { "CPUQuota", S, unit_parse_cpu_quota, "CPUQuotaPerSecUSec" },
        { "CPUQuotaPeriodSec", S, unit_parse_span, "CPUQuotaPeriodUSec" },
        { "AllowedCPUs", S, unit_parse_cpu_set },
        { "StartupAllowedCPUs", S, unit_parse_cpu_set },
        { "AllowedMemoryNodes", S, unit_parse_cpu_set },
        { "StartupAllowedMemoryNodes", S, unit_parse_cpu_set },
        MEMORY("MemoryMin", 0),
        MEMORY("MemoryLow", 0),
        MEMORY("MemoryHigh", 1),
        MEMORY("MemoryMax", 1),
        MEMORY("MemorySwapMax", 0),
        MEMORY("TasksMax", 1),
        { "IOWeight", S, unit_parse_weight },
        { "StartupIOWeight", S, unit_parse_weight },
        { "IODeviceWeight", S, unit_parse_device_weight },
        { "IOReadBandwidthMax", S, unit_parse_device_limit },
        { "IOWriteBandwidthMax", S, unit_parse_device_limit },
        { "IOReadIOPSMax", S, unit_parse_device_limit },
        { "IOWriteIOPSMax", S, unit_parse_device_limit },
        { "IODeviceLatencyTargetSec", S, unit_parse_device_latency, "IODeviceLatencyTargetUSec" },
        { "IPAddressAllow", S, unit_parse_addresses },
        { "IPAddressDeny", S, unit_parse_addresses },
        { "IPIngressFilterPath", S, unit_parse_paths },
        { "IPEgressFilterPath", S, unit_parse_paths },
        { "SocketBindAllow", S, unit_parse_socket_bind },
        { "SocketBindDeny", S, unit_parse_socket_bind },
        { "RestrictNetworkInterfaces", S, unit_parse_name_set },
        { "DeviceAllow", S, unit_parse_device_allow },
        WORD("DevicePolicy", "auto", "closed", "strict"),
        { "Delegate", S, unit_parse_delegate, .also = "DelegateControllers", .words = CONTROLLERS },
        { "DisableControllers", S, unit_parse_words, .words = CONTROLLERS },
        WORD("ManagedOOMSwap", "auto", "kill"),
        WORD("ManagedOOMMemoryPressure", "auto", "kill"),
        { "ManagedOOMMemoryPressureLimit", S, unit_parse_share },
        WORD("ManagedOOMPreference", "none", "avoid", "omit"),
};

#undef U
#undef S

/* Keys of systemd that are refused here, and what to do instead. */
static const struct {
        unsigned section;
        const char *key, *reason;
} refused[] = {
        { SECTION_UNIT, "Description", "belongs in [Application]" },
        { SECTION_UNIT, "DefaultDependencies", "is distro-manager's to set" },
        { SECTION_UNIT, "CollectMode", "is distro-manager's to set" },
        { SECTION_UNIT, "JobTimeoutSec",
                        "can't be set for a transient unit, expected JobRunningTimeoutSec=" },
        { SECTION_UNIT, "RefuseManualStart", "would keep distro-manager from starting the worker" },
        { SECTION_UNIT, "RefuseManualStop", "would keep distro-manager from stopping the worker" },
        { SECTION_UNIT, "AllowIsolate", "has no use for a worker" },
        /* systemd.exec(5): the main process then belongs to a session's scope as well, its children to that
         * alone. Neither StopUnit() nor the end of the unit's control group reaches them. */
        { SECTION_SERVICE, "PAMName",
                        "is refused, since pam_systemd moves the worker to the control group of a session, where a "
                        "stop does not reach all of it, expected User= alone" },
        { SECTION_SERVICE, "Slice", "is distro-manager's to set: workers live in distro.slice" },
        { SECTION_SERVICE, "Sockets", "can't be set for a transient unit" },
        { SECTION_SERVICE, "TimeoutCleanSec", "can't be set for a transient unit" },
        { SECTION_SERVICE, "CPUSchedulingPriority",
                        "can't be set for a transient unit together with its policy" },
        { SECTION_SERVICE, "SetCredentialEncrypted",
                        "is not supported, expected LoadCredentialEncrypted= with a file" },
};

const UnitKey *unit_key_find(unsigned section, const char *key)
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if ((keys[i].sections & section) && streq(keys[i].key, key))
                        return keys + i;
        return NULL;
}

const UnitKey *unit_key_at(size_t i)
{
        return i < ELEMENTSOF(keys) ? keys + i : NULL;
}

size_t unit_key_index(const UnitKey *k)
{
        return (size_t) (k - keys);
}

size_t unit_key_count(void)
{
        return ELEMENTSOF(keys);
}

const char *unit_key_refusal(unsigned section, const char *key)
{
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                if ((refused[i].section & section) && streq(refused[i].key, key))
                        return refused[i].reason;
        return NULL;
}

int unit_key_apply(UnitParse *u, const UnitKey *k, const char *value)
{
        if (*value || (k->flags & KEY_SEES_EMPTY))
                return k->parse(u, k, value);
        property_list_remove(u->properties, unit_key_property(k));
        if (k->also)
                property_list_remove(u->properties, k->also);
        return 0;
}
