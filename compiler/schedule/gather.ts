/// Jobs that run one after another are put together again, into as few slots as memory allows.
import { peakOf, type Slots, type Work } from "./liveness.ts";

/** What may share a slot. */
export interface Company {
  /** For each entry those that must have run, by their places in the order. */
  readonly before: readonly (readonly number[])[];
  /** True where these entries fit in one slot. */
  fits(entries: readonly number[]): boolean;
  /** True where the tensors of all slots find room; asked where what is alive is within the limit. */
  hasRoom(slots: Slots): boolean;
}

/** Slots of so many entries are taken apart to fill others. */
const largestMoved = 4;

/** A slot looks for company in so many others. */
const asked = 16;

/**
 * Slots of an order of jobs, in each of which those that fit run together, while at most `limit` bytes are alive. Slots
 * hold places in the order.
 */
export function gather(order: readonly number[], work: Work, { before, fits, hasRoom }: Company, limit: number): Slots {
  const after = order.map((): number[] => []);
  before.forEach((all, entry) => all.forEach((other) => after[other].push(entry)));
  const slots = order.map((_, entry) => [entry]);
  const slotOf = order.map((_, entry) => entry);
  const jobsOf = (): Slots => slots.map((slot) => slot.map((entry) => order[entry]));
  const filled = (): Slots => slots.filter((slot) => slot.length > 0);
  const put = (entry: number, slot: number): void => {
    slots[slotOf[entry]] = slots[slotOf[entry]].filter((each) => each !== entry);
    slots[slot] = [...slots[slot], entry].sort((a, b) => a - b);
    slotOf[entry] = slot;
  };
  /** Slots between what an entry waits for and what waits for it, the fullest and nearest first. */
  const candidates = (entry: number): readonly number[] => {
    const own = slotOf[entry];
    const from = before[entry].reduce((latest, other) => Math.max(latest, slotOf[other]), -1) + 1;
    const to = after[entry].reduce((earliest, other) => Math.min(earliest, slotOf[other]), slots.length) - 1;
    const found: number[] = [];
    for (let slot = from; slot <= to; slot++) {
      if (slot !== own && slots[slot].length > 0 && fits([...slots[slot], entry])) found.push(slot);
    }
    return found
      .sort((a, b) => slots[b].length - slots[a].length || Math.abs(a - own) - Math.abs(b - own) || a - b)
      .slice(0, asked);
  };
  const move = (entry: number): boolean => {
    const own = slotOf[entry];
    for (const slot of candidates(entry)) {
      put(entry, slot);
      if (peakOf(jobsOf(), work) <= limit) return true;
      put(entry, own);
    }
    return false;
  };
  /** Finds other slots for all entries of one, or leaves it as it is. */
  const dissolve = (slot: number): void => {
    const entries = slots[slot];
    const isGone = entries.every(move) && hasRoom(filled());
    if (!isGone) for (const each of entries) put(each, slot);
  };
  for (let size = 1; size <= largestMoved; size++) {
    // What comes last is asked first: updates at the end have the most company.
    for (let slot = slots.length - 1; slot >= 0; slot--) if (slots[slot].length === size) dissolve(slot);
  }
  return filled();
}
