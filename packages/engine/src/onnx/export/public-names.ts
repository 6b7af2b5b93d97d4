import { ExportError } from '../../errors.js';
import { Graph, type GraphValue } from '../graph/graph.js';
import { givenInput, type TracedFunction } from '../trace/trace.js';

/** Names of values are identifiers of C. @see https://github.com/onnx/onnx/blob/main/docs/IR.md#names-within-a-graph */
const identifier = /^[A-Za-z_]\w*$/;

/**
 * The names that a model shows, by those that its graph has: an input's own, and an output's path with `_` for `.`.
 *
 * @throws `ExportError` for a name that ONNX does not allow, or that is given twice
 */
export function publicNames(
  inputs: readonly string[],
  { outputs }: TracedFunction,
): ReadonlyMap<string, string> {
  const wanted = [
    ...inputs.map((name) => [givenInput(name), name] as const),
    ...outputs.map(
      ({ name, path }) =>
        [name, path === '' ? 'output' : path.replaceAll('.', '_')] as const,
    ),
  ];
  const seen = new Set<string>();
  for (const [, name] of wanted) {
    if (!identifier.test(name)) {
      throw new ExportError(
        `"${name}" cannot name an input or output of an ONNX model; use letters, digits and _, and do not begin with a digit`,
      );
    }
    if (seen.has(name)) {
      throw new ExportError(
        `two inputs or outputs of the model would be called "${name}"; give one another name`,
      );
    }
    seen.add(name);
  }
  return new Map(wanted);
}

/** The graph with other names. Values that are not named keep theirs, unless one of the names is taken by it. */
export function renamed(
  graph: Graph,
  names: ReadonlyMap<string, string>,
): Graph {
  const taken = new Set(names.values());
  const values = new Map<string, GraphValue>();
  const value = (given: GraphValue): GraphValue => {
    let own = values.get(given.name);
    if (own === undefined) {
      own = {
        ...given,
        name: names.get(given.name) ?? free(given.name, taken),
      };
      values.set(given.name, own);
    }
    return own;
  };
  const result = new Graph();
  result.inputs.push(...graph.inputs.map(value));
  result.nodes.push(
    ...graph.liveNodes().map((node) => ({
      ...node,
      inputs: node.inputs.map(value),
      outputs: node.outputs.map(value),
    })),
  );
  result.outputs.push(...graph.outputs.map(value));
  return result;
}

function free(name: string, taken: ReadonlySet<string>): string {
  let own = name;
  while (taken.has(own)) own = `${own}_`;
  return own;
}
