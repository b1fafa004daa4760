/// Powers of 1 − eᵘ whose exponent is an input or learned, as focal losses have them: finite, with a slope, where 1 − eᵘ
/// rounds to 0.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Point, type Row } from "./scoreboard/row.ts";

const target = "const logarithm = sum(mul(y, logSoftmax(z)));";
const y = [1, 0, 0];
const classes: readonly Point[] = [
  { at: { z: [20, 0, 1], y, g: 2 } },
  { at: { z: [20, 0, 1], y, g: 1 } },
  { at: { z: [2, 0, 1], y, g: 0.5 } },
  { at: { z: [-20, 0, 1], y, g: 0.5 } },
];

const focal = (oneLess: string, more: readonly Point[] = []): Omit<Row, "name"> => ({
  about: "",
  program: `${target} return neg(mul(pow(${oneLess}, g), logarithm));`,
  given: ["y", "g"],
  labels: ["l"],
  points: [...classes, ...more].map(({ at }) => ({ at: /\bl\b/.test(oneLess) ? { ...at, l: 0 } : at })),
});

const binary = "const bce = add(sub(relu(z), mul(z, y)), log1p(exp(neg(abs(z)))));";

const rows: Readonly<Record<string, Omit<Row, "name">>> = {
  "1 − e^ln p": focal("sub(1, exp(logarithm))"),
  "−expm1(ln p)": focal("neg(expm1(logarithm))"),
  "1 − e^−(the loss of a label)": focal("sub(1, exp(neg(softmaxCrossEntropy(z, l))))"),
  "1 − e^ln p, a label taken": focal("sub(1, exp(take(logSoftmax(z), l)))"),
  "1 − p, what the other classes have": focal("sub(1, take(softmax(z), l))", [{ at: { z: [30, 0, 1], y, g: 0.5 } }]),
  "binary focal loss": {
    about: "",
    program: `${binary} return mean(mul(pow(sub(1, exp(neg(bce))), g), bce));`,
    given: ["y", "g"],
    points: [{ at: { z: [30, -31, 29], y: [1, 0, 1], g: 2 } }, { at: { z: [30, -31, 1], y: [0, 1, 1], g: 2 } }],
  },
  "a power alone": {
    about: "",
    program: "sum(pow(sub(1, exp(neg(x))), g))",
    given: ["g"],
    points: [{ at: { x: [0, 1e-9, 1], g: 2 } }, { at: { x: [1e-9, 100, 1], g: 0.5 } }],
  },
  "beside an exponential": {
    about: "",
    program: "sum(mul(mul(g, c), mul(exp(neg(mul(c, x))), pow(sub(1, exp(neg(mul(c, x)))), sub(g, 1)))))",
    points: [{ at: { x: [1, 1e-9, 50], g: 2, c: 0.5 } }, { at: { x: [0, 1e-3, 200], g: 3, c: 0.5 } }],
  },
  "of two exponentials that may overflow": {
    about: "",
    program: "sum(mul(pow(sub(exp(x), exp(y)), g), y))",
    given: ["g"],
    points: [
      { at: { x: [0, 1, 3], y: [0, 0.9999, -3], g: 2 } },
      { at: { x: [50, 100, 1], y: [1, 99, -100], g: 0.25 } },
    ],
  },
  "a root of two exponentials": {
    about: "",
    program: "sum(sqrt(sub(exp(x), exp(y))))",
    points: [{ at: { x: [0, 1, 3], y: [-1, 0.5, -30] } }],
  },
  "less one, raised again": {
    about: "",
    program: "sum(pow(sub(1, pow(sub(1, exp(neg(x))), g)), h))",
    given: ["g", "h"],
    points: [{ at: { x: [1, 1e-3, 50], g: 2, h: 0.5 } }, { at: { x: [0, 1e-3, 50], g: 2, h: 3 } }],
  },
};

describe("a power of 1 − eᵘ is finite and has its slope", () => {
  it.each(Object.entries(rows))("%s", async (name, row) => {
    const program = programOf({ ...row, name });
    const results = await onDevice({ ...row, name }, program);
    row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});
