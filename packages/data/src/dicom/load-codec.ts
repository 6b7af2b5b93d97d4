import type codec from '@cornerstonejs/dicom-codec';

/** What has been made, by what was asked for first. */
const made = new Map<string, Promise<void>>();

/**
 * Works with the package of decoders and encoders, which is loaded when it is first needed.
 *
 * Those of JPEG 2000 report their progress (`[INFO] …`) through whatever `console.log` is at the moment they are made, and
 * give no way to say otherwise: standard output is for results, so at that moment the console is one that drops such
 * lines.
 *
 * @param name of what is made at the first such work
 */
export async function withCodec<T>(
  name: string,
  work: (loaded: typeof codec) => Promise<T>,
): Promise<T> {
  const { default: loaded } = await import('@cornerstonejs/dicom-codec');
  const making = made.get(name);
  if (making) {
    await making;
    return work(loaded);
  }
  const working = withoutReports(() => work(loaded));
  made.set(
    name,
    working.then(
      () => undefined,
      () => undefined,
    ),
  );
  return working;
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
