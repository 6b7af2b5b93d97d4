#!/usr/bin/env bash
# A Slurm cluster of one node on this Debian machine, as root, for packages/launcher/src/slurm/slurm-node.spec.ts.
#
#   tools/check/slurm-node.sh         installs what is missing and starts it; does nothing where a cluster answers already
#   tools/check/slurm-node.sh stop    stops the cluster that it has started
#
# Everything but the configuration lies in one folder. A configuration that is not of this script is left alone.
set -euo pipefail

home=/var/spool/slurm-node-check
conf=/etc/slurm/slurm.conf
mark='# Written by tools/check/slurm-node.sh'
export PATH=$PATH:/usr/sbin:/sbin

say() { echo "slurm-node: $*"; }

# The cluster's answer is awaited for a moment only: without one, Slurm's commands would wait for long.
answers() { [ "$(timeout 5 sinfo --noheader --format=%T 2>/dev/null | head -1)" = "${1:-}" ]; }

stop() {
  local daemon pid
  for daemon in slurmd slurmctld; do
    pid=$(cat "$home/$daemon.pid" 2>/dev/null) || continue
    # After a crash, the number may be another process's.
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ] || continue
    say "stops $daemon"
    kill "$pid"
  done
}

if [ "${1:-}" = stop ]; then
  stop
  exit
fi
if command -v sinfo >/dev/null && { answers idle || answers mixed || answers allocated; }; then
  say 'a cluster answers already'
  exit
fi
if [ "$(id -u)" -ne 0 ]; then
  say 'it takes root to install and start Slurm'
  exit 1
fi
if [ -e "$conf" ] && ! grep -qF "$mark" "$conf"; then
  say "$conf is of another cluster, and is left alone"
  exit 1
fi

if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
  say 'installs slurm-wlm and munge'
  export DEBIAN_FRONTEND=noninteractive
  install() { apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null; }
  # The list of packages may be missing, or old.
  install 2>/dev/null || { apt-get update -qq && install; }
fi

host=$(hostname -s)
mkdir -p /etc/slurm "$home/state" "$home/slurmd" /run/munge
cat >"$conf" <<CONF
$mark
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/slurmd
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=check Nodes=$host Default=YES MaxTime=INFINITE OverSubscribe=FORCE:4 State=UP
CONF
if [ ! -e /etc/munge/munge.key ]; then
  (umask 077 && head -c 1024 /dev/urandom >/etc/munge/munge.key)
fi
chown -R munge: /etc/munge /run/munge
stop

say 'starts munge, slurmctld and slurmd'
# They become daemons; what called this script shall not wait for their output.
munge -n >/dev/null 2>&1 || su -s /bin/sh munge -c "$(command -v munged)" </dev/null >/dev/null 2>&1
slurmctld </dev/null >/dev/null 2>&1
slurmd </dev/null >/dev/null 2>&1

for _ in $(seq 30); do
  if answers idle; then
    say 'the cluster is up'
    exit
  fi
  sleep 1
done
say "the cluster does not come up; see $home/*.log"
tail -n 5 "$home"/*.log || true
exit 1
