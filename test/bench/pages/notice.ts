/// What a page notices of work that goes on in it: how long nothing else of the page could run, and how long it showed
/// nothing new.

/** The longest of each, in milliseconds. */
export interface Noticed {
  /** From one animation frame to the next. */
  readonly frame: number;
  /** From one turn of a timer to the next: 4 or 5 where the page does nothing else and the machine neither. */
  readonly turn: number;
}

/** What is used of a browser: the project's types know Node alone. */
const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame(callback: () => void): number };

/** Comes again and again until it is told to stop, and gives the longest time between two turns. */
function repeat(schedule: (callback: () => void) => unknown): { stop(): Promise<number> } {
  let [last, longest] = [performance.now(), 0];
  let finish: ((longest: number) => void) | undefined;
  const turn = (): void => {
    const now = performance.now();
    [last, longest] = [now, Math.max(longest, now - last)];
    if (finish) finish(longest);
    else schedule(turn);
  };
  schedule(turn);
  return { stop: () => new Promise((resolve) => (finish = resolve)) };
}

/** Marks in a trace where something begins and ends. */
export const marksOf = (name: string): readonly [begin: string, end: string] => [`begin ${name}`, `end ${name}`];

/** Does some work, and says what the page noticed of it until the frame after it. */
export async function noticing<T>(
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly noticed: Noticed }> {
  const [begin, end] = marksOf(name);
  performance.mark(begin);
  const frames = repeat((turn) => requestAnimationFrame(turn));
  const turns = repeat((turn) => setTimeout(turn));
  const result = await work();
  const [frame, turn] = await Promise.all([frames.stop(), turns.stop()]);
  performance.mark(end);
  return { result, noticed: { frame, turn } };
}
