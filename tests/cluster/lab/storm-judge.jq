# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is not yet, or not any more, as it has to be once all faults have ended. Run by storm-judge.sh.
#
# Inputs: what `distroctl --json=short status` said on each node, in the order of $members; null for no answer.
# $units: what systemd has on each node, lines of NODE APP ACTIVESTATE INVOCATION PID EPOCH.
# $model: what the answered commands have made of the cluster; null where a command was not answered and may or may not
# have happened. Prints lines of KIND and text; KIND is `wait`, `lost` (an answered command) or `mark`.

def is_copy: IN("active", "activating", "deactivating", "reloading");

# All that members agree on; times and words for people are not.
def agreed: {
        nodes: [.nodes[] | {name, state, standby}],
        applications: [.applications[] | {name, state, node, start_type, from_node, epoch, target, tiers, permissions,
                        maintenance, held, definition_mismatch, failures: (.failures | keys)}]
};

def judge_app($a; $standby; $units; $m):
        [$units[] | select(.app == $a.name and (.state | is_copy))] as $copies
        | [$a.tiers[] | map(select($a.permissions[.] and (IN($standby[]) | not))) | select(length > 0)] as $tiers
        | ($tiers[0] // []) as $best
        | "\($a.name) is \($a.state) on \($a.node), target \($a.target), held \($a.held), copies \($copies | map(.node))" as $is
        | if $m.target != null and $m.target != $a.target then "lost \($a.name): \($m.target) was answered: \($is)" else empty end,
          if $m.maintenance != null and $m.maintenance != $a.maintenance then "lost \($a.name): maintenance \($m.maintenance) was answered: \($is)" else empty end,
          ($a.permissions | keys[] as $n | select($m.permissions[$n] != null and $m.permissions[$n] != .[$n])
                | "lost \($a.name): permission \($m.permissions[$n]) for \($n) was answered"),
          if $a.failures != {} then "mark \($a.name) \($a.failures | keys | join(","))" else empty end,
          if $a.definition_mismatch != [] then "wait \($a.name): files differ on \($a.definition_mismatch)" else empty end,
          if ($copies | length) > 1 then "wait two copies: \($is)" else empty end,
          if $a.maintenance then empty
          elif $a.target == "stopped" then
                if $a.state != "stopped" or $copies != [] then "wait \($is)" else empty end
          elif $best == [] then
                if $a.state != "blocked" or $copies != [] then "wait nobody may run it: \($is)" else empty end
          elif $a.state != "running" or ($copies | map(.node)) != [$a.node] or $copies[0].state != "active" then "wait \($is)"
          elif $copies[0].epoch != $a.epoch then "wait \($a.name): epoch \($a.epoch) but the worker has \($copies[0].epoch)"
          elif $m.restarted != null and $a.epoch <= $m.restarted then "lost \($a.name): restart was answered, its epoch is still \($a.epoch)"
          elif $m.hold != null and $m.hold != "?" and ($m.hold | IN($best[]) | not) and $a.node != $m.hold then
                "lost \($a.name): takeover by \($m.hold) was answered: \($is)"
          elif ($a.node | IN($best[])) or ($a.held and $m.hold != null) then empty
          else "wait \($a.name) should run on one of \($best): \($is)"
          end;

($members | split(" ")) as $names
| [inputs] as $all
| [$units | split("\n")[] | select(. != "") | split(" ")
        | {node: .[0], app: .[1], state: .[2], invocation: .[3], pid: .[4], epoch: (.[5] | tonumber? // 0)}] as $list
| [
        range($names | length) as $i | $all[$i] as $s
        | if $s == null then "wait \($names[$i]) does not answer"
          elif $s.manager | .synced and .formed and .quorate | not then "wait \($names[$i]) does not take part"
          elif [$s.nodes[].state] | unique != ["online"] then "wait \($names[$i]) sees nodes \($s.nodes | map(.name + " " + .state))"
          elif $all[0] != null and ($s | agreed) != ($all[0] | agreed) then "wait \($names[$i]) and \($names[0]) do not agree"
          else empty end
] as $nodes
| if $nodes != [] then $nodes[]
  else
        $all[0] as $s
        | [$s.nodes[] | select(.standby) | .name] as $standby
        | ($s.nodes[] | select($model.standby[.name] != null and $model.standby[.name] != .standby)
                | "lost \(.name): standby \($model.standby[.name]) was answered"),
          (($model.apps | keys) - [$s.applications[].name] | map("wait no application \(.)")[]),
          ($s.applications[] as $a | judge_app($a; $standby; $list; $model.apps[$a.name]))
  end
