import { describe, expect, test } from "vitest";
import { type Gate, gate, HubInMemory } from "./hub-in-memory.ts";

function hubWithSlowStep() {
  const hub = new HubInMemory();
  const runs: { readonly gate: Gate; readonly signal: AbortSignal }[] = [];
  hub.app.activity("slow", async (_input: unknown, context) => {
    const run = { gate: gate(), signal: context.signal };
    runs.push(run);
    await run.gate.opened;
    return "done";
  });
  hub.app.activity("next", () => "next");
  hub.app.orchestration("work", function* (ctx) {
    const first = yield ctx.callActivity("slow");
    return [first, yield ctx.callActivity("next")];
  });
  return { hub, runs };
}

describe("a host that stops", () => {
  test("lets running activities finish and keeps what they came to", async () => {
    const { hub, runs } = hubWithSlowStep();
    const { worker, client } = await hub.host();
    const id = await client.startNew("work");
    await hub.clock.settle();

    const stopped = worker.stop({ drainMs: 10_000 });
    await hub.clock.advance(5_000);
    runs[0]?.gate.open();
    await hub.clock.advance(100);
    await stopped;

    const types = (await (await hub.client()).getHistory(id)).map(({ type }) => type);
    expect(types).toContain("TaskCompleted");
    expect(runs).toHaveLength(1);
  });

  test("hands back what takes longer than its time, and the next host runs it again", async () => {
    const { hub, runs } = hubWithSlowStep();
    const { worker, client } = await hub.host();
    const id = await client.startNew("work");
    await hub.clock.settle();

    const stopped = worker.stop({ drainMs: 1_000 });
    await hub.clock.advance(1_100);
    await stopped;
    expect(runs[0]?.signal.aborted).toBe(true);
    const next = await hub.host();
    runs[1]?.gate.open();

    expect((await next.client.waitForCompletion(id)).output).toEqual(["done", "next"]);
    expect(runs).toHaveLength(2);
  });

  test("starts no activity any more", async () => {
    const { hub, runs } = hubWithSlowStep();
    const { worker, client } = await hub.host();
    await client.startNew("work");
    await hub.clock.settle();
    const ran: string[] = [];
    hub.app.activity("later", () => ran.push("later"));

    const stopped = worker.stop({ drainMs: 1_000 });
    runs[0]?.gate.open();
    await hub.clock.advance(1_000);
    await stopped;
    await hub.clock.advance(60_000);

    expect(worker.role).toBe("stopped");
    expect(ran).toEqual([]);
  });

  test("answers what was asked of it before, and leaves later calls to the store", async () => {
    const { hub, runs } = hubWithSlowStep();
    const { worker, client } = await hub.host();
    const id = await client.startNew("work");
    const waiting = client.waitForCompletion(id);
    await hub.clock.settle();
    const stopped = worker.stop({ drainMs: 0 });
    await hub.clock.advance(100);
    await stopped;

    const other = await client.startNew("work", { instanceId: "other" });
    expect((await client.getStatus(other))?.runtimeStatus).toBe("Pending");

    await hub.host();
    await hub.clock.settle();
    for (const run of runs) run.gate.open();
    expect((await waiting).output).toEqual(["done", "next"]);
  });

  test("may be told to stop twice", async () => {
    const { hub } = hubWithSlowStep();
    const { worker } = await hub.host();

    const both = Promise.all([worker.stop(), worker.stop()]);
    await hub.clock.advance(100);
    await both;

    expect(worker.role).toBe("stopped");
  });
});
