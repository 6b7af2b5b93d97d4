/** What the system's codes mean to whoever has to do something about it, in whatever was tried. */
const reasons: Readonly<Record<string, string>> = {
  EBUSY:
    'another program uses it, or a disk is mounted there; close that program, or choose another place',
  EIO: 'the disk is failing; check it, and copy what is on it',
  ELOOP: 'its links lead in a circle',
  EMFILE:
    'too many files are open; raise the limit (ulimit -n), or close other programs',
  ENAMETOOLONG: 'its name is too long; choose a shorter one',
  ENFILE: 'too many files are open on this machine; close other programs',
  ENOMEM: 'there is no memory left; close other programs',
  ESTALE: 'the network disk has lost it; mount it again',
};

/** What to tell of an error of the system: what it means, with its code, or its own words. */
export function systemReason(
  error: unknown,
  own: Readonly<Record<string, string>>,
): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const reason = own[code] ?? reasons[code];
  return reason === undefined ? error.message : `${reason} (${code})`;
}
