import { Presets, SingleBar } from "cli-progress";

/** What a reading of the running training says, averaged over the epoch so far. */
export interface Metrics {
  readonly loss: number;
  /** In [0, 1]. */
  readonly accuracy: number;
}

/** Tells a person how far the training is. */
export interface Progress {
  /** Says that `step` steps of the whole training are done, and what was last read. */
  update(step: number, metrics?: Metrics): void;
  /** Ends the display; later output starts on a new line. */
  stop(): void;
}

/** The size of the training and where it is shown. */
export interface ProgressOptions {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Steps that were done before this run, by a run that it resumes. */
  readonly firstStep?: number;
  /** A terminal gets a bar that is drawn over itself, anything else one line for each epoch. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Milliseconds; given by tests. */
  readonly now?: () => number;
}

/** Shows epoch, step, loss, accuracy, steps per second and the time left. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream = process.stdout } = options;
  return stream.isTTY ? barProgress(options) : lineProgress(options);
}

/** Columns that the figures of a long training take, so that all of them fit on a terminal of 80. */
const figuresWidth = 74;

/** The figures of one moment, as text. */
interface Figures {
  readonly epoch: string;
  readonly step: string;
  readonly loss: string;
  readonly accuracy: string;
  readonly rate: string;
  readonly left: string;
}

/** Computes the figures from step counts; the clock starts now. */
function createFigures(options: ProgressOptions): (step: number, metrics: Metrics | undefined) => Figures {
  const { epochs, stepsPerEpoch, firstStep = 0, now = () => performance.now() } = options;
  const total = epochs * stepsPerEpoch;
  const start = now();
  return (step, metrics) => {
    // Not below a millisecond: the first update may come at once.
    const seconds = Math.max(0.001, (now() - start) / 1000);
    const rate = (step - firstStep) / seconds;
    // The last step of an epoch belongs to that epoch.
    const epoch = Math.min(epochs, Math.max(1, Math.ceil(step / stepsPerEpoch)));
    return {
      epoch: `epoch ${epoch}/${epochs}`,
      step: `step ${step}/${total}`,
      loss: `loss ${metrics === undefined ? "…" : metrics.loss.toFixed(4)}`,
      accuracy: `acc ${metrics === undefined ? "…" : `${(100 * metrics.accuracy).toFixed(1)} %`}`,
      rate: `${rate.toFixed(0)} steps/s`,
      left: rate > 0 ? `${formatSeconds(Math.max(0, total - step) / rate)} left` : "…",
    };
  };
}

function barProgress(options: ProgressOptions): Progress {
  const { epochs, stepsPerEpoch, firstStep = 0, stream = process.stdout } = options;
  const figures = createFigures(options);
  const format = "{bar} {epoch} {step} {loss} {accuracy} {rate} {left}";
  const barsize = Math.min(20, Math.max(5, (stream.columns ?? 80) - figuresWidth));
  // Without `gracefulExit`: its handler would keep Ctrl-C from ending the process.
  const bar = new SingleBar({ format, stream, barsize, linewrap: true, gracefulExit: false }, Presets.shades_classic);
  let latest: Metrics | undefined;
  bar.start(epochs * stepsPerEpoch, firstStep, figures(firstStep, undefined));
  return {
    update: (step, metrics = latest) => {
      latest = metrics;
      bar.update(step, figures(step, metrics));
    },
    stop: () => bar.stop(),
  };
}

function lineProgress(options: ProgressOptions): Progress {
  const { stepsPerEpoch, stream = process.stdout } = options;
  const figures = createFigures(options);
  let latest: Metrics | undefined;
  return {
    update: (step, metrics = latest) => {
      latest = metrics;
      if (step % stepsPerEpoch !== 0) return;
      const { epoch, step: steps, loss, accuracy, rate, left } = figures(step, metrics);
      stream.write(`${[epoch, steps, loss, accuracy, rate, left].join(" · ")}\n`);
    },
    stop: () => {},
  };
}

/** A duration as minutes and seconds: `2:05`. */
function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
