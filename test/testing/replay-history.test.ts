import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeChunk } from "../../src/core/history-chunk.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { exportHistory } from "../../src/engine/export-history.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App } from "../../src/sdk/app.ts";
import { TaskHub } from "../../src/sdk/task-hub.ts";
import type { HistoryChunk, InstanceRecord } from "../../src/storage/index.ts";
import { replayHistory, TestHub } from "../../src/testing/index.ts";
import { register } from "../golden/programs.mjs";

/** The order of this version: reserve, wait for the payment, then do the rest. */
function orders(...rest: readonly string[]): App {
  const app = new App();
  for (const name of ["reserve", "charge", "ship", "refund"]) app.activity(name, () => `${name} done`);
  app.orchestration("order", function* (ctx) {
    yield ctx.df.callActivity("reserve");
    yield ctx.df.waitForExternalEvent("paid");
    const done: unknown[] = [];
    for (const step of rest) {
      if (step === "again") return ctx.df.continueAsNew();
      if (step === "fail") throw new Error("no");
      if (step === "wait") yield ctx.df.waitForExternalEvent("more");
      else done.push(yield ctx.df.callActivity(step));
    }
    return done;
  });
  return app;
}

const v1 = orders("charge", "ship");

async function recorded(app: App, act?: (hub: TestHub, id: string) => Promise<unknown>) {
  const hub = await TestHub.start({ app });
  onTestFinished(() => hub.stop());
  const id = await hub.client.startNew("order", { instanceId: "order-1" });
  await hub.settle();
  await act?.(hub, id);
  await hub.settle();
  return hub.history(id);
}

const toTheEnd = (hub: TestHub, id: string): Promise<void> => hub.client.raiseEvent(id, "paid");

describe("the events of one instance", () => {
  test.each([
    ["that waits", undefined, "Running", undefined],
    ["that has ended", toTheEnd, "Completed", ["charge done", "ship done"]],
    ["that is suspended", (hub: TestHub, id: string) => hub.client.suspend(id, "why"), "Running", undefined],
    [
      "that got its event while it was suspended",
      async (hub: TestHub, id: string) => {
        await hub.client.suspend(id);
        await hub.client.raiseEvent(id, "paid");
      },
      "Running",
      undefined,
    ],
    ["that was terminated", (hub: TestHub, id: string) => hub.client.terminate(id, "no"), "Terminated", "no"],
  ] as const)("%s agree with the code that made them", async (_what, act, runtimeStatus, output) => {
    const history = await recorded(v1, act);

    expect(await replayHistory(v1, history)).toEqual([
      { instanceId: "order-1", name: "order", runtimeStatus, output },
    ]);
  });

  test.each<[string, App, typeof toTheEnd | undefined, string]>([
    [
      "a step in another place",
      orders("ship", "charge"),
      toTheEnd,
      "event 1 of the history is TaskScheduled of activity 'charge', but the code now asks for ScheduleTask of activity 'ship'",
    ],
    ["a step less", orders("charge"), toTheEnd, "event 2 of the history is TaskScheduled of activity 'ship'"],
    [
      "a step more",
      orders("charge", "ship", "refund"),
      toTheEnd,
      "event 3 of the history is the end as Completed, but the code now asks for ScheduleTask of activity 'refund'",
    ],
    [
      "a wait more",
      orders("charge", "ship", "wait"),
      toTheEnd,
      "event 3 of the history is the end as Completed, but the code now asks for something more to wait for",
    ],
    [
      "another round",
      orders("charge", "ship", "again"),
      toTheEnd,
      "event 3 of the history is the end as Completed, but the code now asks for a continue-as-new",
    ],
    [
      "a failure",
      orders("charge", "ship", "fail"),
      toTheEnd,
      "event 3 of the history is the end as Completed, but the code now asks for the end as Failed",
    ],
  ])("do not agree with code that has %s", async (_what, changed, act, message) => {
    const history = await recorded(v1, act);

    const replaying = replayHistory(changed, history);

    await expect(replaying).rejects.toMatchObject({ code: "NON_DETERMINISM", name: "NonDeterminismError" });
    await expect(replaying).rejects.toThrow(`instance 'order-1' of 'order': ${message}`);
  });

  test("do not agree with code that ends where they wait", async () => {
    const early = new App();
    early.activity("reserve", () => 1);
    early.orchestration("order", function* (ctx) {
      return yield ctx.df.callActivity("reserve");
    });

    const replaying = replayHistory(early, await recorded(v1));

    await expect(replaying).rejects.toThrow(
      "event 0 of the history is not there yet, but the code now asks for the end as Completed",
    );
  });

  test("of an app that lacks the orchestrator are an error that lists those it has", async () => {
    const other = new App();
    other.orchestration("other", () => 1);

    await expect(replayHistory(other, await recorded(v1))).rejects.toThrow("Registered are: 'other'.");
  });

  test("run no activity", async () => {
    const history = await recorded(v1, toTheEnd);
    const app = orders("charge", "ship");
    const hub = await TestHub.start({ app, fakes: { charge: new Error("it ran") } });
    onTestFinished(() => hub.stop());

    await replayHistory(app, history);

    expect(hub.calls("charge")).toEqual([]);
  });
});

describe("an archive", () => {
  test("is replayed from its text, its file and its URL, every instance of it", async () => {
    const archive = await archiveOfOrders();
    const folder = await mkdtemp(join(tmpdir(), "perdure-replay-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "orders.ndjson");
    await writeFile(file, archive);

    for (const source of [archive, file, pathToFileURL(file)]) {
      const replayed = await replayHistory(v1, source);
      const ends = replayed.map(({ instanceId, runtimeStatus }) => `${instanceId} ${runtimeStatus}`);
      expect(ends.toSorted()).toEqual(["order-0 Completed", "order-1 Running", "order-2 Running"]);
    }
  });

  test("of which one instance does not agree is that error", async () => {
    const archive = await archiveOfOrders();

    await expect(replayHistory(orders("ship", "charge"), archive)).rejects.toMatchObject({
      name: "NonDeterminismError",
      message: expect.stringContaining("instance 'order-0'"),
    });
  });

  test("of which several do not agree is all these errors", async () => {
    const other = new App();
    other.orchestration("order", () => "done");

    const failure = await replayHistory(other, await archiveOfOrders()).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).errors).toHaveLength(3);
  });

  test("of events alone, one on each line, is one history", async () => {
    const history = await recorded(v1, toTheEnd);

    const replayed = await replayHistory(v1, history.map((event) => JSON.stringify(event)).join("\n"));

    expect(replayed).toMatchObject([{ instanceId: "order-1", runtimeStatus: "Completed" }]);
  });

  test.each([
    ["", "The file of histories cannot be read"],
    ["no-such-file.ndjson", "no-such-file.ndjson"],
    ["{}", "Line 1 of the archive cannot be read"],
    [
      '{"type":"hub","format":1,"taskHub":"Hub","exportedTime":"2030-01-01T00:00:00.000Z"}\n',
      "The archive has no history to replay.",
    ],
  ])("%j is refused", async (source, message) => {
    await expect(replayHistory(v1, source)).rejects.toThrow(message);
  });

  test("an array without a beginning is refused", async () => {
    await expect(replayHistory(v1, [])).rejects.toThrow("it has no event ExecutionStarted");
  });
});

/** One order that was paid and two that wait. */
async function archiveOfOrders(): Promise<string> {
  const storage = createMemoryStorage();
  await using hub = await TaskHub.open(storage, { app: v1 });
  await hub.start();
  for (const number of [0, 1, 2]) await hub.client.startNew("order", { instanceId: `order-${number}` });
  await hub.client.raiseEvent("order-0", "paid");
  await hub.client.waitForCompletion("order-0", { timeoutMs: 5_000 });
  const { query } = await storage.openTaskHub(hub.name);
  const lines: string[] = [];
  for await (const line of exportHistory(hub.name, query, {})) lines.push(`${line}\n`);
  return lines.join("");
}

const golden = new URL("../golden/histories/v1/", import.meta.url);
const files = await readdir(golden);

describe("a history of an earlier version of the engine", () => {
  test.each(files)("%s agrees", async (file) => {
    const { record, chunks } = JSON.parse(await readFile(new URL(file, golden), "utf8")) as {
      readonly record: InstanceRecord;
      readonly chunks: readonly HistoryChunk[];
    };
    const events: readonly HistoryEvent[] = chunks.flatMap((chunk) => decodeChunk(chunk, record));
    const app = new App();
    register(app);

    const [replayed] = await replayHistory(app, events);

    expect(replayed?.runtimeStatus).toBe(record.status);
    expect(JSON.stringify(replayed?.output)).toBe(record.output);
  });
});
