#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every key of [Unit] and [Service] that the installed distro-manager.app(5) lists (a unit test compares that list with the
# program's table) has a case in unit-keys.list, and each case becomes a real unit: systemd has the same properties for
# the transient unit that the manager started as for a unit file with the same lines.
# shellcheck source-path=SCRIPTDIR source=lab/lab.sh
. "${0%/*}/lab/lab.sh"

LIST=${LAB_SRC%/*}/unit-keys.list
PAGE=$LAB/tree/usr/share/man/man5/distro-manager.app.5

# The keys of the page's lists, one a line: SECTION KEY.
page_keys() {
        sed 's/\\-/-/g' "$PAGE" | awk '
                /^\.SH / { section = "" }
                /^\.SH \[UNIT\] OPTIONS/ { section = "Unit" }
                /^\.SH \[SERVICE\] OPTIONS/ { section = "Service" }
                /^\.RS 4/ { inside = 1; next }
                /^\.RE/ { inside = 0 }
                section != "" && inside && !/^\./ {
                        n = split($0, words, /[, ]+/)
                        for (i = 1; i <= n; i++) {
                                if (words[i] ~ /=$/) print section, substr(words[i], 1, length(words[i]) - 1)
                                else if (words[i] != "") { print section, "Condition" words[i]; print section, "Assert" words[i] }
                        }
                }' | sort
}

# Makes of the list, for case N: case/N/app, case/N/unit (the same as a unit file), case/N/key ("SECTION KEY") and, where it
# has one, case/N/mark.
split_list() {
        mkdir "$LAB/case"
        awk -v dir="$LAB/case" '
                function flush(   d) {
                        if (key == "") return
                        d = dir "/" ++n
                        system("mkdir " d)
                        print section, key >(d "/key")
                        if (mark != "") print mark >(d "/mark")
                        print "[Application]\nNodes=abc\nFailureAction=stop" >(d "/app")
                        unit = service = ""
                        if (section == "Unit") unit = lines; else service = lines
                        if (service !~ /(^|\n)ExecStart=/) service = "ExecStart=/bin/sleep 10000\n" service
                        if (unit != "") print "[Unit]\n" unit >(d "/app")
                        print "[Service]\n" service >(d "/app")
                        if (unit != "") print "[Unit]\n" unit >(d "/unit")
                        print "[Service]\n" service >(d "/unit")
                        close(d "/key"); close(d "/mark"); close(d "/app"); close(d "/unit")
                        key = mark = lines = ""
                }
                /^\[/ { flush(); section = substr($0, 2, length($0) - 2); next }
                /^# (not started: |reads )/ { mark = substr($0, 3); next }
                /^#/ { next }
                /^$/ { flush(); next }
                { if (key == "") key = substr($0, 1, index($0, "=") - 1); lines = lines $0 "\n" }
                END { flush() }' "$LIST"
}

# What the guest does with all cases at once: a line for each that is not as it should be.
write_judge() {
        cat >"$LAB/judge.jq" <<-'END'
		# Of commands only what was configured; of conditions not how they came out. What systemd keeps in a set it
		# tells in any order.
		def configured: .data[0] | map_values(.data) | with_entries(
		        if .key | test("^Exec.*Ex$|^Exec(Condition|Start|StartPre|StartPost|Reload|Stop|StopPost)$")
		        then .value |= map(.[0:3])
		        elif .key == "Conditions" or .key == "Asserts" then .value |= map(.[0:4])
		        elif .key | test("^(IPAddress(Allow|Deny)|Restrict(FileSystems|NetworkInterfaces))$")
		        then .value |= (walk(if type == "array" and all(.[]; type != "number" and type != "boolean") then sort else . end))
		        else . end);
		def words: if type == "array" and all(.[]; type == "string") then . else null end;
		(.[0] | configured) as $base | . as $all | range(1; length; 2) as $i | (($i + 1) / 2) as $n |
		($all[$i] | configured) as $have | ($all[$i + 1] | configured) as $want |
		"\($n) state \($have.ActiveState) \($have.FragmentPath)",
		if $reads[$n | tostring] then
		        $reads[$n | tostring] as $r | if $have[$r.key] == $r.value then empty else "\($n) \($r.key) is \($have[$r.key] | tojson)" end
		else
		[$want | to_entries[] | select(.value != $base[.key]) |
		        select(.key | test("^(Id|Names|Description|FragmentPath|Following|Transient|.*Timestamp.*|UnitFileState|Can.*)$") | not)] as $changed |
		if ($changed | length) == 0 then "\($n) no property tells" else
		        $changed[] | . as $e | $have[.key] as $h |
		        if $h == .value then empty
		        elif (($h | words) or .key == "LogExtraFields") and ((.value - $base[.key]) - $h) == [] then empty
		        else "\($n) \(.key) is \($h | tojson), as a unit file \(.value | tojson)" end
		end end
	END
        # All units are loaded, since holder.service names them; so their objects are there.
        cluster_file abc /root/judge <<-'END'
		#!/bin/bash
		get() {
		        busctl -j call org.freedesktop.systemd1 "/org/freedesktop/systemd1/unit/$1_2eservice" \
		                org.freedesktop.DBus.Properties GetAll s ''
		}
		get ref_2dbase
		for n in $(seq "$1"); do
		        get "distro_2dapp_2dk$n"
		        if [ -e "/etc/systemd/system/ref-$n.service" ]; then get "ref_2d$n"; else get ref_2dbase; fi
		done
	END
        chmod 755 "$LAB/abc/root/root/judge"
}

applications() {
        local dir n=0 holder='ref-base.service' root=$LAB/abc/root
        for dir in there needed enemy later; do
                cluster_file abc "/etc/systemd/system/$dir.service" <<<$'[Service]\nExecStart=/bin/sleep 10000'
        done
        mkdir -p "$root/srv/there"
        cluster_file abc /etc/systemd/system/ref-base.service <<<$'[Service]\nExecStart=/bin/sleep 10000'
        while [ -d "$LAB/case/$((n + 1))" ]; do
                n=$((n + 1))
                cluster_file abc "/etc/distro-manager/applications/k$n.app" <"$LAB/case/$n/app"
                [[ $(cat "$LAB/case/$n/mark" 2>/dev/null) == reads* ]] ||
                        cluster_file abc "/etc/systemd/system/ref-$n.service" <"$LAB/case/$n/unit"
                holder+=" distro-app-k$n.service ref-$n.service"
        done
        # It is the default where there is only the one hierarchy of control groups, and elsewhere not.
        cluster_file abc /etc/systemd/system.conf.d/accounting.conf <<<$'[Manager]\nDefaultCPUAccounting=no'
        # As long as somebody names them, systemd keeps units in mind that could not be started.
        printf '[Unit]\nAfter=%s\n[Service]\nExecStart=/bin/sleep 10000\n' "$holder" |
                cluster_file abc /etc/systemd/system/holder.service
        node_wants abc there.service
        node_wants abc holder.service
        ln -sf /etc/systemd/system/there.service "$root/etc/systemd/system/lab.target.wants/there.service"
        ln -sf /etc/systemd/system/holder.service "$root/etc/systemd/system/lab.target.wants/holder.service"
        mkdir -p "$root/etc/systemd/system/distro-manager.service.d"
        printf '[Unit]\nAfter=there.service holder.service\n' >"$root/etc/systemd/system/distro-manager.service.d/lab.conf"
        write_judge
}

lab_up
step 'every key of the manual has a case'
split_list
missing=$(comm -3 <(page_keys) <(cat "$LAB"/case/*/key | sort))
check 'the keys of the page and of the list are the same, each once' test -z "$missing"
total=$(cat "$LAB"/case/*/key | wc -l)
check 'they are more than a hundred' test "$total" -gt 100
note "$total keys"

cluster_up abc
is_settled() { [ "$(cluster_status abc '[.applications[] | select(.state | IN("starting", "waiting", "stopping"))] | length')" = 0 ]; }
check_within 60 'all are started' is_settled

step 'each is a real unit with the properties of a unit file'
check 'what the manager says of the files' node_exec abc distroctl verify
NODE_TIMEOUT=200 node_exec abc /root/judge "$total" >"$LAB/properties"
# The marks "reads PROPERTY JSON" as an object by case.
reads=$(for mark in "$LAB"/case/*/mark; do
        read -r word key value <"$mark"
        [ "$word" != reads ] || jq -nc --arg n "$(basename "${mark%/mark}")" --arg key "$key" --argjson value "$value" '{($n): {key: $key, value: $value}}'
done | jq -sc 'add')
jq -rs --argjson reads "$reads" -f "$LAB/judge.jq" "$LAB/properties" >"$LAB/judged"
complaints=$(
        for dir in $(seq "$total"); do
                key=$(cat "$LAB/case/$dir/key")
                mark=$(cat "$LAB/case/$dir/mark" 2>/dev/null || true)
                awk -v n="$dir" '$1 == n && $2 != "state"' "$LAB/judged" | cut -d ' ' -f 2- | sed "s|^|$key: |"
                state=$(awk -v n="$dir" '$1 == n && $2 == "state" { print $3, $4 }' "$LAB/judged")
                case $state in
                "active /run/systemd/transient/distro-app-k$dir.service") [[ $mark != 'not started'* ]] || echo "$key: is started after all" ;;
                *" /run/systemd/transient/distro-app-k$dir.service") [[ $mark == 'not started'* ]] || echo "$key: $state" ;;
                *) echo "$key: $state" ;;
                esac
        done
)
[ -z "$complaints" ] || fail 'nothing differs' "$complaints"
