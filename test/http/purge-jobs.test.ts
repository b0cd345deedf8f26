import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PurgeJobs } from "../../src/http/purge-jobs.ts";
import type { PurgeProgress } from "../../src/storage/index.ts";
import { BASE, type HostUnderTest, jsonOf, keyRing, startHost } from "./host-under-test.ts";
import { Instances } from "./instances.ts";

const LONG_AGO = "createdTimeFrom=2000-01-01T00:00:00Z";

let host: HostUnderTest;

beforeEach(async () => {
  host = await startHost();
  const instances = new Instances(host.storage, "Other");
  for (let index = 0; index < 7; index++) await instances.put(`done-${index}`, "Completed");
  await instances.put("live", "Running");
});

afterEach(() => host.close());

function purge(query: string): Promise<Response> {
  return host.call("DELETE", `${BASE}/instances?taskHub=Other&background=true&${query}`);
}

/** Asks where the answer says until the purge has ended. */
async function ended(location: string): Promise<Record<string, unknown>> {
  const { pathname, search } = new URL(location);
  for (;;) {
    const response = await host.call("GET", pathname + search);
    if (response.status === 200) return jsonOf(response);
    expect(response.status).toBe(202);
  }
}

describe("a purge in the background", () => {
  test("is answered at once, and tells how far it is until it has ended", async () => {
    const response = await purge(LONG_AGO);
    const location = response.headers.get("Location") ?? "";

    expect(response.status).toBe(202);
    expect(await jsonOf(response)).toMatchObject({
      taskHub: "Other",
      status: "Running",
      instancesDeleted: 0,
      statusQueryGetUri: location,
    });
    expect(await ended(location)).toMatchObject({
      status: "Completed",
      instancesDeleted: 7,
      rowsDeleted: 14,
    });
    const left = await host.call("GET", `${BASE}/counts?taskHub=Other`);
    expect(await jsonOf(left)).toMatchObject({ Completed: 0, Running: 1 });
  });

  test.each([
    ["instanceIdPrefix=done-1", 1],
    ["name=other", 0],
    ["name=WAIT&instanceIdPrefix=done-&runtimeStatus=Completed", 7],
  ])("takes only what matches: %s", async (filter, expected) => {
    const location = (await purge(`${LONG_AGO}&${filter}`)).headers.get("Location") ?? "";

    expect(await ended(location)).toMatchObject({ status: "Completed", instancesDeleted: expected });
    const left = await jsonOf(await host.call("GET", `${BASE}/counts?taskHub=Other`));
    expect(left).toMatchObject({ Completed: 7 - expected });
  });

  test("of which nothing matches completes with 0", async () => {
    const location = (await purge("createdTimeFrom=2999-01-01T00:00:00Z")).headers.get("Location") ?? "";

    expect(await ended(location)).toMatchObject({ status: "Completed", instancesDeleted: 0 });
  });

  test("without createdTimeFrom is a 400 as any purge is (H-71)", async () => {
    expect((await purge("")).status).toBe(400);
  });

  test("is found in its own hub only, and an unknown one is a 404", async () => {
    const { id } = (await jsonOf(await purge(LONG_AGO))) as { id: string };

    expect((await host.call("GET", `${BASE}/purges/${id}`)).status).toBe(404);
    expect((await host.call("GET", `${BASE}/purges/nobody?taskHub=Other`)).status).toBe(404);
    expect((await host.call("POST", `${BASE}/purges/nobody/cancel?taskHub=Other`)).status).toBe(404);
  });

  test("that has ended cannot be canceled", async () => {
    const location = (await purge(LONG_AGO)).headers.get("Location") ?? "";
    const { id } = (await ended(location)) as { id: string };

    expect((await host.call("POST", `${BASE}/purges/${id}/cancel?taskHub=Other`)).status).toBe(410);
  });

  test("is not for a key that only reads, which may look at it", async () => {
    const guarded = await startHost({ keys: keyRing({ all: "full", look: "read" }) });
    const start = (key: string): Promise<Response> =>
      guarded.call("DELETE", `${BASE}/instances?background=true&${LONG_AGO}&code=${key}`);

    expect((await start("look")).status).toBe(403);
    const response = await start("all");
    const { id } = (await jsonOf(response)) as { id: string };
    expect(response.headers.get("Location")).toContain("code=all");
    expect((await guarded.call("GET", `${BASE}/purges/${id}?code=look`)).status).toBeLessThan(203);
    await guarded.close();
  });
});

describe("the purges of a host", () => {
  /** Batches that the test lets go, one by one. */
  function batches(): {
    readonly purge: AsyncGenerator<PurgeProgress>;
    readonly release: () => Promise<void>;
  } {
    const gates: (() => void)[] = [];
    async function* purge(): AsyncGenerator<PurgeProgress> {
      for (let instancesDeleted = 10; ; instancesDeleted += 10) {
        await new Promise<void>((resolve) => {
          gates.push(resolve);
        });
        yield { instancesDeleted, rowsDeleted: 0, done: false };
      }
    }
    return { purge: purge(), release };
    async function release(): Promise<void> {
      gates.shift()?.();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  test("one that is canceled ends with the batch it is at", async () => {
    const jobs = new PurgeJobs(undefined);
    const { purge, release } = batches();
    const { id } = jobs.start("Hub", purge);
    await release();
    expect(jobs.find("Hub", id)).toMatchObject({ status: "Running", instancesDeleted: 10 });

    jobs.cancel(id);
    await release();

    expect(jobs.find("Hub", id)).toMatchObject({ status: "Canceled", instancesDeleted: 20 });
  });

  test("end when the host stops", async () => {
    const stopping = new AbortController();
    const jobs = new PurgeJobs(stopping.signal);
    const { purge, release } = batches();
    const { id } = jobs.start("Hub", purge);

    stopping.abort();
    await release();

    expect(jobs.find("Hub", id)).toMatchObject({ status: "Canceled", instancesDeleted: 10 });
  });

  test("one that fails says why and how far it came", async () => {
    const jobs = new PurgeJobs(undefined);
    async function* purge(): AsyncGenerator<PurgeProgress> {
      yield { instancesDeleted: 5, rowsDeleted: 9, done: false };
      throw new Error("The disk is gone.");
    }
    const { id } = jobs.start("Hub", purge());
    await new Promise((resolve) => {
      setImmediate(resolve);
    });

    expect(jobs.find("Hub", id)).toMatchObject({
      status: "Failed",
      instancesDeleted: 5,
      rowsDeleted: 9,
      reason: "The disk is gone.",
    });
  });

  test("a hundred that have ended are remembered, and all that run", async () => {
    const jobs = new PurgeJobs(undefined);
    async function* nothing(): AsyncGenerator<PurgeProgress> {
      yield { instancesDeleted: 0, rowsDeleted: 0, done: true };
    }
    const first = batches();
    const running = jobs.start("Hub", first.purge);
    const ids = Array.from({ length: 120 }, () => jobs.start("Hub", nothing()).id);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });

    expect(jobs.find("Hub", running.id)).toMatchObject({ status: "Running" });
    jobs.cancel(running.id);
    await first.release();
    expect(jobs.find("Hub", running.id)).toMatchObject({ status: "Canceled" });
    expect(ids.filter((id) => jobs.find("Hub", id) !== undefined)).toHaveLength(99);
  });
});
