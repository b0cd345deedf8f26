import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ErrorCode } from "../../src/core/errors.ts";
import { App } from "../../src/sdk/app.ts";
import { TaskHub } from "../../src/sdk/task-hub.ts";

let folder: string;
let hub: TaskHub;

const app = new App();
app.orchestration("echo", { input: z.unknown(), handler: (_context, input) => input });
app.orchestration("typed", {
  input: z.object({ city: z.string() }),
  handler: (_context, input) => input.city,
});
app.orchestration("waits", function* (context) {
  return yield context.waitForExternalEvent("go");
});
app.orchestration("callsUnknown", function* (context) {
  return yield context.callActivity("nowhere");
});
app.orchestration("yieldsNumber", function* () {
  yield 42;
});
app.orchestration("returnsCycle", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  return cycle;
});
app.orchestration("passesFunction", function* (context) {
  return yield context.callActivity("sink", () => 1);
});
app.activity("sink", () => "sunk");
app.event("typedEvent", z.number());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
  hub = await TaskHub.open(`sqlite:${join(folder, "hub.db")}`, { app });
  await hub.start();
});

afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function instanceCount(): Promise<number> {
  return (await hub.client.getStatusAll()).length;
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;

describe("a start that cannot be accepted says why and writes nothing", () => {
  const cases: readonly [title: string, code: ErrorCode, start: () => Promise<unknown>][] = [
    ["S-11: an unknown orchestrator", "ORCHESTRATOR_NOT_FOUND", () => hub.client.startNew("nobody")],
    [
      "S-1: an id with a slash",
      "INVALID_INSTANCE_ID",
      () => hub.client.startNew("echo", { instanceId: "a/b" }),
    ],
    [
      "S-1: an id that begins with @",
      "INVALID_INSTANCE_ID",
      () => hub.client.startNew("echo", { instanceId: "@a" }),
    ],
    [
      "S-1: an id of 257 characters",
      "INVALID_INSTANCE_ID",
      () => hub.client.startNew("echo", { instanceId: "x".repeat(257) }),
    ],
    ["a cyclic input", "INPUT_NOT_SERIALIZABLE", () => hub.client.startNew("echo", { input: cycle })],
    ["a BigInt input", "INPUT_NOT_SERIALIZABLE", () => hub.client.startNew("echo", { input: 1n })],
    ["a function as input", "INPUT_NOT_SERIALIZABLE", () => hub.client.startNew("echo", { input: () => 1 })],
    [
      "an input over the limit",
      "PAYLOAD_TOO_LARGE",
      () => hub.client.startNew("echo", { input: "x".repeat(67_108_864) }),
    ],
    [
      "an input off its schema",
      "SCHEMA_VALIDATION_FAILED",
      () => hub.client.startNew("typed", { input: { city: 1 } }),
    ],
  ];

  test.each(cases)("%s: %s", async (_title, code, start) => {
    await expect(start()).rejects.toMatchObject({ code });

    expect(await instanceCount()).toBe(0);
  });

  test("S-5: an id in use names the status and leaves the instance as it is", async () => {
    await hub.client.startNew("waits", { instanceId: "taken", input: 1 });

    await expect(hub.client.startNew("echo", { instanceId: "taken", input: 2 })).rejects.toMatchObject({
      code: "INSTANCE_ALREADY_EXISTS",
      message: expect.stringContaining("An Orchestration instance with the status Running already exists."),
    });

    expect(await hub.client.getStatus("taken")).toMatchObject({ name: "waits", input: 1 });
  });

  test("S-11: the error for an unknown orchestrator lists those that are registered", async () => {
    await expect(hub.client.startNew("nobody")).rejects.toThrow(/'nobody' does not exist.*'echo'.*'waits'/);
  });
});

describe("a registration or a call without a name says so", () => {
  test.each([
    [
      "an orchestrator without a handler",
      "INVALID_FUNCTION",
      () => new App().orchestration("a", null as never),
    ],
    ["an activity without a handler", "INVALID_FUNCTION", () => new App().activity("a", undefined as never)],
  ])("%s", (_title, code, register) => {
    expect(register).toThrow(expect.objectContaining({ code }));
  });

  test.each([undefined, null, 1, {}, () => 1])("a call of %s", async (activity) => {
    const other = new App();
    other.orchestration("calls", function* (ctx) {
      return yield ctx.callActivity(activity as never);
    });
    await using own = await TaskHub.open("memory:", { app: other });
    await own.start();

    const { output } = await own.client.waitForCompletion(await own.client.startNew("calls"));

    expect(output).toMatch(/A function or event is named by a text or by what its registration returned/);
  });

  test("an async generator is told what to be instead", async () => {
    const other = new App();
    other.orchestration("asyncGenerator", async function* () {
      yield 1;
    } as never);
    await using own = await TaskHub.open("memory:", { app: other });
    await own.start();

    const { output } = await own.client.waitForCompletion(await own.client.startNew("asyncGenerator"));

    expect(output).toContain("is an async generator. Make it a generator that yields its tasks");
  });
});

describe("an orchestration that asks for nonsense fails with a text that names it", () => {
  const cases: readonly [orchestrator: string, text: RegExp][] = [
    ["callsUnknown", /The function 'nowhere' does not exist.*Registered are: 'sink'/],
    ["yieldsNumber", /Orchestrator 'yieldsNumber' yielded a value of type number/],
    ["returnsCycle", /The result of orchestrator 'returnsCycle' cannot be written as JSON/],
    ["passesFunction", /The input of activity 'sink' cannot be written as JSON: it is a function/],
  ];

  test.each(cases)("%s", async (orchestrator, text) => {
    const status = await hub.client.waitForCompletion(await hub.client.startNew(orchestrator));

    expect(status.runtimeStatus).toBe("Failed");
    expect(status.output).toMatch(text);
  });
});

describe("a management call that cannot be done says why and changes nothing", () => {
  const cases: readonly [title: string, code: ErrorCode, call: (id: string) => Promise<unknown>][] = [
    ["S-41: terminate of nothing", "INSTANCE_NOT_FOUND", () => hub.client.terminate("nothing")],
    ["S-50: suspend of nothing", "INSTANCE_NOT_FOUND", () => hub.client.suspend("nothing")],
    ["S-50: resume of a running one", "INVALID_INSTANCE_STATE", (id) => hub.client.resume(id)],
    ["S-130: rewind of a running one", "INVALID_INSTANCE_STATE", (id) => hub.client.rewind(id)],
    ["S-150: restart of nothing", "INSTANCE_NOT_FOUND", () => hub.client.restart("nothing")],
    ["S-69: an event without a name", "INVALID_EVENT_NAME", (id) => hub.client.raiseEvent(id, "")],
    [
      "an event with a cyclic payload",
      "INPUT_NOT_SERIALIZABLE",
      (id) => hub.client.raiseEvent(id, "go", cycle),
    ],
    [
      "an event off its schema",
      "SCHEMA_VALIDATION_FAILED",
      (id) => hub.client.raiseEvent(id, "typedEvent", "one"),
    ],
    ["a wait for nothing", "INSTANCE_NOT_FOUND", () => hub.client.waitForCompletion("nothing")],
    ["a wait that is over first", "WAIT_TIMEOUT", (id) => hub.client.waitForCompletion(id, { timeoutMs: 1 })],
    ["a page of 0", "INVALID_ARGUMENT", () => hub.client.listInstances({ top: 0 })],
    [
      "a made-up token",
      "INVALID_ARGUMENT",
      () => hub.client.listInstances({ continuationToken: "nonsense" }),
    ],
  ];

  test.each(cases)("%s: %s", async (_title, code, call) => {
    const id = await hub.client.startNew("waits");

    await expect(call(id)).rejects.toMatchObject({ code });

    expect(await hub.client.getStatus(id)).toMatchObject({ runtimeStatus: "Running", output: null });
  });

  test("S-152: purge leaves a running instance and an unknown id alone", async () => {
    const id = await hub.client.startNew("waits");

    expect(await hub.client.purgeInstances([id, "nothing"])).toEqual({ instancesDeleted: 0 });
    expect(await instanceCount()).toBe(1);
  });

  test("S-66: an event for a missing instance is discarded", async () => {
    await hub.client.raiseEvent("nothing", "go", 1);

    expect(await instanceCount()).toBe(0);
  });
});
