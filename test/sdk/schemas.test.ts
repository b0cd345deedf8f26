import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { App } from "../../src/sdk/app.ts";
import { TaskHub } from "../../src/sdk/task-hub.ts";

const app = new App();
const parcel = z.object({ weight: z.coerce.number(), sent: z.coerce.date() });
const weighed = app.event("weighed", z.object({ at: z.coerce.date() }));
const ship = app.orchestration("ship", {
  input: parcel,
  output: z.string(),
  handler: (_context, { weight, sent }) => `${weight} kg since ${sent.getUTCFullYear()}`,
});
const slow = app.orchestration("slow", {
  input: z.string().refine(async (text) => text !== "taken"),
  handler: () => "never",
});
app.orchestration("weigh", async (ctx) => (await ctx.waitForExternalEvent(weighed)).at.getUTCFullYear());
app.orchestration("weighSoon", async (ctx) => {
  const { at } = await ctx.waitForExternalEvent(weighed, { timeoutMs: 60_000 });
  return at.getUTCFullYear();
});
app.orchestration("tell", async (ctx, instanceId: string) => {
  ctx.sendEvent(instanceId, "weighed", { at: "2031-05-06T07:08:09Z" });
});
app.orchestration("shipAsChild", async (ctx, input: unknown) => ctx.callSubOrchestrator("ship", input));

let hub: TaskHub;

beforeEach(async () => {
  hub = await TaskHub.open("memory:", { app });
  await hub.start();
});

afterEach(() => hub.close());

describe("a schema of an input", () => {
  test("shapes what the orchestrator gets", async () => {
    const input = { weight: "5", sent: "2030-01-02T00:00:00Z" } as never;

    const { output } = await hub.client.waitForCompletion(await hub.client.startNew(ship, { input }));

    expect(output).toBe("5 kg since 2030");
  });

  test.each([
    ["a value", () => hub.client.startNew("ship", { input: { weight: "heavy", sent: "2030-01-01" } })],
    [
      "a text, as HTTP passes it on",
      () => hub.rawClient.startNew("ship", { inputText: '{"weight":"heavy"}' }),
    ],
    ["an asynchronous schema", () => hub.client.startNew(slow, { input: "taken" })],
  ])("refuses %s before anything is written", async (_title, start) => {
    await expect(start()).rejects.toMatchObject({ code: "SCHEMA_VALIDATION_FAILED" });

    expect(await hub.client.getStatusAll()).toEqual([]);
  });

  test("accepts a text that matches", async () => {
    const id = await hub.rawClient.startNew("ship", { inputText: '{"weight":1,"sent":"2030-01-01"}' });

    expect((await hub.client.waitForCompletion(id)).output).toBe("1 kg since 2030");
  });

  test("fails the orchestrator that calls a child with what does not match", async () => {
    const id = await hub.client.startNew("shipAsChild", { input: { weight: "heavy" } });

    const { runtimeStatus, output } = await hub.client.waitForCompletion(id);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("The input of orchestrator 'ship' does not match its schema");
  });
});

describe("a schema of an event", () => {
  test.each(["weigh", "weighSoon"])("shapes what the orchestrator gets (%s)", async (name) => {
    const id = await hub.client.startNew(name);

    await hub.client.raiseEvent(id, weighed, { at: new Date("2031-05-06") });

    expect((await hub.client.waitForCompletion(id)).output).toBe(2031);
  });

  test("refuses at the sender what does not match", async () => {
    const id = await hub.client.startNew("weigh");

    await expect(hub.client.raiseEvent(id, "weighed", { at: "soon" })).rejects.toMatchObject({
      code: "SCHEMA_VALIDATION_FAILED",
    });
  });

  test("holds for events of other orchestrations", async () => {
    const id = await hub.client.startNew("weigh");

    await hub.client.startNew("tell", { input: id });

    expect((await hub.client.waitForCompletion(id)).output).toBe(2031);
  });

  test.each(["weigh", "weighSoon"])(
    "fails the wait for one that came past the sender's check (%s)",
    async (name) => {
      const id = await hub.client.startNew(name);

      await hub.rawClient.raiseEvent(id, "weighed", { at: "soon" });

      expect((await hub.client.waitForCompletion(id)).output).toContain(
        "The payload of event 'weighed' does not match its schema",
      );
    },
  );
});
