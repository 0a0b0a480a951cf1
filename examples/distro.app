# An application: what shall run, and where. Belongs in /etc/distro-manager/applications/distro.app,
# the same on every node. See distro-manager.app(5).

[Application]
Description=The distro worker
# In order of priority; braces hold a tier of equals.
Nodes=abc {bcd def}
# A lost node is waited for so long before another one takes over: as long as one that is only cut off may need to stop the
# worker.
FailoverDelaySec=auto
# When a better node comes back, it takes the application over: first stopped here, then started there.
Takeover=automatic
TakeoverMode=stop-first
# A node on which the worker failed for good is left out for so long.
FailureTimeoutSec=10min

[Unit]
RequiresMountsFor=/srv/distro

[Service]
# Why it was started is in DISTRO_START_TYPE, DISTRO_FROM_NODE, DISTRO_NODE and DISTRO_EPOCH.
ExecStart=/usr/libexec/distro-manager/distro-worker
Type=notify
# Also after a clean exit or a SIGTERM: with on-failure the application is finished then, on all nodes.
Restart=always
RestartSec=100ms
DynamicUser=yes
MemoryMax=64M
