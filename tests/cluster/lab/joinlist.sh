# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Faults in the moment in which Corosync tells the others which processes it has: once in each new ring. Too short to be
# met by chance, so a debugger waits for it in the guest. Sourced by a test after lab.sh.

# joinlist_fault NODE kill|lose: waits in the background for the next list that Corosync of NODE sends.
#   kill   Corosync dies when it has sent its list and before it passes the token on
#   lose   the others read another name where the manager's group stood
# Returns when the debugger waits. Corosync stands still while it is being attached: use a long token.
joinlist_fault() {
        local pid log=$LAB/$1/root/root/joinlist.log
        node_exec "$1" sh -c 'command -v gdb >/dev/null' || lab_die 'there is no gdb (tools/deps)'
        cluster_file "$1" /root/joinlist.gdb <<-'END'
		set pagination off
		set confirm off
		handle SIGUSR1 SIGPIPE nostop noprint
		python
		import os
		import struct

		process = gdb.selected_inferior()
		node = os.environ["NODE"].encode()
		message = "$rsi" if "x86" in process.architecture().name() else "$x1"

		def words(address, count):
		        return struct.unpack("%dQ" % count, process.read_memory(address, 8 * count).tobytes())

		# What sendmsg() was called with: address and content of each part.
		def parts():
		        vector, count = words(int(gdb.parse_and_eval("(unsigned long) " + message)) + 16, 2)
		        for i in range(count):
		                address, size = words(vector + 16 * i, 2)
		                if size:
		                        yield address, process.read_memory(address, size).tobytes()

		class Send(gdb.Breakpoint):
		        def stop(self):
		                if gdb.selected_thread().num != 1:
		                        return False
		                found = list(parts())
		                data = b"".join(content for _, content in found)
		                # Only a list names both groups that a manager is in.
		                if b"distro-manager/" + node not in data or b"distro-manager\0" not in data:
		                        return False
		                if os.environ["FAULT"] == "lose":
		                        for address, content in found:
		                                at = content.find(b"distro-manager\0")
		                                if at >= 0:
		                                        process.write_memory(address + at, b"x")
		                return True

		Send("sendmsg")
		print("waiting", flush=True)
		gdb.execute("continue")
		if os.environ["FAULT"] == "kill":
		        gdb.execute("finish")
		        # Other threads carry it out.
		        gdb.execute("call (int) usleep(50000)")
		        gdb.execute("kill")
		else:
		        gdb.execute("delete")
		        gdb.execute("detach")
		print("done", flush=True)
		end
	END
        pid=$(node_exec "$1" systemctl show --value -p MainPID corosync)
        rm -f "$log"
        NODE_TIMEOUT=60 node_exec "$1" sh -c \
                "NODE=${NODE_NUMBER[$1]} FAULT=$2 exec gdb -q -nx -batch -x /root/joinlist.gdb -p $pid >/root/joinlist.log 2>&1" &
        wait_until 20 grep -q '^waiting' "$log" || fail 'the debugger waits' "$(cat "$log")"
}

# Waits until what joinlist_fault() waits for has happened on guest $1.
joinlist_wait() {
        wait_until 30 grep -q '^done' "$LAB/$1/root/root/joinlist.log" ||
                fail "Corosync of $1 sends its list" "$(cat "$LAB/$1/root/root/joinlist.log")"
}
