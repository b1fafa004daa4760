/// jax-js as a contender: the whole step, with Adam, under one `jit`.
import type { Array, Tree } from "@jax-js/jax";
import type { Arrays, Contender } from "../contender.ts";
import { drawInput, drawParameter, type Task, type TensorSpec } from "../task.ts";

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
async function trainer(task: Task) {
  const jax = await import("@jax-js/jax");
  const { forwardOf } = await import("./jax-models.ts");
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

async function open(task: Task) {
  const jax = await import("@jax-js/jax");
  await jax.init("webgpu");
  jax.defaultDevice("webgpu");
  const upload = (specs: readonly TensorSpec[], draw: (spec: TensorSpec) => Float32Array | Int32Array): Tree =>
    Object.fromEntries(specs.map((spec) => [spec.name, jax.numpy.array(draw(spec), { shape: spec.shape })]));
  const parameters = upload(task.parameters, drawParameter);
  const inputs = upload(task.inputs, drawInput);
  return { jax, parameters, inputs };
}

/** Opens a training step, or a forward function. */
export const jax: Contender = async (task) => {
  const { jax, parameters, inputs } = await open(task);
  const results: { last?: Array } = {};
  const replace = (array: Array): void => {
    results.last?.dispose();
    results.last = array;
  };
  if (!task.training) {
    const { forwardOf } = await import("./jax-models.ts");
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
  const train = await trainer(task);
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
};
