import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { adam, add, input, model, mul, ones, param, sum, zeros } from "../../ir/index.ts";
import { load } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";

test("only states that do not begin at zero say how they begin", async () => {
  const graph = model("beginnings", () => {
    const x = input("x", "f32", [3]);
    const gain = param([3], { name: "gain", init: ones() });
    const shift = param([3], { name: "shift", init: zeros() });
    const loss = sum(add(mul(gain, x), mul(shift, x)));
    return { train: { loss, update: adam(loss) } };
  });
  const program = compile(graph);
  const said = program.states.filter(({ init }) => init).map(({ name }) => name);
  expect(said.filter((name) => name !== "key")).toEqual(["gain"]);
  const module = await load(program, { device: await testDevice() });
  const states = await module.readState();
  expect(Object.fromEntries(Object.entries(states).map(([name, { data }]) => [name, [...data]]))).toMatchObject({
    ...{ gain: [1, 1, 1], shift: [0, 0, 0] },
    ...{ "adam.m.gain": [0, 0, 0], "adam.v.shift": [0, 0, 0], "adam.step": [0] },
  });
  module.destroy();
});
