/// An order of jobs in which little is alive: what frees memory goes as soon as it can, anything else when it is its turn.
import type { Work } from "./liveness.ts";

/** So many jobs after a job are looked at: parts of a sum are freed by the job that adds them up. */
const lookahead = 3;

/** Jobs in an order that heeds `before`; their numbers are the order in which results ask for them. */
export function orderForMemory({ jobs, bytes }: Work, before: readonly (readonly number[])[]): readonly number[] {
  const after = jobs.map((): number[] => []);
  before.forEach((all, job) => all.forEach((other) => after[other].push(job)));
  const open = before.map((all) => all.length);
  const unread = bytes.map(() => 0);
  for (const { reads } of jobs) for (const tensor of reads) unread[tensor]++;
  const ready = new Set<number>();
  open.forEach((count, job) => count === 0 && ready.add(job));
  const order: number[] = [];

  /** Bytes by which the job would change what is alive, if `taken` had read before. */
  const growth = (job: number, taken: ReadonlyMap<number, number>): number => {
    const written = jobs[job].writes.reduce((sum, tensor) => sum + (unread[tensor] > 0 ? bytes[tensor] : 0), 0);
    const isLast = (tensor: number): boolean => unread[tensor] - (taken.get(tensor) ?? 0) === 1;
    return jobs[job].reads.reduce((sum, tensor) => sum - (isLast(tensor) ? bytes[tensor] : 0), written);
  };
  /** The least change after the job and what may follow it at once. */
  const leastGrowth = (job: number): number => {
    const taken = new Map<number, number>();
    const gone = new Set<number>();
    let [total, least, next] = [0, Infinity, job as number | undefined];
    for (let step = 0; step < lookahead && next !== undefined; step++) {
      const current: number = next;
      total += growth(current, taken);
      least = Math.min(least, total);
      for (const tensor of jobs[current].reads) taken.set(tensor, (taken.get(tensor) ?? 0) + 1);
      gone.add(current);
      const freed = after[current].filter((each) => before[each].every((other) => gone.has(other) || hasGone[other]));
      next = freed[0];
    }
    return least;
  };
  const hasGone = jobs.map(() => false);
  while (ready.size > 0) {
    const job = next();
    ready.delete(job);
    order.push(job);
    hasGone[job] = true;
    for (const tensor of jobs[job].reads) unread[tensor]--;
    for (const other of after[job]) if (--open[other] === 0) ready.add(other);
  }
  return order;

  function next(): number {
    let [best, most] = [-1, 0];
    for (const job of ready) {
      const change = leastGrowth(job);
      if (change < most || (change === most && best >= 0 && job < best)) [best, most] = [job, change];
    }
    if (best >= 0) return best;
    // What only overwrites states can wait: until then others may read them again.
    const rank = (job: number): number => job + (jobs[job].writes.length === 0 ? jobs.length : 0);
    return [...ready].reduce((first, job) => (rank(job) < rank(first) ? job : first));
  }
}
