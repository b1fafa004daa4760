/// An order in which everything comes after what it waits for.

/** That one item waits for another. */
export interface Wait {
  readonly earlier: number;
  readonly later: number;
}

/** Items, numbered from 0, put in sequence; of those that can go, the one of the lowest number goes first. */
export interface Sequence {
  /** What went so far, in order. */
  readonly order: readonly number[];
  wait(later: number, earlier: number): Wait;
  /** It need not wait any more. */
  drop(wait: Wait): void;
  /** Sends all that can go; what waits in a circle stays. */
  run(): void;
  hasGone(item: number): boolean;
}

/** A sequence of `count` items that wait for nothing yet. */
export function createSequence(count: number): Sequence {
  const order: number[] = [];
  const gone = new Set<number>();
  const over = new Set<Wait>();
  const waits = Array.from({ length: count }, (): Wait[] => []);
  // One more than an item waits for: it cannot go before the sequence is run.
  const open = new Array<number>(count).fill(1);
  /** Items that can go, the lowest number last. */
  const ready: number[] = [];
  let started = false;
  const release = (item: number): void => {
    if (--open[item] > 0) return;
    let [from, to] = [0, ready.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (ready[middle] > item) from = middle + 1;
      else to = middle;
    }
    ready.splice(from, 0, item);
  };
  const drop = (wait: Wait): void => {
    if (over.has(wait)) return;
    over.add(wait);
    release(wait.later);
  };
  return {
    order,
    drop,
    hasGone: (item) => gone.has(item),
    wait(later, earlier) {
      const wait = { later, earlier };
      waits[earlier].push(wait);
      open[later]++;
      return wait;
    },
    run() {
      if (!started) for (let item = count - 1; item >= 0; item--) release(item);
      started = true;
      for (let item = ready.pop(); item !== undefined; item = ready.pop()) {
        order.push(item);
        gone.add(item);
        waits[item].forEach(drop);
      }
    },
  };
}
