import type { Listener } from './pixel-format.js';

const standard = /^\d[\d.]{0,63}$/;
/** Programs make file names of UIDs, so what could be a path, an option or a hidden file is none. */
const safe = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/;

/**
 * A UID as an identifier: it only has to be the same wherever it stands. One that has letters, as some programs write, is taken
 * with a note.
 */
export function uidOf(
  text: string,
  name: string,
  { refuse, note }: Listener,
): string {
  if (standard.test(text)) return text;
  if (!safe.test(text)) {
    refuse(
      `${name} is "${text.slice(0, 80)}", expected a UID of digits and dots`,
    );
  }
  const message = `its ${name} is not a UID of at most 64 digits and dots; it is used as it is`;
  note({ code: 'uid-irregular', message });
  return text;
}
