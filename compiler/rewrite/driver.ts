/// Applies rules bottom-up until none applies. Every value is settled once, so the time is linear in the graph; and a rule
/// that does not apply to a value, whatever is around it, is not tried on it again by the passes to come.
import type { Dim } from "../../ir/dim.ts";
import { formatType } from "../../ir/type.ts";
import { same, withOperands, type Op, type Value } from "../../ir/value.ts";
import { bottomUp } from "./bottom-up.ts";
import { rewriteType, rewriteUnsettled } from "./errors.ts";
import { makeReads, type Reads } from "./reads.ts";
import { keepsType, type Rule, type Surroundings } from "./rule.ts";
import { makeTrials, type Trials } from "./trials.ts";

/** What a rewriter may be told. */
export interface RewriterOptions {
  /** How many values read each value of the graph; rules that move work ask for it. */
  readonly uses?: ReadonlyMap<Value, number>;
  /** Numbers of classes of inputs that hold labels. */
  readonly classes?: ReadonlyMap<Value, readonly Dim[]>;
  /** Shapes of arithmetic that are not worth collecting, as far as is known; more are noted. */
  readonly fruitless?: Set<string>;
  /** Called for each rule that fires, once for each value that it rewrites: a derivation log listens here. */
  readonly observe?: (rule: Rule, before: Value, after: Value) => void;
}

/**
 * So many rewrites for one value of the graph are no progress any more. They are counted for each value that the graph
 * came with: what its rewrites make counts with it, what its operands became does not.
 */
const mostFirings = 1000;

/** Makes a function that gives the settled form of values; it remembers what it has settled. */
export function makeRewriter(rules: readonly Rule[], options: RewriterOptions = {}): (value: Value) => Value {
  const rulesOf = rulesByOp(rules);
  const trials = makeTrials();
  const settled = new Map<Value, Value>();
  const numberOnce = makeNumbers();
  const reads = makeReads(options.uses, settled);
  const surroundings = makeSurroundings(reads, options, trials);
  /** Values of the graph are settled at depth 0, what rules made of them below. */
  let depth = 0;
  let firings = 0;

  const normalize = (root: Value): Value => bottomUp(root, settled, settleAfter);

  function settleAfter(value: Value, operands: readonly Value[]): Value {
    if (depth === 0) firings = 0;
    const moved = withOperands(value, operands);
    if (moved !== value) {
      reads.replace(value, moved);
      const known = settled.get(moved);
      if (known) reads.replace(moved, known);
      if (known) return known;
    }
    const result = rewriteOnce(moved);
    if (moved !== value) settled.set(moved, result);
    if (result !== value) settled.set(result, result);
    return result;
  }

  function rewriteOnce(value: Value): Value {
    const open = trials.begin(value, rulesOf(value.op));
    for (let i = 0; i < open.length; i++) {
      const rewritten = open[i].apply(value, surroundings);
      if (rewritten && !same(rewritten, value)) return follow(open[i], value, rewritten);
      trials.fail(open[i]);
    }
    trials.end(value);
    return value.constant && value.op.kind === "leaf" ? numberOnce(value) : value;
  }

  /** What a rule made of a value, settled. */
  function follow(rule: Rule, value: Value, rewritten: Value): Value {
    if (!keepsType(value, rewritten)) {
      throw rewriteType(rule.name, formatType(value.type), formatType(rewritten.type));
    }
    if (++firings > mostFirings) throw rewriteUnsettled(rule.name, rule.identity, firings);
    options.observe?.(rule, value, rewritten);
    reads.replace(value, settled.get(rewritten) ?? rewritten);
    depth++;
    const result = normalize(rewritten);
    depth--;
    return result;
  }

  return normalize;
}

/** What rules may ask; `trials` hears that they do. */
function makeSurroundings(
  reads: Reads,
  { classes, fruitless = new Set() }: RewriterOptions,
  trials: Trials,
): Surroundings {
  return {
    uses(value) {
      trials.ask();
      return reads.of(value);
    },
    classes(input) {
      trials.ask();
      return classes?.get(input) ?? [];
    },
    fruitless,
  };
}

/** Numbers by what they are: rules make the same one anew, and what is built on one object is found again. */
function makeNumbers(): (value: Value) => Value {
  const numbers = new Map<string, Value>();
  return (value) => {
    const { dtype, shape } = value.type;
    const key = `${value.op.name} ${dtype} ${shape.join()} ${String(value.attrs.value ?? value.attrs.size)}`;
    const known = numbers.get(key);
    if (known && same(known, value)) return known;
    numbers.set(key, value);
    return value;
  };
}

/** Rules in their order, for each op that a value turns up with. */
function rulesByOp(rules: readonly Rule[]): (op: Op) => readonly Rule[] {
  const known = new Map<Op, readonly Rule[]>();
  return (op) => {
    let found = known.get(op);
    if (!found) {
      found = rules.filter(({ roots }) => roots.includes(op.name) || roots.includes(`any ${op.kind}`));
      known.set(op, found);
    }
    return found;
  };
}
