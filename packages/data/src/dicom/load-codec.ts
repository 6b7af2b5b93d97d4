import type codec from '@cornerstonejs/dicom-codec';

/** Decoders that have been made, by transfer syntax. */
const made = new Map<string, Promise<void>>();

/**
 * Decodes with the package of decoders, which is loaded when it is first needed.
 *
 * The JPEG 2000 decoder reports its progress (`[INFO] …`) through whatever `console.log` is at the moment it is made, and
 * gives no way to say otherwise: standard output is for results, so at that moment the console is one that drops such
 * lines.
 */
export async function decodeWithCodec(
  ...args: Parameters<typeof codec.decode>
): ReturnType<typeof codec.decode> {
  const { default: loaded } = await import('@cornerstonejs/dicom-codec');
  const [, , syntax] = args;
  const making = made.get(syntax);
  if (making) {
    await making;
    return loaded.decode(...args);
  }
  const decoding = withoutReports(() => loaded.decode(...args));
  made.set(
    syntax,
    decoding.then(
      () => undefined,
      () => undefined,
    ),
  );
  return decoding;
}

async function withoutReports<T>(work: () => Promise<T>): Promise<T> {
  const names = ['log', 'warn', 'error'] as const;
  const write = names.map((name) => console[name].bind(console));
  const originals = names.map((name) => Reflect.get(console, name) as unknown);
  for (const [i, name] of names.entries()) {
    console[name] = (...values: unknown[]): void => {
      if (!/^(\[(INFO|WARNING|ERROR)\]|\s*$)/.test(String(values[0]))) {
        write[i]?.(...values);
      }
    };
  }
  try {
    return await work();
  } finally {
    for (const [i, name] of names.entries()) {
      Reflect.set(console, name, originals[i]);
    }
  }
}
