# A web server that is not worth an interruption when a better node returns, and is shut in.

[Application]
Description=Web front end
Nodes={web1 web2} spare
# At once: two copies for some seconds do no harm here, should a lost node only be cut off.
FailoverDelaySec=0
# Stays where it is until an administrator moves it.
Takeover=manual
# Counts twice where the nodes of a tier are compared.
Weight=2

[Unit]
Wants=network-online.target
After=network-online.target
ConditionPathExists=/srv/www/index.html
StartLimitIntervalSec=1min
StartLimitBurst=5

[Service]
ExecStart=/usr/bin/python3 -m http.server --directory /srv/www 8080
Restart=always
RestartSec=1s
TimeoutStopSec=10s
DynamicUser=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET AF_INET6
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
MemoryMax=256M
TasksMax=64
CPUWeight=200
