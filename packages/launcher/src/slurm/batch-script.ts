import { shellWord } from '@clip-lung/tensor';

import { taskExitCodes } from '../exit-record.js';
import { exitFile, logFile, startMark } from '../job-files.js';
import { givenUpLine } from '../restart-rule.js';
import type { SlurmProfile } from './profile.js';

export interface BatchScript {
  /** the jobs folder, absolute */
  readonly jobs: string;
  /** the submission's folder, absolute */
  readonly submission: string;
  /** where the tasks run, absolute */
  readonly folder: string;
  readonly program: readonly string[];
  readonly profile: SlurmProfile;
  readonly restartsWithoutProgress: number;
  /** seconds between the attempts to requeue. Default 2, 5, 10, 20, 40 */
  readonly pauses?: readonly number[];
}

/** The bash script that a job array runs for each of its tasks. Its argument is the name of the array's folder. */
export function batchScript(options: BatchScript): string {
  const { jobs, submission, restartsWithoutProgress } = options;
  const { pauses = [2, 5, 10, 20, 40] } = options;
  return `${beginning(options)}
jobs=${shellWord(jobs)}
submission=${shellWord(submission)}
limit=${restartsWithoutProgress}
pauses=(${pauses.join(' ')})
${signals}${reading}${running}`;
}

/** The script of the job that follows the arrays. @param args what follows the program */
export function reportScript(
  options: Pick<BatchScript, 'folder' | 'program' | 'profile'>,
  args: readonly string[],
): string {
  return `${beginning(options)}
[ -z "$problem" ] || { echo "error: $problem"; exit 1; }
cd -- "$folder" || exit 1
exec "\${command[@]}" ${args.map(shellWord).join(' ')}
`;
}

/** First what is the cluster's own, so that none of its lines changes what follows. */
function beginning({
  folder,
  program,
  profile,
}: Pick<BatchScript, 'folder' | 'program' | 'profile'>): string {
  const { container, environment } = profile;
  const command = [...container, ...(profile.program ?? program)];
  return `#!/bin/bash
problem=''
${[...loading(profile), ...environment].join('\n')}
set +e -u
folder=${shellWord(folder)}
command=(${command.map(shellWord).join(' ')})`;
}

function loading({ modules }: SlurmProfile): readonly string[] {
  if (modules.length === 0) return [];
  const names = modules.map(shellWord).join(' ');
  return [
    '# Login shells have it; a batch script may not.',
    'command -v module >/dev/null || . /etc/profile',
    `module load ${names} || problem='a module cannot be loaded'`,
  ];
}

/** How signals reach the command. */
const signals = String.raw`
child='' sentinel='' stopped='' early='' caught=''
# Slurm mostly signals every process of a job, but before time is up, the script alone. A command that got a signal from both would
# take the second one for an order to end at once. This process tells: what was sent to all has ended it.
start_sentinel() {
  sleep 2147483 &
  sentinel=$!
  disown "$sentinel"
}
pass_on() {
  caught=1 stopped=$1
  if [ -z "$child" ]; then
    early=$1
    return
  fi
  local _
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if ! kill -0 "$sentinel" 2>/dev/null; then
      start_sentinel
      return
    fi
    sleep 0.1
  done
  kill -s "$1" "$child" 2>/dev/null
}
trap 'pass_on TERM' TERM
trap 'pass_on USR2' USR2
`;

/** Which task it is, and whether it may start. */
const reading = String.raw`
index=$SLURM_ARRAY_TASK_ID
job=${'$'}{SLURM_ARRAY_JOB_ID}_$index
here=$submission/$1/$index

# Words end with NUL, as a line break may be part of one.
read_words() {
  local word
  words=()
  while IFS= read -r -d '' word; do words+=("$word"); done <"$1"
}
read_words "$here.progress" || exit 1
progress=(${'$'}{words[@]+"${'$'}{words[@]}"})
read_words "$here.task" || exit 1
id=${'$'}{words[0]}
unset 'words[0]'
command+=(${'$'}{words[@]+"${'$'}{words[@]}"})
log=${logFile('$jobs', '$id')}
exec >>"$log" 2>&1

say() { printf '== %s\n' "$*"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# Usage: finish CODE SIGNAL, the signal as JSON
finish() {
  printf '{"code":%d,"signal":%s,"at":"%s","host":"%s","restarts":%d}\n' \
    "$1" "$2" "$(now)" "${'$'}{HOSTNAME//[!A-Za-z0-9._-]/}" "$restarts" >"$here.exit" &&
    mv -f -- "$here.exit" "${exitFile('$jobs', '$id')}"
  exit "$1"
}

give_up() {
  printf '%s\n' "${givenUpLine('$limit')}"
  finish 1 "$1"
}

progress_sum() {
  local file
  for file in ${'$'}{progress[@]+"${'$'}{progress[@]}"}; do
    if [ -e "$file" ]; then sha256sum <"$file"; else echo missing; fi
  done | sha256sum
}

# Anybody may requeue a task, and any start may be its last; so starts are counted when they begin.
rm -f -- "${exitFile('$jobs', '$id')}"
restarts=0 vain=0 before=$(progress_sum)
if [ -e "$here.restarts" ]; then
  read -r restarts vain last <"$here.restarts"
  restarts=$((restarts + 1))
  if [ "$before" = "$last" ]; then vain=$((vain + 1)); else vain=0; fi
fi
printf '%d %d %s\n' "$restarts" "$vain" "$before" >"$here.counting" &&
  mv -f -- "$here.counting" "$here.restarts"
printf '%s%s on %s, job %s%s\n' '${startMark}' "$(now)" "$HOSTNAME" "$job" \
  "$([ "$restarts" -eq 0 ] || printf ', restart %d' "$restarts")"
began=$(wc -c <"$log")
if [ "$vain" -gt "$limit" ]; then give_up null; fi
`;

/** The command, and what becomes of the task after it. */
const running = String.raw`
cd -- "$folder" || problem="$folder is not there on $HOSTNAME"
if [ -n "$problem" ]; then
  echo "error: $problem"
  finish 1 null
fi

# A person who cancels a job wants it gone; Slurm gives a reason for what it stops itself, and none here.
is_cancelled() {
  tail -c +"$((began + 1))" "$log" | grep -Eq '^slurmstepd.*\*\*\* .* CANCELLED AT [^ ]+ \*\*\*'
}

requeue() {
  local pause words
  if ! command -v scontrol >/dev/null; then
    echo 'error: stopped and saved, but not requeued: scontrol was not found on this node; submit the task again'
    return 1
  fi
  for pause in "${'$'}{pauses[@]}" ''; do
    if words=$(scontrol requeue "$job" 2>&1); then
      say "requeued"
      return 0
    fi
    # Somebody else was faster.
    case $words in *'pending execution'*) return 0 ;; esac
    say "the requeue was refused: $words"
    [ -z "$pause" ] || sleep "$pause"
  done
  echo "error: stopped and saved, but not requeued, as scontrol refuses it: $words; submit the task again"
  return 1
}

# Usage: start_again SIGNAL
start_again() {
  # What was to be saved is saved.
  trap '' TERM USR2
  if is_cancelled; then
    say 'cancelled, and not requeued'
  elif [ "$vain" -ge "$limit" ] && [ "$(progress_sum)" = "$before" ]; then
    give_up "$1"
  elif requeue; then
    exit 0
  fi
  finish 75 "$1"
}

start_sentinel
status=75
if [ -z "$stopped" ]; then
  "${'$'}{command[@]}" </dev/null &
  child=$!
  # A signal that came just before found nobody to pass it to.
  [ -z "$early" ] || kill -s "$early" "$child"
  earlier=''
  while :; do
    caught=''
    wait "$child" 2>/dev/null
    status=$?
    # A signal ends the wait, and not the command. If the command has ended in the same moment, it is no longer known.
    if [ "$status" -eq 127 ] && [ -n "$earlier" ]; then status=$earlier; fi
    [ -n "$caught" ] || break
    earlier=$status
  done
fi
kill "$sentinel" 2>/dev/null

signal=''
if [ "$status" -gt 128 ]; then signal=$(kill -l "$((status - 128))" 2>/dev/null); fi
json=null
if [ -n "$signal" ]; then json="\"SIG$signal\""; fi
# One that was asked to stop before it had begun to listen.
case $stopped:$signal in ?*:TERM | ?*:USR2) status=75 ;; esac
# How the task ends is for the process to say that does it.
if [ "$status" -eq ${taskExitCodes.busy} ]; then
  say 'left to the process that does it'
  exit 0
fi
if [ "$status" -eq 75 ] || [ "$signal" = KILL ]; then start_again "$json"; fi
finish "$status" "$json"
`;
