/// Which rules are worth trying on a value: one that did not apply and asked nothing about the graph around the value never
/// will. Passes share most of their rules, and most values stay as they are.
import { makeFacts } from "../../ir/intern.ts";
import type { Op, Value } from "../../ir/value.ts";
import type { Rule } from "./rule.ts";

type Rules = readonly Rule[];

/** Rules that never apply to a value. Values of one history share one list. */
const idleRules = makeFacts<Value, Rules>();

/** Follows the trials of one value at a time. */
export interface Trials {
  /** Those of the rules that may apply. */
  begin(value: Value, rules: Rules): Rules;
  /** The rule on trial asks for something that does not follow from the value alone. */
  ask(): void;
  /** The rule does not apply. */
  fail(rule: Rule): void;
  /** None of the rules that `begin` gave has applied to the value. */
  end(value: Value): void;
}

/** What comes of trying some rules where others are idle: both lists are found again, so that values share them. */
interface Round {
  readonly open: Rules;
  /** Those of them that may fit. */
  readonly fitting: Fitting;
  /** Idle rules after it, by the names of those that asked. */
  readonly after: Map<string, Rules>;
}

/** The rules for a value by the ops of its operands: one step for each. */
interface Fitting {
  rules: Rules | undefined;
  readonly next: Map<Op, Fitting>;
}

function fittingOf({ open, fitting }: Round, value: Value): Rules {
  let at = fitting;
  const { operands } = value;
  for (let i = 0; i < operands.length; i++) {
    let next = at.next.get(operands[i].op);
    if (!next) at.next.set(operands[i].op, (next = { rules: undefined, next: new Map() }));
    at = next;
  }
  return (at.rules ??= open.filter(({ fits }) => !fits || fits(value)));
}

const none: Rules = [];

/** Trials of the rules of one rewriter. */
export function makeTrials(): Trials {
  const rounds = new Map<Rules, Map<Rules, Round>>();
  let asked = false;
  let askers: Rule[] = [];
  let idle: Rules = none;
  let round: Round | undefined;

  function roundOf(rules: Rules): Round {
    let known = rounds.get(rules);
    if (!known) rounds.set(rules, (known = new Map()));
    let found = known.get(idle);
    if (!found) {
      const before = new Set(idle);
      const open = rules.filter((rule) => !before.has(rule));
      known.set(idle, (found = { open, fitting: { rules: undefined, next: new Map() }, after: new Map() }));
    }
    return found;
  }

  return {
    begin(value, rules) {
      idle = idleRules.get(value) ?? none;
      round = roundOf(rules);
      asked = false;
      if (askers.length > 0) askers = [];
      return fittingOf(round, value);
    },
    ask: () => void (asked = true),
    fail(rule) {
      if (asked) askers.push(rule);
      asked = false;
    },
    end(value) {
      if (!round || round.open.length === askers.length) return;
      const key = askers.length === 0 ? "" : askers.map(({ name }) => name).join();
      let after = round.after.get(key);
      if (!after) round.after.set(key, (after = [...idle, ...round.open.filter((rule) => !askers.includes(rule))]));
      idleRules.set(value, after);
    },
  };
}
