/// How a graph came about: every rule that fired, every derivative that was taken, in the order in which it happened.
import type { Value } from "../../ir/value.ts";
import type { Rule } from "./rule.ts";

/** What a log says of a rule. */
export type RuleText = Pick<Rule, "name" | "identity" | "example" | "contract">;

/** A rule that fired: in place of `before` there is `after`. */
export interface Firing {
  readonly rule: RuleText;
  readonly before: Value;
  readonly after: Value;
}

/** What one rewriter did. It settles each value once, so each `before` occurs once. */
export interface Phase {
  readonly tag: "phase";
  /** The pass that it belongs to. */
  readonly name: string;
  readonly firings: readonly Firing[];
}

/** A scalar was differentiated. */
export interface Differentiation {
  readonly tag: "differentiation";
  /** The scalar as the graph has it, and as it was differentiated: rewritten by the phases before. */
  readonly loss: Value;
  readonly differentiated: Value;
  /** From the loss backwards: values of `differentiated` → their cotangents. */
  readonly cotangents: ReadonlyMap<Value, Value>;
  /** Values of the graph whose cotangent is a part of their derivative: the rest goes past them. */
  readonly partial: ReadonlySet<Value>;
  /** What a value of the graph was when it was differentiated; undefined when it was not. */
  forward(value: Value): Value | undefined;
}

/** Derivatives were put in the place of placeholders. */
export interface Expansion {
  readonly tag: "expansion";
  /** A value of the graph without placeholders. */
  expanded(value: Value): Value;
}

/** One thing that happened. */
export type Entry = Phase | Differentiation | Expansion;

/** Notes what a compiler does; it does the same, and nothing more, without. */
export interface DerivationLog {
  readonly entries: readonly Entry[];
  /** Begins a phase; the function notes a rule that fired in it. */
  phase(name: string): (rule: RuleText, before: Value, after: Value) => void;
  differentiated(event: Omit<Differentiation, "tag">): void;
  expanded(expanded: Expansion["expanded"]): void;
}

/** An empty log. */
export function makeLog(): DerivationLog {
  const entries: Entry[] = [];
  return {
    entries,
    phase(name) {
      const firings: Firing[] = [];
      entries.push({ tag: "phase", name, firings });
      return (rule, before, after) => void firings.push({ rule, before, after });
    },
    expanded: (expanded) => void entries.push({ tag: "expansion", expanded }),
    differentiated: (event) => void entries.push({ tag: "differentiation", ...event }),
  };
}

/** The phases of a log in their order. */
export function phasesOf({ entries }: DerivationLog): readonly Phase[] {
  return entries.filter((entry): entry is Phase => entry.tag === "phase");
}

/** A value of the graph that was derived, without placeholders. */
export function expandedBy({ entries }: DerivationLog, value: Value): Value {
  // The bodies of loops come before the graph around them.
  return entries.findLast((entry) => entry.tag === "expansion")?.expanded(value) ?? value;
}
