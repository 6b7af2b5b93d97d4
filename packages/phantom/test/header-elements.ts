/** The elements in the header of an annotation file, by name and in order. */
export function headerElements(xml: string): readonly string[] {
  const header =
    /<ResponseHeader>(.*?)<\/ResponseHeader>/s.exec(xml)?.[1] ?? '';
  return [...header.matchAll(/<(\w+)>/g)].map((match) => match[1] ?? '');
}
