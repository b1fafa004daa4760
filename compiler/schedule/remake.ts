/// Which jobs run again, so that less is alive: a tensor that is read early and late is given up in between, and made
/// again just before it is read. What that needs is alive then, is kept for it, or is made again itself.
import { liveBytes, oneByOne, type Work } from "./liveness.ts";

/** Jobs in time, and how far more than the target is alive. */
interface Schedule {
  readonly order: readonly number[];
  readonly live: Float64Array;
  /** Bytes above the target, summed over time. */
  readonly excess: number;
}

/** A tensor that nobody reads for a while, and the reader that ends that. */
interface Gap {
  readonly job: number;
  readonly tensor: number;
  readonly reader: number;
  /** Bytes × time where too much is alive, for what it costs to make the tensor again. */
  readonly worth: number;
}

/** So many gaps are tried at once; the best is taken. */
const tried = 12;

/** Operands of so much less than what is made of them are kept rather than made again. */
const small = 16;

/** Orders of more than so many times the jobs are not made, and for each job so many are tried: what helps is found sooner. */
const mostLength = 4;
const mostTried = 64;

/**
 * The order with jobs that run again, until at most `target` bytes are alive at any time, or nothing helps any more.
 */
export function remake(order: readonly number[], work: Work, target: number): readonly number[] {
  let left = mostTried * order.length;
  const measure = (jobs: readonly number[]): Schedule => {
    left--;
    return measured(jobs, work, target);
  };
  let current = measure(order);
  while (current.excess > 0 && left > 0 && current.order.length <= mostLength * order.length) {
    const better = improve(current, work, target, measure);
    if (!better) break;
    current = better;
  }
  return current.excess > 0 ? current.order : pruned(current, work, measure).order;
}

function measured(order: readonly number[], work: Work, target: number): Schedule {
  const live = liveBytes(oneByOne(order), work);
  let excess = 0;
  for (const bytes of live) excess += Math.max(0, bytes - target);
  return { order, live, excess };
}

/** The schedule after the remake that frees most for its cost, of the first gaps in which any frees something. */
function improve(
  current: Schedule,
  work: Work,
  target: number,
  measure: (order: readonly number[]) => Schedule,
): Schedule | undefined {
  const gaps = gapsOf(current, work, target);
  const uses = usesOf(current.order, work);
  for (let from = 0; from < gaps.length; from += tried) {
    let best: Schedule | undefined;
    let most = 0;
    for (const gap of gaps.slice(from, from + tried)) {
      for (const { order, cost } of remakes(gap, current, uses, work)) {
        const schedule = measure(order);
        const worth = (current.excess - schedule.excess) / Math.max(1, cost);
        if (worth > most) [best, most] = [schedule, worth];
      }
    }
    if (best) return best;
  }
  return undefined;
}

/** The gaps in which too much is alive, the worthiest first. */
function gapsOf({ order, live }: Schedule, { jobs, bytes, producers }: Work, target: number): readonly Gap[] {
  const over = new Int32Array(order.length + 1);
  live.forEach((each, time) => (over[time + 1] = over[time] + (each > target ? 1 : 0)));
  const last = new Int32Array(bytes.length).fill(-1);
  const gaps: Gap[] = [];
  order.forEach((reader, time) => {
    for (const tensor of jobs[reader].reads) {
      const job = producers[tensor];
      const length = over[time] - over[last[tensor] + 1];
      const { cost, until } = jobs[job];
      last[tensor] = time;
      if (length <= 0 || cost === undefined) continue;
      if (until.length > 0 && until.some((other) => order.indexOf(other) < time)) continue;
      gaps.push({ job, tensor, reader: time, worth: (bytes[tensor] * length) / Math.max(1, cost) });
    }
    for (const tensor of jobs[reader].writes) last[tensor] = time;
  });
  return gaps.sort((a, b) => b.worth - a.worth || a.reader - b.reader || a.tensor - b.tensor);
}

/** For each tensor the times at which it is written (as −1 − time) or read. */
function usesOf(order: readonly number[], { jobs, bytes }: Work): readonly (readonly number[])[] {
  const uses = bytes.map((): number[] => []);
  order.forEach((job, time) => {
    for (const tensor of jobs[job].reads) uses[tensor].push(time);
    for (const tensor of jobs[job].writes) uses[tensor].push(-1 - time);
  });
  return uses;
}

/** True for a tensor that is written before a time, and read then or later before it is written again. */
function isAlive(uses: readonly number[], time: number): boolean {
  const next = uses.find((use) => (use >= 0 ? use : -1 - use) >= time);
  return next !== undefined && next >= 0;
}

/**
 * Ways to make a tensor again: with operands that are kept for it, or made again as well; and without what was made again
 * later until now, which is kept from here on.
 */
function remakes(
  { job, reader, tensor }: Gap,
  { order }: Schedule,
  uses: readonly (readonly number[])[],
  { jobs, bytes, producers }: Work,
): readonly { readonly order: readonly number[]; readonly cost: number }[] {
  const withOperands: number[] = [];
  const visited = new Set<number>();
  const visit = (each: number): void => {
    if (visited.has(each)) return;
    visited.add(each);
    for (const operand of jobs[each].reads) {
      const source = producers[operand];
      const { cost, until } = jobs[source];
      const isKept = isAlive(uses[operand], reader) || bytes[operand] * small <= bytes[tensor];
      if (isKept || cost === undefined || until.some((other) => order.indexOf(other) < reader)) continue;
      visit(source);
    }
    withOperands.push(each);
  };
  visit(job);
  const ways = withOperands.length > 1 ? [withOperands, [job]] : [[job]];
  return ways.flatMap((again) => {
    const late = order.slice(reader);
    const rest = late.filter((each) => !again.includes(each));
    const all = again.reduce((sum, each) => sum + jobs[each].cost!, 0);
    const before = order.slice(0, reader);
    const plain = { order: [...before, ...again, ...late], cost: all };
    if (rest.length === late.length) return [plain];
    const saved = late.reduce((sum, each) => sum + (again.includes(each) ? jobs[each].cost! : 0), 0);
    return [{ order: [...before, ...again, ...rest], cost: all - saved }, plain];
  });
}

/** Without what was made again, and need not be any more: the costliest first. */
function pruned(schedule: Schedule, { jobs }: Work, measure: (order: readonly number[]) => Schedule): Schedule {
  let current = schedule;
  const again = [...new Set(schedule.order.filter((job, time) => schedule.order.indexOf(job) < time))];
  for (const job of again.sort((a, b) => jobs[b].cost! - jobs[a].cost! || a - b)) {
    for (let time = current.order.lastIndexOf(job); time > current.order.indexOf(job);) {
      const without = measure(current.order.filter((_, at) => at !== time));
      if (without.excess === 0) current = without;
      time = current.order.lastIndexOf(job, time - 1);
    }
  }
  return current;
}
