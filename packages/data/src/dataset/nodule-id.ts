/**
 * The ID of a nodule: its patient, eight hexadecimal digits that stand for its series, and its number in the scan, from 1 in
 * the order of the annotation file. It depends on nothing else: no option, no other scan.
 */
export function noduleId(
  patient: string,
  seriesUid: string,
  number: number,
): string {
  return `${patient}-${shortHash(seriesUid)}-${number}`;
}

/** 32-bit FNV-1a of a text of ASCII characters. */
function shortHash(text: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, '0');
}
