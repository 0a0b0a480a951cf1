/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys of [Unit] and [Service]: the property that each becomes, written out, and the words for what is
 * refused. */

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config-unit-keys.h"

static void test_exec(void **state)
{
        static const UnitKeysCase good[] = {
                { "ExecStop=/bin/a", "ExecStop a(sasb) /bin/a </bin/a>" },
                { "ExecStop=a b  c", "ExecStop a(sasb) a <a> <b> <c>" },
                { "ExecStop=/bin/a 'b c' \"d 'e'\" f\"g h\"i",
                                "ExecStop a(sasb) /bin/a </bin/a> <b c> <d 'e'> <fg hi>" },
                { "ExecStop=/bin/a \"\" ''", "ExecStop a(sasb) /bin/a </bin/a> <> <>" },
                { "ExecStop=/bin/a b\\x20c \\\"\\101\\u00e4\\s\\\\",
                                "ExecStop a(sasb) /bin/a </bin/a> <b c> <\"A\xc3\xa4 \\>" },
                { "ExecStop=/bin/a ; b c ;d; ;", "ExecStop a(sasb) /bin/a </bin/a>; b <b> <c> <;d;>" },
                { "ExecStop=/bin/a \\; b \";\"", "ExecStop a(sasb) /bin/a </bin/a> <;> <b> <;>" },
                { "ExecStop=-/bin/a", "ExecStop a(sasb) /bin/a </bin/a> ignore-failure" },
                { "ExecStop=@/bin/a me b", "ExecStop a(sasb) /bin/a <me> <b>" },
                { "ExecStop=+/bin/a", "ExecStopEx a(sasas) /bin/a </bin/a> privileged" },
                { "ExecStop=!/bin/a", "ExecStopEx a(sasas) /bin/a </bin/a> no-setuid" },
                { "ExecStop=!!/bin/a", "ExecStop a(sasb) /bin/a </bin/a>" },
                { "ExecStop=:-@!!/bin/a me $X ${Y} $$",
                                "ExecStop a(sasb) /bin/a <me> <$$X> <$${Y}> <$$$$> ignore-failure" },
                { "ExecStop=+/a ; b ; -!c ; d ; -e", "ExecStopEx a(sasas) /a </a> privileged; b <b>; c <c> "
                                                     "ignore-failure,no-setuid\n"
                                                     "ExecStop a(sasb) d <d>; e <e> ignore-failure" },
                { "ExecStop=/bin/a $FOO ${BAR} %% %n %i|", "ExecStop a(sasb) /bin/a </bin/a> <$FOO> "
                                                           "<${BAR}> <%> <distro-app-my-app.service> <|>" },
                { "ExecStop=/bin//./a", "ExecStop a(sasb) /bin/a </bin/a>" },
                { "ExecStop=/a\nExecStop=/b", "ExecStop a(sasb) /a </a>; /b </b>" },
                { "ExecStop=/a\nExecStop=\nExecStop=/b", "ExecStop a(sasb) /b </b>" },
                { "ExecStart=\nExecStart=/b", "ExecStart a(sasb) /b </b>" },
                { "ExecCondition=/a\nExecStartPre=/b\nExecStartPost=/c\nExecReload=/d\nExecStopPost=/e",
                                "ExecCondition a(sasb) /a </a>\nExecReload a(sasb) /d "
                                "</d>\nExecStartPost a(sasb) /c </c>\n"
                                "ExecStartPre a(sasb) /b </b>\nExecStopPost a(sasb) /e </e>" },
        };
        static const UnitKeysCase bad[] = {
                { "ExecStop=./a", "\"./a\" is not valid, expected a program: an absolute path without "
                                  "\"..\", or a name without a slash" },
                { "ExecStop=/bin/", "\"/bin/\" is not valid, expected a program: an absolute path without "
                                    "\"..\", or a name without a slash" },
                { "ExecStop=/bin/../a", "\"/bin/../a\" is not valid, expected a program: an absolute path "
                                        "without \"..\", or a name without a slash" },
                { "ExecStop=-", "\"\" is not valid, expected a program: an absolute path without \"..\", or "
                                "a name without a slash" },
                { "ExecStop=; a", "no command before \";\", expected one" },
                { "ExecStop=a ; ; b", "no command before \";\", expected one" },
                { "ExecStop=--/a", "\"--/a\" is not valid, expected each of the prefixes \"-\", \"@\", \":\" "
                                   "at most once, and one of \"+\", \"!\" and \"!!\"" },
                { "ExecStop=+!/a", "\"+!/a\" is not valid, expected each of the prefixes \"-\", \"@\", \":\" "
                                   "at most once, and one of \"+\", \"!\" and \"!!\"" },
                { "ExecStop=!!!/a", "\"!!!/a\" is not valid, expected each of the prefixes \"-\", \"@\", "
                                    "\":\" at most once, and one of \"+\", \"!\" and \"!!\"" },
                { "ExecStop=@/a",
                                "\"@\" needs the name that the program shall see as its own after the path" },
                { "ExecStop=/a \"b", "a quote that is not closed or a wrong escape" },
                { "ExecStop=/a \\q", "a quote that is not closed or a wrong escape" },
                { "ExecStop=/a \\x0", "a quote that is not closed or a wrong escape" },
                { "ExecStop=/a \\x00", "a quote that is not closed or a wrong escape" },
                { "ExecStop=/a \\ud800", "a quote that is not closed or a wrong escape" },
                { "ExecStop=/a \\xff", "not valid UTF-8 after escapes" },
                { "ExecStop=/a +%Y", "unknown specifier %Y, expected a known one, or %% for a percent sign" },
                { "ExecStart=/b", "2 commands with Type=simple, expected one, or Type=oneshot" },
        };
        unit_keys_good("Service", good, ELEMENTSOF(good));
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

static void test_specifiers(void **state)
{
        static const UnitKeysCase good[] = {
                { "SyslogIdentifier=%n", "SyslogIdentifier s distro-app-my-app.service" },
                { "SyslogIdentifier=%N %p %j %i%I.",
                                "SyslogIdentifier s distro-app-my-app distro-app-my-app app ." },
                { "SyslogIdentifier=%H %l %m",
                                "SyslogIdentifier s host.example.org host 0123456789abcdef0123456789abcdef" },
                { "SyslogIdentifier=%b", "SyslogIdentifier s 0123456789abcdef0123456789abcdef" },
                { "SyslogIdentifier=%S %C %L %t %E %T %V %h",
                                "SyslogIdentifier s /var/lib /var/cache /var/log /run /etc /tmp /var/tmp /root" },
                { "SyslogIdentifier=%u %U %g %G", "SyslogIdentifier s root 0 root 0" },
                { "SyslogIdentifier=%d", "SyslogIdentifier s /run/credentials/distro-app-my-app.service" },
                { "SyslogIdentifier=100%%", "SyslogIdentifier s 100%" },
                { "SyslogIdentifier=%%n", "SyslogIdentifier s %n" },
                { "SyslogIdentifier=5% 50%/10s %-%", "SyslogIdentifier s 5% 50%/10s %-%" },
        };
        ConfigContext empty = { .root = "/nonexistent" };
        ConfigMessages m = { 0 };
        AppConfig app;
        static const char text[] = "[Application]\nNodes=a\n[Service]\nExecStart=/a %m\n";

        unit_keys_good("Service", good, ELEMENTSOF(good));
        assert_int_equal(app_config_parse(&empty, "x", "x", text, strlen(text), &m, &app), -EINVAL);
        assert_string_equal(m.items[0].text, "x:4: ExecStart=: %m can't be told on this host");
        config_messages_done(&m);
}

static void test_environment(void **state)
{
        static const UnitKeysCase good[] = {
                { "Environment=A=b \"C=d e\" 'F=\"'", "Environment as <A=b> <C=d e> <F=\">" },
                { "Environment=A=b\nEnvironment=C=d A=e", "Environment as <A=e> <C=d>" },
                { "Environment=A=b AB=c A=d", "Environment as <A=d> <AB=c>" },
                { "Environment=A= B==", "Environment as <A=> <B==>" },
                { "Environment=A=b\nEnvironment=\nEnvironment=C=d", "Environment as <C=d>" },
                { "Environment=A=%n", "Environment as <A=distro-app-my-app.service>" },
                { "Environment=A=a\\tb", "Environment as <A=a\tb>" },
                { "Environment=\"A=x\\\n  # no part of it \\\n  y\" \\\n\tB=z",
                                "Environment as <A=x   y> <B=z>" },
                { "EnvironmentFile=/etc/a\nEnvironmentFile=-/etc/%N",
                                "EnvironmentFiles a(sb) /etc/a||00|0 /etc/distro-app-my-app||10|0" },
                { "PassEnvironment=A B", "PassEnvironment as <A> <B>" },
                { "UnsetEnvironment=A B=c", "UnsetEnvironment as <A> <B=c>" },
        };
        static const UnitKeysCase bad[] = {
                { "Environment=A", "\"A\" is not valid, expected NAME=value, the name of letters, digits and "
                                   "\"_\"" },
                { "Environment==b", "\"=b\" is not valid, expected NAME=value, the name of letters, digits "
                                    "and \"_\"" },
                { "Environment=1A=b", "\"1A=b\" is not valid, expected NAME=value, the name of letters, "
                                      "digits and \"_\"" },
                { "Environment=A-B=c", "\"A-B=c\" is not valid, expected NAME=value, the name of letters, "
                                       "digits and \"_\"" },
                { "Environment=A=\\x01", "\"A=\x01\" is not valid, expected NAME=value, the name of letters, "
                                         "digits and \"_\"" },
                { "Environment=DISTRO_EPOCH=1", "\"DISTRO_EPOCH\" is reserved, since distro-manager sets the "
                                                "variables that begin with DISTRO_" },
                { "UnsetEnvironment=DISTRO_NODE", "\"DISTRO_NODE\" is reserved, since distro-manager sets "
                                                  "the variables that begin with DISTRO_" },
                { "PassEnvironment=DISTRO_X", "\"DISTRO_X\" is reserved, since distro-manager sets the "
                                              "variables that begin with DISTRO_" },
                { "PassEnvironment=A=b", "\"A=b\" is not valid, expected names of variables" },
                { "EnvironmentFile=etc/a",
                                "\"etc/a\" is not valid, expected an absolute path without \"..\"" },
        };
        unit_keys_good("Service", good, ELEMENTSOF(good));
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

static void test_service(void **state)
{
        static const UnitKeysCase good[] = {
                { "Type=notify\nNotifyAccess=all", "NotifyAccess s all\nType s notify" },
                { "Type=oneshot\nExecStart=/b",
                                "ExecStart a(sasb) /frame </frame>; /b </b>\nType s oneshot" },
                { "Type=dbus\nBusName=org.x", "BusName s org.x\nType s dbus" },
                { "Restart=on-failure\nRestartSec=100ms", "Restart s on-failure\nRestartUSec t 100000" },
                { "TimeoutStartSec=0", "TimeoutStartUSec t 18446744073709551615" },
                { "TimeoutStartSec=infinity", "TimeoutStartUSec t 18446744073709551615" },
                { "TimeoutSec=5", "TimeoutStartUSec t 5000000\nTimeoutStopUSec t 5000000" },
                { "TimeoutSec=5\nTimeoutStopSec=7", "TimeoutStartUSec t 5000000\nTimeoutStopUSec t 7000000" },
                { "RuntimeMaxSec=1h\nWatchdogSec=0", "RuntimeMaxUSec t 3600000000\nWatchdogUSec t 0" },
                { "StartLimitIntervalSec=1min\nStartLimitBurst=3",
                                "StartLimitBurst u 3\nStartLimitIntervalUSec t 60000000" },
                { "KillMode=mixed\nKillSignal=INT\nFinalKillSignal=SIGABRT\nRestartKillSignal=SIGRTMIN+3",
                                "FinalKillSignal i 6\nKillMode s mixed\nKillSignal i 2\nRestartKillSignal i "
                                "37" },
                { "SuccessExitStatus=TEMPFAIL 250 SIGKILL 250", "SuccessExitStatus (aiai) 75 250 signals 9" },
                { "PIDFile=x.pid", "PIDFile s /run/x.pid" },
                { "PIDFile=/run/y/x.pid", "PIDFile s /run/y/x.pid" },
                { "User=nobody\nGroup=65534\nSupplementaryGroups=a b",
                                "Group s 65534\nSupplementaryGroups as <a> <b>\nUser s nobody" },
                { "WorkingDirectory=/a//b/", "WorkingDirectory s /a/b" },
                { "WorkingDirectory=-/a", "WorkingDirectory s -/a" },
                { "WorkingDirectory=~", "WorkingDirectory s ~" },
                { "StandardOutput=null\nStandardError=journal",
                                "StandardError s journal\nStandardOutput s null" },
                { "StandardOutput=null\nStandardOutput=append:/a", "StandardOutputFileToAppend s /a" },
                { "StandardOutput=file:/a\nStandardOutput=truncate:/b", "StandardOutputFileToTruncate s /b" },
                { "StandardOutput=file:/a\nStandardOutput=tty", "StandardOutput s tty" },
                { "StandardInput=file:/a", "StandardInputFile s /a" },
                { "StandardInput=data\nStandardInputText=a\\tb\nStandardInputData=aGk=",
                                "StandardInput s data\nStandardInputData ay 6109620a6869" },
                { "UMask=0077", "UMask u 63" },
                { "Nice=-5\nOOMScoreAdjust=-900", "Nice i -5\nOOMScoreAdjust i -900" },
                { "SyslogLevel=debug\nSyslogFacility=local3\nLogLevelMax=4",
                                "LogLevelMax i 4\nSyslogFacility i 19\nSyslogLevel i 7" },
                { "LogExtraFields=A=b \"C_2=d e\"", "LogExtraFields aay <A=b> <C_2=d e>" },
                { "CPUSchedulingPolicy=rr\nIOSchedulingClass=idle",
                                "CPUSchedulingPolicy i 2\nIOSchedulingClass i 3" },
                { "TimerSlackNSec=5us", "TimerSlackNSec t 5000" },
                { "LoadCredential=a:/b/c d:e", "LoadCredential a(ss) a|/b/c d:e|00|0" },
                { "LoadCredential=a", "LoadCredential a(ss) a|a|00|0" },
                { "LoadCredential=a:/b\nLoadCredential=a:/c", "LoadCredential a(ss) a|/c|00|0" },
                { "SetCredential=a:b:\\x41 c", "SetCredential a(say) a|b:A c|00|0" },
        };
        static const UnitKeysCase bad[] = {
                { "Type=daemon", "\"daemon\" is not valid, expected \"simple\", \"exec\", \"forking\", "
                                 "\"oneshot\", \"dbus\", \"notify\" or \"idle\"" },
                { "Type=dbus", "\"dbus\" needs BusName= too" },
                { "Restart=sometimes", "\"sometimes\" is not valid, expected \"no\", \"on-success\", "
                                       "\"on-failure\", \"on-abnormal\", "
                                       "\"on-watchdog\", \"on-abort\" or \"always\"" },
                { "RestartSec=infinity", "\"infinity\" is not valid, expected a time span like \"5s\" or "
                                         "\"1min 30s\"" },
                { "TimeoutStopSec=5x", "\"5x\" is not valid, expected a time span like \"5s\" or \"1min "
                                       "30s\", or \"infinity\"" },
                { "KillMode=none", "\"none\" is refused, since it leaves processes behind that would run "
                                   "beside those of the next node, "
                                   "expected \"control-group\" or \"mixed\"" },
                { "KillMode=process", "\"process\" is refused, since it leaves processes behind that would "
                                      "run beside those of the next "
                                      "node, expected \"control-group\" or \"mixed\"" },
                { "PAMName=login",
                                "is refused, since pam_systemd moves the worker to the control group of a session, "
                                "where a stop does not reach all of it, expected User= alone" },
                { "KillMode=all", "\"all\" is not valid, expected \"control-group\" or \"mixed\"" },
                { "KillSignal=SIGFOO", "\"SIGFOO\" is not valid, expected a signal like SIGTERM" },
                { "KillSignal=0", "\"0\" is not valid, expected a signal like SIGTERM" },
                { "KillSignal=65", "\"65\" is not valid, expected a signal like SIGTERM" },
                { "SuccessExitStatus=256", "\"256\" is not valid, expected an exit status from 0 to 255, its "
                                           "name, or a signal like SIGTERM" },
                { "Nice=20", "\"20\" is not valid, expected a number from -20 to 19" },
                { "SyslogLevel=loud", "\"loud\" is not valid, expected a number from 0 to 7 or a name like "
                                      "\"emerg\"" },
                { "UMask=99", "\"99\" is not valid, expected an octal mode like 0755" },
                { "User=a b", "\"a b\" is not valid, expected a name or a number" },
                { "User=-x", "\"-x\" is not valid, expected a name or a number" },
                { "WorkingDirectory=a", "\"a\" is not valid, expected an absolute path or \"~\", with \"-\" "
                                        "before it if it may be missing" },
                { "StandardOutput=syslog", "\"syslog\" is not valid, expected \"inherit\", \"null\", "
                                           "\"tty\", \"journal\", \"kmsg\", "
                                           "\"journal+console\", \"kmsg+console\", \"file:PATH\", "
                                           "\"append:PATH\" or \"truncate:PATH\"" },
                { "StandardOutput=file:a", "\"a\" is not valid, expected an absolute path without \"..\"" },
                { "StandardInputData=abc", "not valid, expected base64" },
                { "StandardInputData=ab=c", "not valid, expected base64" },
                { "PrivateTmp=maybe", "\"maybe\" is not valid, expected yes or no" },
                { "LogExtraFields=_A=b", "\"_A=b\" is not valid, expected FIELD=value, the field of A-Z, 0-9 "
                                         "and \"_\"" },
                { "LoadCredential=a:b/c",
                                "\"a:b/c\" is not valid, expected NAME or NAME:PATH with an absolute path" },
                { "SetCredential=a", "\"a\" is not valid, expected NAME:DATA" },
                { "Slice=x.slice", "is distro-manager's to set: workers live in distro.slice" },
                { "TimeoutCleanSec=5", "can't be set for a transient unit" },
                { "CPUSchedulingPriority=5", "can't be set for a transient unit together with its policy" },
                { "SystemCallArchitectures=pdp11", "\"pdp11\" is not valid, expected \"native\", \"x86\", "
                                                   "\"x86-64\", \"x32\", \"arm\", \"arm64\", "
                                                   "\"mips\", \"mips64\", \"mips64-n32\", \"mips-le\", "
                                                   "\"mips64-le\", \"mips64-le-n32\", "
                                                   "\"parisc\", \"parisc64\", \"ppc\", \"ppc64\", "
                                                   "\"ppc64-le\", \"riscv64\", \"s390\" or \"s390x\"" },
                { "Sockets=x.socket", "can't be set for a transient unit" },
                { "After=x.service", "unknown key in section [Service], expected it in [Unit]" },
                { "ExecStrat=/x", "unknown key in section [Service]" },
                { "FailoverDelaySec=5", "unknown key in section [Service]" },
        };
        unit_keys_good("Service", good, ELEMENTSOF(good));
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

/* A key that our table lacks goes on as it stands where systemd knows it, and is no dependency. */
static void test_handed_on(void **state)
{
        static const struct {
                const char *text, *expected, *error;
        } cases[] = {
                { "[Service]\nNewer=a  %n \\\n b\nNewer=\n", "Service.Newer", NULL },
                { "[Unit]\nNewest=1\n", "Unit.Newest", NULL },
                { "[Service]\nNewest=1\n", NULL,
                                "unknown key in section [Service], also to systemd on this node" },
                { "[Service]\nNew=1\n", NULL,
                                "unknown key in section [Service], also to systemd on this node" },
                { "[Unit]\nOldRequires=x.service\n", NULL,
                                "unknown key in section [Unit], also to systemd on this node" },
                { "[Service]\nSlice=x.slice\n", NULL, "is distro-manager's to set" },
        };
        char program[] = "/tmp/distro-systemd-XXXXXX";
        int fd = mkstemp(program);
        FILE *f = fdopen(fd, "we");

        assert_non_null(f);
        fputs("#!/bin/sh\n[ \"$*\" = --dump-configuration-items ] || exit 1\n"
              "printf '[Unit]\\nNewest=BOOLEAN\\nOldRequires=UNIT [...]\\n\\n[Service]\\nNewer=OTHER\\nSlice=SLICE\\n'\n",
                        f);
        assert_int_equal(fchmod(fd, 0755), 0);
        assert_int_equal(fclose(f), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = program };
                ConfigContext asks = { .systemd = &systemd };
                ConfigMessages m = { 0 };
                AppConfig app = { 0 };
                char text[512];

                snprintf(text, sizeof(text), "[Application]\nNodes=a\n[Service]\nExecStart=/bin/true\n%s",
                                cases[i].text);
                int r = app_config_parse(&asks, "x", "x.app", text, strlen(text), &m, &app);
                if (cases[i].error) {
                        assert_int_equal(r, -EINVAL);
                        if (!strstr(m.items[0].text, cases[i].error))
                                fail_msg("%s", m.items[0].text);
                } else {
                        SealedProperty p;
                        assert_true(sealed_find(&app.properties, cases[i].expected, &p));
                        assert_string_equal(p.signature, "");
                        assert_int_equal(get_u32(&p.value), i == 0 ? 2 : 1);
                        assert_string_equal(sealed_string(&p.value), i == 0 ? "a  %n   b" : "1");
                }
                app_config_done(&app);
                config_messages_done(&m);
        }
        /* Nobody is asked where no program is named, or it is not there. */
        for (int i = 0; i < 2; i++) {
                _cleanup_(config_systemd_done) ConfigSystemd systemd = { .program = "/no/such/program" };
                ConfigContext asks = { .systemd = i ? &systemd : NULL };
                ConfigMessages m = { 0 };
                AppConfig app = { 0 };

                assert_int_equal(app_config_parse(&asks, "x", "x.app", "[Service]\nNewer=1\n", 18, &m, &app),
                                -EINVAL);
                assert_string_equal(m.items[0].text, "x.app:2: Newer=: unknown key in section [Service]");
                config_messages_done(&m);
        }
        /* It is asked once, however many files have such keys. */
        _cleanup_(config_systemd_done) ConfigSystemd once = { .program = program };
        for (int i = 0; i < 2; i++) {
                static const char text[] =
                                "[Application]\nNodes=a\n[Service]\nExecStart=/bin/true\nNewer=1\n";
                ConfigContext asks = { .systemd = &once };
                ConfigMessages m = { 0 };
                AppConfig app = { 0 };

                assert_int_equal(app_config_parse(&asks, "x", "x.app", text, strlen(text), &m, &app), 0);
                assert_int_equal(i > 0 ? 0 : unlink(program), 0);
                app_config_done(&app);
                config_messages_done(&m);
        }
}

static void test_resources(void **state)
{
        static const UnitKeysCase good[] = {
                { "MemoryMax=64M", "MemoryMax t 67108864" },
                { "MemoryMax=infinity", "MemoryMax t 18446744073709551615" },
                { "MemoryMax=50%", "MemoryMaxScale u 2147483648" },
                { "MemoryMax=50%\nMemoryMax=1K", "MemoryMax t 1024" },
                { "MemoryMax=1K\nMemoryMax=100%", "MemoryMaxScale u 4294967295" },
                { "MemoryLow=0", "MemoryLow t 0" },
                { "TasksMax=64", "TasksMax t 64" },
                { "TasksMax=10%", "TasksMaxScale u 429496730" },
                { "CPUWeight=idle\nIOWeight=10000", "CPUWeight t 0\nIOWeight t 10000" },
                { "CPUQuota=150%\nCPUQuotaPeriodSec=50ms",
                                "CPUQuotaPerSecUSec t 1500000\nCPUQuotaPeriodUSec t 50000" },
                { "CPUAffinity=0-2 9", "CPUAffinity ay 0702" },
                { "CPUAffinity=1,3\nCPUAffinity=0", "CPUAffinity ay 0b" },
                { "CPUAffinity=1\nCPUAffinity=numa", "CPUAffinityFromNUMA b yes" },
                { "AllowedCPUs=8", "AllowedCPUs ay 0001" },
                { "LimitNOFILE=1024:4096", "LimitNOFILE t 4096\nLimitNOFILESoft t 1024" },
                { "LimitNOFILE=infinity", "LimitNOFILE t 18446744073709551615\nLimitNOFILESoft t "
                                          "18446744073709551615" },
                { "LimitCORE=1M", "LimitCORE t 1048576\nLimitCORESoft t 1048576" },
                { "LimitCPU=1500ms", "LimitCPU t 2\nLimitCPUSoft t 2" },
                { "LimitRTTIME=200ms", "LimitRTTIME t 200000\nLimitRTTIMESoft t 200000" },
                { "LimitNICE=+5", "LimitNICE t 15\nLimitNICESoft t 15" },
                { "LimitNICE=30", "LimitNICE t 30\nLimitNICESoft t 30" },
                { "DeviceAllow=/dev/null rw\nDeviceAllow=char-pts",
                                "DeviceAllow a(ss) /dev/null|rw|00|0 char-pts|rwm|00|0" },
                { "IODeviceWeight=/dev/sda 5\nIODeviceWeight=/dev/sda 7",
                                "IODeviceWeight a(st) /dev/sda||00|7" },
                { "IOReadBandwidthMax=/dev/sda 5M", "IOReadBandwidthMax a(st) /dev/sda||00|5000000" },
                { "IODeviceLatencyTargetSec=/dev/sda 25ms",
                                "IODeviceLatencyTargetUSec a(st) /dev/sda||00|25000" },
                { "IPAddressDeny=any",
                                "IPAddressDeny a(iayu) 00000000/0 00000000000000000000000000000000/0" },
                { "IPAddressAllow=10.0.0.0/8 ::1",
                                "IPAddressAllow a(iayu) 0a000000/8 00000000000000000000000000000001/128" },
                { "SocketBindAllow=ipv4:tcp:80-90\nSocketBindAllow=53\nSocketBindDeny=any",
                                "SocketBindAllow a(iiqq) 2:6:80+11 0:0:53+1\nSocketBindDeny a(iiqq) "
                                "0:0:0+0" },
                { "Delegate=yes", "Delegate b yes" },
                { "Delegate=cpu memory", "DelegateControllers as <cpu> <memory>" },
                { "Delegate=cpu\nDelegate=no", "Delegate b no" },
                { "ManagedOOMMemoryPressureLimit=80%", "ManagedOOMMemoryPressureLimit u 3435973836" },
        };
        static const UnitKeysCase bad[] = {
                { "MemoryMax=0", "\"0\" is not valid, expected a size above 0 like \"64M\", a percentage, or "
                                 "\"infinity\"" },
                { "MemoryMax=64MB", "\"64MB\" is not valid, expected a size above 0 like \"64M\", a "
                                    "percentage, or \"infinity\"" },
                { "MemoryMax=101%", "\"101%\" is not valid, expected a size above 0 like \"64M\", a "
                                    "percentage, or \"infinity\"" },
                { "TasksMax=0", "\"0\" is not valid, expected a number above 0, a percentage, or "
                                "\"infinity\"" },
                { "CPUWeight=0", "\"0\" is not valid, expected a weight from 1 to 10000, or \"idle\"" },
                { "IOWeight=idle", "\"idle\" is not valid, expected a weight from 1 to 10000" },
                { "CPUQuota=0%", "\"0%\" is not valid, expected a percentage above 0%, where 100% is one "
                                 "processor" },
                { "CPUQuota=20", "\"20\" is not valid, expected a percentage above 0%, where 100% is one "
                                 "processor" },
                { "CPUAffinity=3-1", "\"3-1\" is not valid, expected a list of numbers and ranges like \"0-3 "
                                     "5\"" },
                { "CPUAffinity=8192", "\"8192\" is not valid, expected a list of numbers and ranges like "
                                      "\"0-3 5\"" },
                { "LimitNOFILE=5:4", "\"5:4\" is not valid, expected a soft limit that is not above the hard "
                                     "one" },
                { "LimitNOFILE=1K", "\"1K\" is not valid, expected a number or \"infinity\", or two as "
                                    "SOFT:HARD" },
                { "LimitNICE=+20", "\"+20\" is not valid, expected a nice level with its sign from -20 to "
                                   "+19, or a number up to 40" },
                { "DeviceAllow=/etc/x", "\"/etc/x\" is not valid, expected a device below /dev, "
                                        "\"char-GROUP\" or \"block-GROUP\", and letters of \"rwm\"" },
                { "DeviceAllow=/dev/null rx", "\"/dev/null rx\" is not valid, expected a device below /dev, "
                                              "\"char-GROUP\" or \"block-GROUP\", and letters of \"rwm\"" },
                { "IPAddressAllow=10.0.0.0/33", "\"10.0.0.0/33\" is not valid, expected addresses with "
                                                "prefix lengths like \"10.0.0.0/8\", "
                                                "\"any\", \"localhost\", \"link-local\" or \"multicast\"" },
                { "SocketBindAllow=ipv5:1", "\"ipv5:1\" is not valid, expected [ipv4:|ipv6:][tcp:|udp:] and "
                                            "a port, a range of ports or \"any\"" },
                { "SocketBindAllow=0", "\"0\" is not valid, expected [ipv4:|ipv6:][tcp:|udp:] and a port, a "
                                       "range of ports or \"any\"" },
                { "Delegate=cpu foo", "\"foo\" is not valid, expected yes, no, or controllers like \"cpu "
                                      "memory pids\"" },
        };
        unit_keys_good("Service", good, ELEMENTSOF(good));
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

static void test_sandbox(void **state)
{
        static const UnitKeysCase good[] = {
                { "ProtectSystem=strict\nProtectHome=1", "ProtectHome s yes\nProtectSystem s strict" },
                { "ReadWritePaths=/a -/b +/c -+/d/", "ReadWritePaths as </a> <-/b> <+/c> <-+/d>" },
                { "StateDirectory=a b/c", "StateDirectory as <a> <b/c>" },
                { "StateDirectory=a:b c",
                                "StateDirectory as <a> <c>\nStateDirectorySymlink a(sst) a|b|00|0" },
                { "BindPaths=/a /b:/c -/d:/e:norbind",
                                "BindPaths a(ssbt) /a|/a|00|16384 /b|/c|00|16384 /d|/e|10|0" },
                { "TemporaryFileSystem=/a /b:ro,size=1M",
                                "TemporaryFileSystem a(ss) /a||00|0 /b|ro,size=1M|00|0" },
                { "CapabilityBoundingSet=", "CapabilityBoundingSet t 0" },
                { "CapabilityBoundingSet=CAP_CHOWN cap_kill", "CapabilityBoundingSet t 33" },
                { "CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=CAP_KILL",
                                "CapabilityBoundingSet t 33" },
                { "CapabilityBoundingSet=~CAP_CHOWN", "CapabilityBoundingSet t 2199023255550" },
                { "CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_CHOWN",
                                "CapabilityBoundingSet t 32" },
                { "AmbientCapabilities=CAP_NET_BIND_SERVICE", "AmbientCapabilities t 1024" },
                { "SecureBits=keep-caps\nSecureBits=noroot", "SecureBits i 17" },
                { "RestrictNamespaces=yes", "RestrictNamespaces t 0" },
                { "RestrictNamespaces=net", "RestrictNamespaces t 1073741824" },
                { "RestrictNamespaces=~net", "RestrictNamespaces t 1040318464" },
                { "RestrictAddressFamilies=AF_UNIX AF_INET",
                                "RestrictAddressFamilies (bas) only <AF_UNIX> <AF_INET>" },
                { "RestrictAddressFamilies=~AF_PACKET", "RestrictAddressFamilies (bas) not <AF_PACKET>" },
                { "RestrictAddressFamilies=none", "RestrictAddressFamilies (bas) only " },
                { "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged\nSystemCallFilter=~mount:"
                  "EPERM",
                                "SystemCallFilter (bas) only <@system-service>\nSystemCallFilter (bas) not "
                                "<@privileged> <mount:EPERM>" },
                { "SystemCallFilter=a\nSystemCallFilter=\nSystemCallFilter=b",
                                "SystemCallFilter (bas) only <b>" },
                { "SystemCallErrorNumber=EPERM", "SystemCallErrorNumber i 1" },
                { "SystemCallErrorNumber=kill", "SystemCallErrorNumber i 2147483646" },
                { "SystemCallArchitectures=native x86", "SystemCallArchitectures as <native> <x86>" },
                { "AppArmorProfile=-x", "AppArmorProfile (bs) x|1" },
                { "SELinuxContext=a:b:c", "SELinuxContext s a:b:c" },
                { "AppArmorProfile=x", "AppArmorProfile (bs) x|0" },
                { "MountFlags=slave", "MountFlags t 524288" },
                { "ExecSearchPath=/a:/b", "ExecSearchPath as </a> </b>" },
        };
        static const UnitKeysCase bad[] = {
                { "ProtectSystem=a", "\"a\" is not valid, expected \"yes\", \"no\", \"full\" or \"strict\"" },
                { "ReadWritePaths=a", "\"a\" is not valid, expected an absolute path without \"..\"" },
                { "ReadWritePaths=/a/../b",
                                "\"/a/../b\" is not valid, expected an absolute path without \"..\"" },
                { "ReadWritePaths=/a\\nb",
                                "\"/a\nb\" is not valid, expected an absolute path without \"..\"" },
                { "StateDirectory=/a", "\"/a\" is not valid, expected relative paths without \"..\", each "
                                       "with a \":LINK\" if wanted" },
                { "StateDirectory=private/a", "\"private/a\" is not valid, expected relative paths without "
                                              "\"..\", each with a \":LINK\" if wanted" },
                { "ConfigurationDirectory=a:b/..",
                                "\"a:b/..\" is not valid, expected relative paths without \"..\"" },
                { "BindPaths=/a:/b:ro", "\"/a:/b:ro\" is not valid, expected SOURCE[:DESTINATION[:OPTIONS]] "
                                        "with absolute paths and the "
                                        "options \"rbind\" or \"norbind\"" },
                { "BindPaths=/a:/b:rbind:x", "\"/a:/b:rbind:x\" is not valid, expected "
                                             "SOURCE[:DESTINATION[:OPTIONS]] with absolute paths "
                                             "and the options \"rbind\" or \"norbind\"" },
                { "CapabilityBoundingSet=CAP_FOO", "\"CAP_FOO\" is not valid, expected capabilities like "
                                                   "CAP_NET_ADMIN, with \"~\" before the "
                                                   "first for all others" },
                { "RestrictNamespaces=time", "\"time\" is not valid, expected yes, no, or a list of "
                                             "\"cgroup\", \"ipc\", \"net\", \"mnt\", "
                                             "\"pid\", \"user\" and \"uts\"" },
                { "RestrictAddressFamilies=INET", "\"INET\" is not valid, expected address families like "
                                                  "AF_INET, with \"~\" before the first "
                                                  "for all others, or \"none\"" },
                { "SystemCallFilter=@foo", "\"@foo\" is not valid, expected names of system calls or groups "
                                           "like \"@system-service\", with "
                                           "\"~\" before the first for all others" },
                { "SELinuxContext=-a:b:c",
                                "\"-a:b:c\" is not valid, expected a label without \"-\" before it, "
                                "which can't be set for a transient unit" },
                { "SystemCallErrorNumber=0",
                                "\"0\" is not valid, expected an error like EPERM, its number, or \"kill\"" },
        };
        unit_keys_good("Service", good, ELEMENTSOF(good));
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

static void test_unit(void **state)
{
        static const UnitKeysCase good[] = {
                { "After=a.service b@c.target\nAfter=d.mount",
                                "After as <a.service> <b@c.target> <d.mount>" },
                { "Requires=dev-disk-by\\x2dlabel-x.device", "Requires as <dev-disk-by\\x2dlabel-x.device>" },
                { "After=a.service\nAfter=", "" },
                { "RequiresMountsFor=/srv/a /srv/b/", "RequiresMountsFor as </srv/a> </srv/b>" },
                { "Documentation=man:x(5) https://x.org/%p",
                                "Documentation as <man:x(5)> <https://x.org/distro-app-my-app>" },
                { "ConditionPathExists=/a\nConditionHost=|!%H",
                                "Conditions a(sbbs) ConditionHost|host.example.org|11|0 "
                                "ConditionPathExists|/a|00|0" },
                { "AssertCPUs=>=2", "Asserts a(sbbs) AssertCPUs|>=2|00|0" },
                { "ConditionPathExists=/a\nConditionHost=\nConditionUser=root",
                                "Conditions a(sbbs) ConditionUser|root|00|0" },
                { "StartLimitIntervalSec=0", "StartLimitIntervalUSec t 0" },
                { "StartLimitAction=reboot", "StartLimitAction s reboot" },
                { "JobRunningTimeoutSec=0", "JobRunningTimeoutUSec t 18446744073709551615" },
        };
        static const UnitKeysCase bad[] = {
                { "After=foo", "\"foo\" is not valid, expected a unit name like \"network-online.target\"" },
                { "After=.service", "\".service\" is not valid, expected a unit name like "
                                    "\"network-online.target\"" },
                { "After=a@.service", "\"a@.service\" is not valid, expected a unit name like "
                                      "\"network-online.target\"" },
                { "After=a/b.service", "\"a/b.service\" is not valid, expected a unit name like "
                                       "\"network-online.target\"" },
                { "Requires=a.services", "\"a.services\" is not valid, expected a unit name like "
                                         "\"network-online.target\"" },
                { "RequiresMountsFor=srv", "\"srv\" is not valid, expected an absolute path without \"..\"" },
                { "Documentation=foo", "\"foo\" is not valid, expected a URI that begins with http://, "
                                       "https://, file:/, info: or man:" },
                { "ConditionPathExists=a", "\"a\" is not valid, expected an absolute path without \"..\"" },
                { "ConditionHost=|!",
                                "\"\" is not valid, expected something to check after \"|\" and \"!\"" },
                { "ConditionFoo=a", "unknown key in section [Unit]" },
                { "Description=a", "belongs in [Application]" },
                { "DefaultDependencies=no", "is distro-manager's to set" },
                { "JobTimeoutSec=1", "can't be set for a transient unit, expected JobRunningTimeoutSec=" },
                { "User=a", "unknown key in section [Unit], expected it in [Service]" },
                { "StartLimitBurst=-1", "\"-1\" is not valid, expected a number from 0 to 4294967295" },
        };
        unit_keys_good("Unit", good, ELEMENTSOF(good));
        unit_keys_bad("Unit", bad, ELEMENTSOF(bad));
}

/* No ordering against the manager, in any key that names units. */
static void test_no_ordering(void **state)
{
        static const char *const keys[] = { "After", "Before", "Requires", "BindsTo", "PartOf", "Wants",
                "Conflicts", "OnFailure" };
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                char line[128];
                snprintf(line, sizeof(line), "%s=a.service distro-manager.service", keys[i]);
                const UnitKeysCase bad = { line,
                        "an application must not depend on distro-manager.service or be "
                        "ordered against it: the manager "
                        "waits for its applications when the host shuts down, and they "
                        "outlive its restart; expected "
                        "another unit" };
                unit_keys_bad("Unit", &bad, 1);
        }
}

static void test_oneshot(void **state)
{
        static const UnitKeysCase bad[] = {
                { "Restart=always\nType=oneshot", "\"always\" does not go with Type=oneshot, expected \"no\" "
                                                  "or a kind of failure" },
                { "Restart=on-success\nType=oneshot", "\"on-success\" does not go with Type=oneshot, "
                                                      "expected \"no\" or a kind of failure" },
                { "ExecStart=", "missing in section [Service], expected the command to run" },
        };
        unit_keys_bad("Service", bad, ELEMENTSOF(bad));
}

/* What is sealed is sorted and can be searched, and a copy of it is the same. */
static void test_list(void **state)
{
        ConfigMessages m = { 0 };
        AppConfig app;
        SealedProperties copy;
        SealedProperty p;
        ByteReader r;
        const char *before = "";

        assert_int_equal(unit_keys_parse("Service", "User=a\nType=exec\nGroup=b\nMemoryMax=5M", &m, &app), 0);
        r = sealed_reader(&app.properties);
        while (sealed_next(&r, &p)) {
                assert_true(strcmp(before, p.name) <= 0);
                before = p.name;
        }
        assert_int_equal(sealed_copy(&app.properties, &copy), 0);
        assert_int_equal(copy.size_bytes, app.properties.size_bytes);
        app_config_done(&app);
        assert_true(sealed_find(&copy, "Group", &p));
        assert_string_equal(p.signature, "s");
        assert_string_equal(sealed_string(&p.value), "b");
        assert_false(sealed_find(&copy, "Foo", &p));
        sealed_done(&copy);
        r = sealed_reader(&copy);
        assert_false(sealed_next(&r, &p));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exec),
                cmocka_unit_test(test_specifiers),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_service),
                cmocka_unit_test(test_handed_on),
                cmocka_unit_test(test_resources),
                cmocka_unit_test(test_sandbox),
                cmocka_unit_test(test_unit),
                cmocka_unit_test(test_no_ordering),
                cmocka_unit_test(test_oneshot),
                cmocka_unit_test(test_list),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
