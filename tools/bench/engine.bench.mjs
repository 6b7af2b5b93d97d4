// The engine against PyTorch, part by part; each part in a process of its own, by turns with its peer, so that whatever
// else the machine does falls on both alike.
import { runPeer } from './peer.mjs';

const compared = ['tower', 'resnet', 'volumes', 'shapes'];
const parts = [...compared, 'compile', 'empty'];

export async function run({ note, python, wants }) {
  const result = {};
  if (wants('memory')) {
    note('engine: memory');
    const measure = (flags) =>
      runPeer('engine-peer.mjs', ['memory'], undefined, flags);
    const whole = await measure([]);
    // Node's optimising compiler keeps some megabytes that it takes while the first thousand steps run.
    const { 'growth, percent': engine } = await measure(['--no-opt']);
    result.memory = {
      ...whole,
      'growth without compiled JavaScript, percent': engine,
    };
  }
  for (const part of parts.filter(wants)) {
    note(`engine: ${part}`);
    const hasPeer = compared.includes(part);
    const rounds = hasPeer ? 3 : 1;
    const ours = [];
    const torch = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await runPeer('engine-peer.mjs', [part]));
      if (hasPeer && python !== null)
        torch.push(await runPeer('bench_engine.py', [part], python));
    }
    const best = (runs) =>
      Object.fromEntries(
        Object.keys(runs[0]).map((name) => [
          name,
          Math.min(...runs.map((one) => one[name])),
        ]),
      );
    result[part] = hasPeer
      ? Object.fromEntries(
          Object.entries(best(ours)).map(([name, milliseconds]) => [
            name,
            torch.length === 0
              ? { ours: milliseconds }
              : {
                  ours: milliseconds,
                  pytorch: best(torch)[name],
                  ratio: milliseconds / best(torch)[name],
                },
          ]),
        )
      : ours[0];
  }
  return result;
}

export function format(result) {
  const lines = ['milliseconds, the best of three processes'];
  for (const [part, values] of Object.entries(result)) {
    for (const [name, value] of Object.entries(values)) {
      lines.push(
        typeof value === 'object'
          ? `${part.padEnd(8)} ${name.padEnd(34)} ours ${value.ours.toFixed(1).padStart(8)}${value.pytorch === undefined ? '' : `  PyTorch ${value.pytorch.toFixed(1).padStart(8)}  ratio ${value.ratio.toFixed(2)}`}`
          : `${part.padEnd(8)} ${name.padEnd(34)} ${value.toFixed(3)}`,
      );
    }
  }
  return lines.join('\n');
}
