import { spawn } from 'node:child_process';

/** Stops what the launcher has started, should the launcher itself be killed. */
export interface Watchdog {
  watch(pid: number): void;
  /** of a process that has ended: its number may become another's */
  forget(pid: number): void;
  /** ends the watchdog; nothing is stopped by it any more */
  close(): void;
}

/** Its input ends when the launcher does, however that happens. */
const script = `
pids=
while read -r what pid; do
  kept=
  for other in $pids; do [ "$other" = "$pid" ] || kept="$kept $other"; done
  pids=$kept
  [ "$what" = watch ] && pids="$pids $pid"
done
for pid in $pids; do kill -s TERM "$pid"; done
`;

/** Starts a shell that waits beside the launcher. On Windows, where there is none, nothing is watched. */
export function startWatchdog(): Watchdog {
  if (process.platform === 'win32') {
    const nothing = (): void => undefined;
    return { watch: nothing, forget: nothing, close: nothing };
  }
  const { stdin } = spawn('/bin/sh', ['-c', script], {
    // Away from the terminal, whose Ctrl-C would end it, too.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
    // Without it, tasks run as they do with it.
    .on('error', () => undefined);
  stdin.on('error', () => undefined);
  return {
    watch: (pid) => stdin.write(`watch ${pid}\n`),
    forget: (pid) => stdin.write(`forget ${pid}\n`),
    close() {
      // A task that was started last may not have been forgotten yet: its line comes first.
      stdin.end();
    },
  };
}
