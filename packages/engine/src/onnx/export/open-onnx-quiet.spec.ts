import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { create, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';

import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  TensorProto_DataType,
} from '../graph/onnx-ml_pb.js';

it('an ONNX model that fails while it runs writes nothing to the terminal, not even the names in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quiet-'));
  try {
    const file = join(folder, 'failing.onnx');
    writeFileSync(file, failing());
    const engine = fileURLToPath(
      new URL('../../../dist/index.js', import.meta.url),
    );
    const script = `
      import { readFileSync } from 'node:fs';
      import { openOnnx } from ${JSON.stringify(engine)};
      import { float32 } from '@clip-lung/tensor';
      const open = await openOnnx(readFileSync(${JSON.stringify(file)}), { file: 'x' });
      await open.run({ x: float32([1], [5]) }).catch(({ message }) => console.log(message));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
    );
    expect(stdout).toMatch(/while running Gather node/);
    expect(stderr).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Takes entry x of a list that has none such, in a node whose name clears the screen. */
function failing(): Uint8Array {
  const value = (name: string) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: {
            dim: [{ value: { case: 'dimValue' as const, value: 1n } }],
          },
        },
      },
    },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 13n }],
      graph: {
        name: 'failing',
        input: [value('x')],
        output: [value('y')],
        node: [
          {
            opType: 'Cast',
            input: ['x'],
            output: ['place'],
            attribute: [
              {
                name: 'to',
                type: AttributeProto_AttributeType.INT,
                i: BigInt(TensorProto_DataType.INT64),
              },
            ],
          },
          {
            opType: 'Gather',
            name: '\u001b[2J',
            input: ['x', 'place'],
            output: ['y'],
          },
        ],
      },
    }),
  );
}
