#!/usr/bin/env bash
# A real SLURM on this machine, for tests: munge, slurmctld and slurmd from Debian's packages, one node, no accounting.
#   tests/slurm/cluster.sh install   packages and configuration; 0 if they are there already
#   tests/slurm/cluster.sh start     the three daemons; 0 if they run already
#   tests/slurm/cluster.sh stop      ends them by their pid files
#   tests/slurm/cluster.sh status    0 if the node takes jobs
#   tests/slurm/cluster.sh kill-slurmd | start-slurmd
# Exit code 3: SLURM cannot be installed here (no root, no apt-get, no network, or a cluster of somebody else).
set -euo pipefail

CONF=/etc/slurm/slurm.conf
MARK="# initscale test cluster; made by tests/slurm/cluster.sh"
STATE=/var/lib/slurm
PID_SLURMD=/run/slurmd.pid
PID_SLURMCTLD=/run/slurmctld.pid
PID_MUNGED=/run/munge/munged.pid

cannot() { echo "cluster.sh: $1" >&2; exit 3; }

runs() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

wait_until() { # seconds, command...
    local left=$(($1 * 10)); shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1)); [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

gone() { ! runs "$1"; }

end() { # pid file
    runs "$1" || return 0
    kill "$(cat "$1")"
    wait_until 15 gone "$1" || kill -KILL "$(cat "$1")"
}

write_conf() {
    local memory
    memory=$(($(awk '/^MemTotal/ {print $2}' /proc/meminfo) / 1024 - 512))
    mkdir -p /etc/slurm
    cat >"$CONF" <<CONF_END
$MARK
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
# A requeued job starts after this many seconds (120 by default).
AuthInfo=cred_expire=15
MpiDefault=none
# No cgroups and no systemd in a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
# An impossible request is refused by sbatch; by default it would be pending for ever.
EnforcePartLimits=ALL
SlurmctldPidFile=$PID_SLURMCTLD
SlurmdPidFile=$PID_SLURMD
StateSaveLocation=$STATE/slurmctld
SlurmdSpoolDir=$STATE/slurmd
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
InactiveLimit=0
KillWait=10
# squeue remembers finished jobs for a day, since there is no sacct.
MinJobAge=86400
SlurmctldTimeout=60
SlurmdTimeout=60
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=5,sched_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=/var/log/slurm/jobcomp.log
# More CPUs than the machine has: several jobs run at a time on two cores too.
SlurmdParameters=config_overrides
# Two devices that stand for GPUs.
GresTypes=gpu
NodeName=localhost NodeAddr=127.0.0.1 CPUs=6 RealMemory=$memory Gres=gpu:fake:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=2880 PriorityTier=1 GraceTime=15 State=UP
PartitionName=gpu Nodes=ALL MaxTime=2880 PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=60 PriorityTier=10 PreemptMode=OFF State=UP
CONF_END
    echo "NodeName=localhost Name=gpu Type=fake File=/dev/null,/dev/zero" >/etc/slurm/gres.conf
}

install() {
    [ ! -e "$CONF" ] || grep -qxF "$MARK" "$CONF" || cannot "$CONF belongs to a cluster of this site; left alone"
    [ "$(id -u)" = 0 ] || cannot "installing SLURM needs root"
    if ! command -v slurmctld slurmd munged sbatch >/dev/null; then
        command -v apt-get >/dev/null || cannot "no apt-get on this machine"
        export DEBIAN_FRONTEND=noninteractive
        local wait="-o DPkg::Lock::Timeout=300" packages="slurmctld slurmd slurm-client munge"
        if [ ! -e /usr/sbin/policy-rc.d ]; then # else the packages would start daemons that have no configuration yet
            trap 'rm -f /usr/sbin/policy-rc.d' EXIT
            printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
            chmod +x /usr/sbin/policy-rc.d
        fi
        # shellcheck disable=SC2086
        apt-get $wait install -qq -y --no-install-recommends $packages >/dev/null 2>&1 ||
            { apt-get $wait update -qq && apt-get $wait install -qq -y --no-install-recommends $packages >/dev/null; } ||
            cannot "apt-get cannot install $packages"
    fi
    # Without accounting every query of sacct fails; a site without accounting has no sacct either.
    [ ! -x /usr/bin/sacct ] || dpkg-statoverride --force-all --add --update root root 0644 /usr/bin/sacct 2>/dev/null
    write_conf
}

start_slurmd() {
    runs "$PID_SLURMD" || slurmd
    wait_until 60 status || { tail -n 5 /var/log/slurm/*.log >&2; echo "cluster.sh: the node does not take jobs" >&2; exit 1; }
}

start() {
    for folder in /run/munge:755 /var/log/munge:700 /var/lib/munge:700; do
        command install -d -o munge -g munge -m "${folder#*:}" "${folder%:*}"
    done
    mkdir -p "$STATE/slurmctld" "$STATE/slurmd" /var/log/slurm
    munge -n >/dev/null 2>&1 || su -s /bin/sh munge -c /usr/sbin/munged
    runs "$PID_SLURMCTLD" || slurmctld -c # without the jobs of an earlier start
    start_slurmd
}

status() { sinfo -h -o %T | grep -qE '^(idle|mixed|allocated|completing)'; }

stop() {
    end "$PID_SLURMD"
    end "$PID_SLURMCTLD"
    end "$PID_MUNGED"
}

case "${1:-}" in
    install | start | stop | status) "$1" ;;
    kill-slurmd)
        kill -KILL "$(cat "$PID_SLURMD")"
        wait_until 10 gone "$PID_SLURMD"
        ;;
    start-slurmd) start_slurmd ;;
    *) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac
