import { describe, expect, test } from "vitest";
import { DurableError, isDurableError } from "../../src/core/errors.ts";
import {
  describeFailure,
  type FailureDetails,
  failureText,
  rebuildError,
} from "../../src/core/failure-details.ts";
import { orchestrate } from "../support/orchestration.ts";

class PrinterError extends Error {
  readonly tray = 2;
  readonly pages = [1, 2];
}

const cyclic: Record<string, unknown> = { name: "cyclic" };
cyclic["self"] = cyclic;

const named = (name: unknown, message = "no"): Error => Object.assign(new Error(message), { name });

function withGetter(key: string): Error {
  return Object.defineProperty(new Error("readable"), key, {
    enumerable: true,
    get: () => {
      throw new Error(`${key} cannot be read`);
    },
  });
}

const described = (thrown: unknown): FailureDetails => {
  const { stackTrace: _, ...details } = describeFailure(thrown);
  return details;
};

describe("S-190: what is kept of", () => {
  test.each<[string, unknown, FailureDetails]>([
    ["an Error", new Error("no"), { errorType: "Error", errorMessage: "no" }],
    ["an Error without a message", new Error(), { errorType: "Error", errorMessage: "" }],
    ["a built-in error", new RangeError("far"), { errorType: "RangeError", errorMessage: "far" }],
    ["an error with a name of its own", named("PaperJam"), { errorType: "PaperJam", errorMessage: "no" }],
    ["an error with an empty name", named(""), { errorType: "Error", errorMessage: "no" }],
    ["an error whose name is no text", named(7), { errorType: "Error", errorMessage: "no" }],
    [
      "an error of a class with properties",
      new PrinterError("no paper"),
      { errorType: "PrinterError", errorMessage: "no paper", properties: { tray: 2, pages: [1, 2] } },
    ],
    [
      "an error that must not be retried",
      Object.assign(new Error("no"), { nonRetriable: true }),
      { errorType: "Error", errorMessage: "no", isNonRetriable: true },
    ],
    [
      "an error whose nonRetriable is not true",
      Object.assign(new Error("no"), { nonRetriable: 1 }),
      { errorType: "Error", errorMessage: "no" },
    ],
    [
      "an error whose properties JSON cannot hold",
      Object.assign(new Error("no"), { big: 1n, cyclic, call: () => 1, mark: Symbol("s"), fine: null }),
      { errorType: "Error", errorMessage: "no", properties: { fine: null } },
    ],
    ["a frozen error", Object.freeze(new Error("cold")), { errorType: "Error", errorMessage: "cold" }],
    [
      "an error with a property that cannot be read",
      Object.assign(withGetter("secret"), { tray: 2 }),
      { errorType: "Error", errorMessage: "readable", properties: { tray: 2 } },
    ],
    [
      "a text",
      "just a text",
      { errorType: "string", errorMessage: "just a text", properties: { value: "just a text" } },
    ],
    ["an empty text", "", { errorType: "string", errorMessage: "", properties: { value: "" } }],
    ["undefined", undefined, { errorType: "undefined", errorMessage: "undefined" }],
    ["null", null, { errorType: "null", errorMessage: "null", properties: { value: null } }],
    ["a number", 42, { errorType: "number", errorMessage: "42", properties: { value: 42 } }],
    ["a boolean", false, { errorType: "boolean", errorMessage: "false", properties: { value: false } }],
    ["a BigInt", 12n, { errorType: "bigint", errorMessage: "12" }],
    ["a symbol", Symbol("mark"), { errorType: "symbol", errorMessage: "Symbol(mark)" }],
    [
      "an object",
      { code: 7, why: "because" },
      {
        errorType: "object",
        errorMessage: '{"code":7,"why":"because"}',
        properties: { value: { code: 7, why: "because" } },
      },
    ],
    ["a cyclic object", cyclic, { errorType: "object", errorMessage: "[object Object]" }],
    [
      "an object without a text form",
      Object.assign(Object.create(null) as object, { big: 1n }),
      { errorType: "object", errorMessage: "a thrown object that has no text form" },
    ],
  ])("%s", (_what, thrown, expected) => {
    expect(described(thrown)).toEqual(expected);
  });

  test("an error is its stack, too", () => {
    const error = new Error("no");

    expect(describeFailure(error).stackTrace).toBe(error.stack);
  });

  test.each(["message", "name", "stack", "cause", "nonRetriable", "code", "constructor"])(
    "an error whose %s cannot be read is what can",
    (key) => {
      const details = describeFailure(withGetter(key));

      expect(details.errorType).toBe("Error");
      expect(typeof details.errorMessage).toBe("string");
      if (key !== "message") expect(details.errorMessage).toBe("readable");
    },
  );

  test("an object that cannot be looked at in any way is still something", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(describeFailure(proxy)).toEqual({
      errorType: "object",
      errorMessage: "a thrown object that has no text form",
    });
  });
});

describe("a failure is stored at every level it passes through, so", () => {
  test("a long message is cut, and says by how much", () => {
    const { errorMessage } = describeFailure(new Error("m".repeat(70_000)));

    expect(errorMessage).toHaveLength(65_536 + "… (4464 more characters)".length);
    expect(errorMessage).toMatch(/m… \(4464 more characters\)$/);
  });

  test("a long stack is cut", () => {
    const error = new Error("short");
    error.stack = "s".repeat(1_000_000);

    expect(describeFailure(error).stackTrace?.length).toBeLessThan(33_000);
  });

  test("a long property is left out, the others stay", () => {
    const error = Object.assign(new Error("no"), { body: "x".repeat(100_000), code: 7 });

    expect(describeFailure(error).properties).toEqual({ code: 7 });
  });

  test("a long text that is thrown is cut", () => {
    expect(JSON.stringify(describeFailure("t".repeat(80_000_000))).length).toBeLessThan(70_000);
  });
});

describe("S-190: the chain of causes", () => {
  test("is kept, errors and other values alike", () => {
    const error = new Error("outer", { cause: new TypeError("inner", { cause: "root" }) });

    expect(describeFailure(error)).toMatchObject({
      errorMessage: "outer",
      innerFailure: {
        errorType: "TypeError",
        errorMessage: "inner",
        innerFailure: { errorType: "string", errorMessage: "root" },
      },
    });
  });

  test.each([[null], [undefined]])("ends with %s", (cause) => {
    expect(describeFailure(new Error("no", { cause }))).not.toHaveProperty("innerFailure");
  });

  test("of an error that is its own cause is cut off", () => {
    const error = new Error("endless");
    error.cause = error;

    let depth = 0;
    for (let each: FailureDetails | undefined = describeFailure(error); each; each = each.innerFailure)
      depth += 1;

    expect(depth).toBe(9);
  });
});

describe("an error rebuilt from its details", () => {
  test("has the name, message, stack, cause and properties of the one that was thrown", () => {
    const thrown = new PrinterError("no paper", { cause: new RangeError("empty") });

    const rebuilt = rebuildError(describeFailure(thrown));

    expect(rebuilt).toBeInstanceOf(Error);
    expect(rebuilt).toMatchObject({
      name: "PrinterError",
      message: "no paper",
      stack: thrown.stack,
      tray: 2,
      pages: [1, 2],
    });
    expect(rebuilt.cause).toMatchObject({ name: "RangeError", message: "empty" });
  });

  test("has the thrown value when that was no error", () => {
    expect(rebuildError(describeFailure({ code: 7 }))).toMatchObject({ name: "object", value: { code: 7 } });
  });

  test("is described in the same words again", () => {
    const details = describeFailure(new PrinterError("no paper", { cause: new RangeError("empty") }));

    expect(describeFailure(rebuildError(details))).toEqual(details);
  });

  test("keeps the code that isDurableError looks for", () => {
    const details = describeFailure(new DurableError("ACTIVITY_TIMEOUT", "too slow"));

    expect(isDurableError(rebuildError(details), "ACTIVITY_TIMEOUT")).toBe(true);
  });
});

test("S-190: the text of a failure is its type and message", () => {
  expect(failureText({ errorType: "PrinterError", errorMessage: "no paper" })).toBe("PrinterError: no paper");
});

describe("an orchestration", () => {
  test.each<[string, unknown, string]>([
    ["a text", "just a text", "just a text"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a BigInt", 12n, "12"],
    ["a cyclic object", cyclic, "[object Object]"],
    ["an error with a code that cannot be read", withGetter("code"), "readable"],
    ["an error with a message that cannot be read", withGetter("message"), ""],
  ])("S-194: fails with %s when that is thrown", async (_what, thrown, text) => {
    const run = await orchestrate(() => {
      throw thrown;
    });

    expect(run.end).toEqual({
      status: "Failed",
      output: `Orchestrator function 'Orchestrator' failed: ${text}`,
    });
  });
});
