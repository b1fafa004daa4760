/// jax-js as a contender: the whole step, with Adam, under one `jit`.
import type { Array, Tree } from "@jax-js/jax";
import type { Arrays, Contender, Session } from "../contender.ts";
import type { Numbers, Task } from "../task.ts";

interface State {
  readonly parameters: Tree;
  readonly m: Tree;
  readonly v: Tree;
  /** β₁ᵗ and β₂ᵗ, which costs less than powers of a step counter. */
  readonly decay1: Array;
  readonly decay2: Array;
}

const mapTree = (tree: Tree, map: (array: Array, name: string) => Array): Tree =>
  Object.fromEntries(Object.entries(tree).map(([name, array]) => [name, map(array, name)]));

/** Adam (Kingma and Ba 2015), as the others compute it. */
function trainer({ jax, forwardOf }: Library, task: Task) {
  const { numpy } = jax;
  const [beta1, beta2, rate, epsilon] = [0.9, 0.999, 1e-3, 1e-8];
  const gradient = jax.valueAndGrad(forwardOf(task.workload));
  return jax.jit(({ parameters, m, v, ...decays }: State, inputs: Tree) => {
    const [loss, gradients] = gradient(jax.tree.ref(parameters), inputs);
    const [decay1, decay2] = [decays.decay1.mul(beta1), decays.decay2.mul(beta2)];
    const nextM = mapTree(m, (old, name) => old.mul(beta1).add(gradients[name].ref.mul(1 - beta1)));
    const nextV = mapTree(v, (old, name) => {
      const g = gradients[name];
      return old.mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
    });
    const corrected = (moment: Array, decay: Array): Array => moment.div(decay.neg().add(1));
    const updated = mapTree(parameters, (old, name) => {
      const root = numpy.sqrt(corrected(nextV[name].ref, decay2.ref)).add(epsilon);
      return old.sub(corrected(nextM[name].ref, decay1.ref).div(root).mul(rate));
    });
    return [loss, { parameters: updated, m: nextM, v: nextV, decay1, decay2 }] as const;
  });
}

async function open({ jax }: Library, task: Task, numbers: Numbers) {
  await jax.init("webgpu");
  jax.defaultDevice("webgpu");
  const upload = (values: Numbers[keyof Numbers], specs: Task[keyof Numbers]): Tree =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, jax.numpy.array(values[name], { shape })]));
  return {
    parameters: upload(numbers.parameters, task.parameters),
    inputs: upload(numbers.inputs, task.inputs),
  };
}

/** The library, which needs the polyfill, and what is written with it. */
async function importLibrary() {
  const jax = await import("@jax-js/jax");
  const { forwardOf } = await import("./jax-models.ts");
  return { jax, forwardOf };
}

type Library = Awaited<ReturnType<typeof importLibrary>>;

/** The contender. */
export async function importJax(): Promise<Contender> {
  const library = await importLibrary();
  return (task, numbers) => openSession(library, task, numbers);
}

/** Opens a training step, or a forward function. */
async function openSession(library: Library, task: Task, numbers: Numbers): Promise<Session> {
  const { jax, forwardOf } = library;
  const { parameters, inputs } = await open(library, task, numbers);
  const results: { last?: Array } = {};
  const replace = (array: Array): void => {
    results.last?.dispose();
    results.last = array;
  };
  if (!task.training) {
    const forward = jax.jit(forwardOf(task.workload));
    // What nobody asks for is never computed.
    const asked: Promise<unknown>[] = [];
    return {
      step: () => {
        const result = forward(jax.tree.ref(parameters), jax.tree.ref(inputs));
        asked.push(result.ref.blockUntilReady());
        replace(result);
      },
      finish: async () => {
        await Promise.all(asked.splice(0));
        return 0;
      },
      state: async () => ({ result: await results.last!.ref.data() }),
    };
  }
  const train = trainer(library, task);
  const zeros = (): Tree => mapTree(parameters, ({ shape }) => jax.numpy.zeros(shape));
  const one = (): Array => jax.numpy.array(new Float32Array([1]), { shape: [] });
  const ones = { decay1: one(), decay2: one() };
  const held = { state: { parameters, m: zeros(), v: zeros(), ...ones } as State };
  return {
    step: () => {
      const [loss, state] = train(held.state, jax.tree.ref(inputs));
      replace(loss);
      held.state = state;
    },
    finish: async () => (await results.last!.ref.data())[0],
    state: async () => {
      const arrays: Record<string, Float32Array> = {};
      for (const [name, array] of Object.entries(held.state.m)) arrays[name] = await array.ref.data();
      return arrays as Arrays;
    },
  };
}
