import { describe, expect, it } from "vitest";
import { describeError, SampleError } from "../../samples/digits/errors.ts";
import { parseCommand } from "../../samples/digits/options.ts";

describe("parseCommand", () => {
  it("trains without arguments", () => {
    expect(parseCommand([])).toMatchObject({ tag: "train", seed: 0 });
  });

  it("reads every option", () => {
    const argv = ["--data", "d", "--epochs", "3", "--seed=9", "--save", "s"];
    expect(parseCommand(argv)).toMatchObject({ tag: "train", data: "d", epochs: 3, seed: 9, save: "s" });
    expect(parseCommand(["--resume", "r", "--epochs", "4"])).toMatchObject({ tag: "train", resume: "r", epochs: 4 });
    expect(parseCommand(["--evaluate", "e", "--data", "d"])).toEqual({ tag: "evaluate", checkpoint: "e", data: "d" });
    expect(parseCommand(["-h"])).toEqual({ tag: "help" });
  });

  it.each([
    [["--lerning-rate", "1"], "Unknown option '--lerning-rate'"],
    [["digits"], "Unexpected argument 'digits'"],
    [["--data"], "argument missing"],
    [["--data", ""], "expected a path after --data, found nothing"],
    [["--epochs", "0"], "expected an integer from 1 to 1000000 after --epochs, found '0'"],
    [["--epochs", "2.5"], "found '2.5'"],
    [["--seed=-1"], "found '-1'"],
    [["--seed", "9007199254740992"], "found '9007199254740992'"],
    [["--evaluate", "e", "--seed", "1", "--resume", "r"], "--evaluate excludes --seed, --resume"],
    [["--resume", "r", "--seed", "1"], "--resume excludes --seed"],
  ])("refuses %j", (argv, message) => {
    expect(() => parseCommand(argv)).toThrow(message);
    expect(() => parseCommand(argv)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("describeError", () => {
  it("writes the code in front, once", () => {
    expect(describeError(new SampleError("idx-missing", "d: …"))).toBe("error[idx-missing]: d: …");
    expect(describeError(Object.assign(new Error("error[a]: b"), { code: "a" }))).toBe("error[a]: b");
    expect(describeError(new TypeError("x"))).toContain("error: TypeError: x\n");
    expect(describeError("thrown")).toBe("error: thrown");
  });
});
