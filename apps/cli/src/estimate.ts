/** `, 12 s left`, when there is enough to tell from; the rest is taken to go as fast as what is done. */
export function estimate(
  done: number,
  total: number,
  milliseconds: number,
): string {
  if (done === 0 || done >= total || milliseconds < 1000) return '';
  return `, ${duration((milliseconds / done) * (total - done))} left`;
}

/** `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
