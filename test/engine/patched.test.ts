import { describe, expect, test } from "vitest";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { App } from "../../src/sdk/app.ts";
import { HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

/** Counts to three, one event each, then begins anew; the new code adds a step before each event. */
function appOf(kind: "old" | "new", ran: string[] = []): App {
  const app = new App();
  app.activity("step", (name: string) => {
    ran.push(name);
    return name;
  });
  app.orchestration("eternal", function* (ctx, round: number) {
    const isPatched = (): boolean => kind === "new" && ctx.patched("step");
    for (let turn = 0; turn < 2; turn++) {
      if (isPatched()) yield ctx.callActivity("step", `${round}.${turn}`);
      yield ctx.waitForExternalEvent("go");
    }
    if (round === 2) return ctx.df.patched("step");
    ctx.continueAsNew(round + 1);
    return undefined;
  });
  return app;
}

describe.each<[string, Partial<EngineSettings>]>([
  ["warm", {}],
  ["replayed before every episode", { sessionMemoryBytes: 0 }],
])("patched, %s", (_title, settings) => {
  test("counts from the next execution on for an instance that was past it, also after a crash", async () => {
    const hub = new HubInMemory({ settings });
    const ran: string[] = [];
    const first = await hub.host({ app: appOf("old") });
    const id = await first.client.startNew("eternal", { input: 1 });
    await hub.clock.settle();
    first.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    let host = await hub.host({ app: appOf("new", ran) });
    for (let event = 0; event < 3; event++) {
      await host.client.raiseEvent(id, "go");
      await hub.clock.advance(1_000);
    }
    expect(ran).toEqual(["2.0", "2.1"]);
    const marks = (await host.client.getHistory(id)).filter(({ type }) => type === "PatchMarked");
    expect(marks).toHaveLength(1);
    host.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    host = await hub.host({ app: appOf("new", ran) });

    await host.client.raiseEvent(id, "go");
    await hub.clock.advance(1_000);

    expect(await host.client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: true });
    expect(ran).toEqual(["2.0", "2.1"]);
  });
});
