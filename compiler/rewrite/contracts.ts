/// Which promises about floats a derivation rests on.
import type { DerivationLog, RuleText } from "./log.ts";
import type { Contract } from "./rule.ts";
import type { Value } from "../../ir/value.ts";

/** How many rewrites rest on each promise. */
export type ContractCounts = Readonly<Record<Contract, number>>;

/** A log that counts rewrites by their contracts, each rule once for each value that it rewrote. */
export interface ContractCounter {
  readonly log: DerivationLog;
  counts(): ContractCounts;
}

/** A counter at zero; what it hears it hands on to `next`. */
export function countContracts(next?: DerivationLog): ContractCounter {
  const counted: Record<Contract, number> = { exact: 0, reassociates: 0, "assumes-finite": 0, stabilizes: 0 };
  const seen = new Map<Value, Set<string>>();
  const count = ({ name, contract }: RuleText, before: Value): void => {
    const known = seen.get(before) ?? new Set();
    seen.set(before, known);
    if (known.has(name)) return;
    known.add(name);
    counted[contract]++;
  };
  const log: DerivationLog = {
    entries: next?.entries ?? [],
    phase(name) {
      const observe = next?.phase(name);
      return (rule, before, after) => {
        count(rule, before);
        observe?.(rule, before, after);
      };
    },
    expanded: (expanded) => next?.expanded(expanded),
    differentiated: (event) => next?.differentiated(event),
  };
  return { log, counts: () => ({ ...counted }) };
}
