/// TensorFlow.js as a contender: eager ops, fused where it has fused ones, and its own optimizer.
import type { Tensor, TensorFlow } from "@tensorflow/tfjs";
import type { Arrays, Contender, Session } from "../contender.ts";
import { countOf, type Numbers, type Task, type TensorSpec } from "../task.ts";
import { fromOwnLayout, modelOf, toOwnLayout } from "./tensorflow-models.ts";

/** The contender. */
export async function importTensorFlow(): Promise<Contender> {
  // The backend registers itself when it is loaded, where `navigator.gpu` exists by then.
  const { default: tf } = await import("@tensorflow/tfjs");
  await import("@tensorflow/tfjs-backend-webgpu");
  return (task, numbers) => openSession(tf, task, numbers);
}

async function openBackend(tf: TensorFlow): Promise<void> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js has no WebGPU backend here");
  await tf.ready();
}

function upload(tf: TensorFlow, { workload }: Task, spec: TensorSpec, values: Float32Array | Int32Array): Tensor {
  const { shape, data } = toOwnLayout(workload, spec, values);
  return tf.tensor(data, shape, spec.classes === undefined ? "float32" : "int32");
}

/** Opens a training step, or a forward function. */
async function openSession(tf: TensorFlow, task: Task, numbers: Numbers): Promise<Session> {
  await openBackend(tf);
  const inputs = Object.fromEntries(
    task.inputs.map((spec) => [spec.name, upload(tf, task, spec, numbers.inputs[spec.name])]),
  );
  const parameters = Object.fromEntries(
    task.parameters.map((spec) => {
      const { shape, data } = toOwnLayout(task.workload, spec, numbers.parameters[spec.name]);
      return [spec.name, tf.variable(tf.tensor(data, shape, "float32"), true, spec.name)];
    }),
  );
  const forward = modelOf(tf, task.workload);
  const results: { last?: Tensor } = {};
  const replace = (tensor: Tensor): void => {
    results.last?.dispose();
    results.last = tensor;
  };
  if (!task.training) {
    return {
      step: () => replace(tf.tidy(() => forward(parameters, inputs))),
      finish: async () => {
        const backend = tf.backend();
        // Submitting alone leaves the pass open, and Dawn refuses it with all that is in it.
        backend.endComputePassEncoder();
        backend.submitQueue();
        await backend.device.queue.onSubmittedWorkDone();
        return 0;
      },
      state: async () => ({ result: await results.last!.data() }),
    };
  }
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  const variables = Object.values(parameters);
  return {
    step: () => replace(optimizer.minimize(() => forward(parameters, inputs), true, variables)),
    finish: async () => (await results.last!.data())[0],
    state: async () => {
      // The number of iterations, all first moments, all second ones: in the order of the variables.
      const weights = await optimizer.getWeights();
      const moments: Record<string, Float32Array> = {};
      for (const [index, spec] of task.parameters.entries()) {
        const { tensor } = weights[1 + index];
        const data = await tensor.data();
        if (data.length !== countOf(spec.shape)) throw new Error(`the moment of ${spec.name} has another size`);
        moments[spec.name] = fromOwnLayout(task.workload, spec, data);
      }
      return moments as Arrays;
    },
  };
}
