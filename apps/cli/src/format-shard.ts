import type { ShardReport } from '@clip-lung/data/node';

/** What a shard came to, and what is to be done next, in lines for people. */
export function formatShard({
  shard: { number, of },
  patients,
  scans,
  failures,
  folder,
  done,
  missing,
}: ShardReport): readonly string[] {
  return [
    `shard ${number} of ${of}: ${patients} patients, ${scans} scans prepared; kept in ${folder}`,
    ...failures.map(
      ({ file, message }) => `  cannot be prepared: ${file}: ${message}`,
    ),
    missing.length === 0
      ? `all ${of} shards are prepared; the same command without --shard makes the dataset of them`
      : `${done.length} of ${of} shards are prepared; missing: ${missing.join(', ')}`,
  ];
}
