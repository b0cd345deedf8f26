import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/index.ts";
import type { Code } from "./dotnet-orchestration.ts";
import { A, B, run, scene, stateIs } from "./dotnet-scene.ts";

describe.each(["messages", "events"] as const)(
  "a .NET worker that knows entities by %s",
  (entityMessages) => {
    const more = { entityMessages } as const;

    test("calls, signals and locks entities, and each of its turns follows from its history", async () => {
      const code: Code = function* (context) {
        const log: unknown[] = [];
        log.push(yield context.callEntity(A, "add", 1));
        context.signalEntity(A, "add", 10);
        log.push(yield context.callEntity(A, "get"));
        const section = (yield context.lockEntities(B, A)) as string;
        log.push(yield context.callEntity(B, "add", 100));
        log.push(yield context.callActivity("double", 4));
        context.unlockEntity(section, A);
        context.unlockEntity(section, B);
        log.push(yield context.callEntity(B, "reset"));
        return log;
      };

      const { status, output, why, worker } = await run(code, undefined, more);

      expect({ status, why, errors: worker.errors }).toEqual({
        status: "COMPLETED",
        why: undefined,
        errors: [],
      });
      expect(JSON.parse(output ?? "")).toEqual([1, 11, 100, 8, null]);
    });

    test("is told why an operation failed", async () => {
      const code: Code = function* (context) {
        try {
          return yield context.callEntity(A, "break");
        } catch (error) {
          return (error as Error).message;
        }
      };

      const { output } = await run(code, undefined, more);

      expect(output).toContain("RangeError: no such luck");
    });

    test("finds signals for later in its history to a tenth of a microsecond", async () => {
      const code: Code = function* (context) {
        context.signalEntity(A, "add", 1, { seconds: 4_000_000_000n, nanos: 123_456_700 });
        yield context.callActivity("double", 1);
        return yield context.callActivity("double", 2);
      };

      expect(await run(code, undefined, more)).toMatchObject({
        status: "COMPLETED",
        output: "4",
        why: undefined,
      });
    });

    test("that ends with locks held leaves the entities free", async () => {
      const code: Code = function* (context, keeps) {
        yield context.lockEntities(A, B);
        if (keeps) throw new Error("on purpose");
        return "never";
      };
      const { client, status } = await run(code, true, more);
      expect(status).toBe("FAILED");

      for (const instanceId of [A, B]) {
        await client.call("signalEntity", { instanceId, name: "add", input: "7" });
        await stateIs(client, instanceId, "7");
      }
    });

    test("that continues as new with locks held has them free for its next run", async () => {
      const code: Code = function* (context, round) {
        yield context.lockEntities(A, B);
        const sum = yield context.callEntity(A, "add", 1);
        if (round === 2) return sum;
        context.continueAsNew(2);
        return undefined;
      };

      expect(await run(code, 1, more)).toMatchObject({ status: "COMPLETED", output: "2", why: undefined });
    });

    /** Fails in its activity, is rewound once that is mended, and ends. */
    const rewound = async (code: Code) => {
      let isMended = false;
      const fragile = () => {
        if (!isMended) throw new Error("broken");
        return "mended";
      };
      const { client } = await run(code, undefined, {
        ...more,
        app: { activities: { fragile }, orchestrators: { it: code } },
      });
      isMended = true;
      await client.call("rewindInstance", { instanceId: "it", reason: "mended" });
      return client.ended("it");
    };

    test("goes on after a rewind, in a critical section too", async () => {
      const code: Code = function* (context) {
        const section = (yield context.lockEntities(A, B)) as string;
        let result: unknown;
        try {
          result = yield context.callActivity("fragile", 1);
        } finally {
          context.unlockEntity(section, A);
          context.unlockEntity(section, B);
        }
        return result;
      };

      expect(await rewound(code)).toMatchObject({ status: "COMPLETED", output: '"mended"' });
    });

    test("goes on after a rewind with locks that it left to its end", async () => {
      const code: Code = function* (context) {
        yield context.lockEntities(A, B);
        return yield context.callActivity("fragile", 1);
      };

      expect(await rewound(code)).toMatchObject({ status: "COMPLETED", output: '"mended"' });
    });
  },
);

describe("an entity of a .NET worker", () => {
  test("signals, starts orchestrations and schedules itself", async () => {
    const { client } = await scene({});
    await client.call("signalEntity", {
      instanceId: A,
      name: "tells",
      input: `"${B}"`,
      requestId: randomUUID(),
    });
    const id = "nightly-2026-01-02T03:04:05.0000000+00:00";
    await client.call("signalEntity", {
      instanceId: A,
      name: "starts",
      input: `"${id}"`,
      requestId: randomUUID(),
    });

    await expect.poll(async () => (await client.state(id))?.output).toBe('"hi"');
    await stateIs(client, B, "5");
  });

  test("gets operations whose ids it can read, whoever asked for them", async () => {
    const app = new App();
    app.orchestration("asks", function* (context) {
      context.signalEntity({ name: "counter", key: "a" }, "add", 2);
      return yield context.callEntity({ name: "counter", key: "a" }, "get");
    });
    const { client, worker } = await scene({}, {}, app);
    await client.start("asks", { instanceId: "asks" });
    expect((await client.ended("asks")).output).toBe("2");

    await client.call("signalEntity", { instanceId: A, name: "add", input: "3" });

    await stateIs(client, A, "5");
    expect(worker.errors).toEqual([]);
  });

  test("that signals itself for later hears of it then", async () => {
    const { client } = await scene({});

    await client.call("signalEntity", { instanceId: A, name: "later", requestId: randomUUID() });

    await stateIs(client, A, "0");
    await stateIs(client, A, "1");
  });
});
