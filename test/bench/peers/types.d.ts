/// The part of the peers' interfaces that the benchmark uses, so that types are checked where they are not installed.

declare module "@jax-js/jax" {
  /** An array that every function takes ownership of; `ref` keeps it for another use. */
  interface Array {
    readonly ref: Array;
    readonly shape: readonly number[];
    add(other: Array | number): Array;
    sub(other: Array | number): Array;
    mul(other: Array | number): Array;
    div(other: Array | number): Array;
    neg(): Array;
    sum(axis?: number, options?: { readonly keepdims?: boolean }): Array;
    mean(axis?: number, options?: { readonly keepdims?: boolean }): Array;
    max(axis?: number | readonly number[]): Array;
    reshape(shape: readonly number[]): Array;
    transpose(axes?: readonly number[]): Array;
    data(): Promise<Float32Array>;
    blockUntilReady(): Promise<Array>;
    dispose(): void;
  }
  type Tree = Readonly<Record<string, Array>>;
  const init: (device: "webgpu") => Promise<readonly string[]>;
  const defaultDevice: (device: "webgpu") => void;
  const jit: <F extends (...values: never[]) => unknown>(f: F) => F;
  const valueAndGrad: <R extends readonly unknown[]>(
    f: (parameters: Tree, ...rest: R) => Array,
  ) => (parameters: Tree, ...rest: R) => readonly [Array, Tree];
  const tree: { ref(tree: Tree): Tree };
  const lax: {
    conv(x: Array, weight: Array, strides: readonly number[], padding: "SAME" | "VALID"): Array;
    stopGradient(x: Array): Array;
  };
  const nn: {
    relu(x: Array): Array;
    gelu(x: Array, options: { readonly approximate: boolean }): Array;
    oneHot(x: Array, classes: number): Array;
    softmax(x: Array, axis: number): Array;
    logSoftmax(x: Array, axis: number): Array;
    standardize(x: Array, axis: number, options: { readonly epsilon: number }): Array;
    dotProductAttention(q: Array, k: Array, v: Array, options: { readonly isCausal: boolean }): Array;
  };
  const numpy: {
    readonly int32: unknown;
    array(values: Float32Array | Int32Array, options: { readonly shape: readonly number[] }): Array;
    matmul(a: Array, b: Array): Array;
    sqrt(x: Array): Array;
    zeros(shape: readonly number[]): Array;
  };
}

declare module "@tensorflow/tfjs" {
  export interface Tensor {
    readonly shape: readonly number[];
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export interface Optimizer {
    minimize(loss: () => Tensor, returnCost: true, variables: readonly Tensor[]): Tensor;
    getWeights(): Promise<readonly { readonly name: string; readonly tensor: Tensor }[]>;
  }
  export interface Backend {
    readonly device: GPUDevice;
    endComputePassEncoder(): void;
    submitQueue(): void;
  }
  export type Fused = { readonly bias?: Tensor; readonly activation?: "relu" | "linear" };
  export interface TensorFlow {
    setBackend(name: "webgpu"): Promise<boolean>;
    ready(): Promise<void>;
    backend(): Backend;
    tidy<T>(f: () => T): T;
    tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype: "float32" | "int32"): Tensor;
    variable(value: Tensor, trainable: boolean, name: string): Tensor;
    reshape(x: Tensor, shape: readonly number[]): Tensor;
    transpose(x: Tensor, axes: readonly number[]): Tensor;
    add(a: Tensor, b: Tensor): Tensor;
    sub(a: Tensor, b: Tensor): Tensor;
    mul(a: Tensor | number, b: Tensor | number): Tensor;
    div(a: Tensor, b: Tensor): Tensor;
    sqrt(x: Tensor): Tensor;
    erf(x: Tensor): Tensor;
    softmax(x: Tensor): Tensor;
    oneHot(x: Tensor, classes: number): Tensor;
    gather(x: Tensor, indices: Tensor): Tensor;
    matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
    maxPool(x: Tensor, size: number, strides: number, padding: "valid"): Tensor;
    moments(x: Tensor, axis: number, keepAxes: boolean): { readonly mean: Tensor; readonly variance: Tensor };
    scalar(value: number): Tensor;
    readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
    readonly fused: {
      matMul(options: { readonly a: Tensor; readonly b: Tensor } & Fused): Tensor;
      conv2d(
        options: {
          readonly x: Tensor;
          readonly filter: Tensor;
          readonly strides: number;
          readonly pad: "same";
        } & Fused,
      ): Tensor;
    };
    readonly train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer };
  }
  const tensorFlow: TensorFlow;
  export default tensorFlow;
}

declare module "@tensorflow/tfjs-backend-webgpu" {}
