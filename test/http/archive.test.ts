import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, jsonOf, keyRing, startHost } from "./host-under-test.ts";

/** With a separator at which some readers of lines split. */
const TOKYO = "To\u2028kyo";

let host: HostUnderTest;

beforeEach(async () => {
  host = await startHost();
  for (const id of ["a", "b"]) {
    await host.hub.client.startNew("greet", { instanceId: id, input: TOKYO });
    await host.hub.client.waitForCompletion(id);
  }
});

afterEach(() => host.close());

async function linesOf(response: Response): Promise<readonly Record<string, unknown>[]> {
  const lines = (await response.text()).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("an archive over HTTP", () => {
  test("goes out of one hub and into another, a line for each instance", async () => {
    const exported = await host.call("GET", `${BASE}/export`);
    expect(exported.headers.get("Content-Type")).toBe("application/x-ndjson; charset=utf-8");

    const imported = await host.call("POST", `${BASE}/import?taskHub=Other`, { body: await exported.text() });

    expect(await linesOf(imported)).toEqual([
      { type: "imported", instanceId: "b" },
      { type: "imported", instanceId: "a" },
      { type: "done", imported: 2, skipped: 0 },
    ]);
    const [here, there] = await Promise.all(
      ["", "&taskHub=Other"].map((hub) => host.call("GET", `${BASE}/instances/a?showHistory=true${hub}`)),
    );
    expect(await jsonOf(there as Response)).toEqual(await jsonOf(here as Response));
  });

  test("may be of one instance", async () => {
    const lines = await linesOf(await host.call("GET", `${BASE}/export?instanceId=a`));

    expect(lines.map(({ type }) => type)).toEqual(["hub", "instance", "episode", "episode", "end"]);
    expect(lines[1]).toMatchObject({ instanceId: "a", name: "greet", input: JSON.stringify(TOKYO) });
  });

  test.each([
    ["no archive", "Dear diary", "Line 1"],
    ["an archive that was cut short", undefined, "in the middle of instance"],
  ])("%s fails with the line, at the end of the answer", async (_what, body, message) => {
    const text = await (await host.call("GET", `${BASE}/export?instanceId=a`)).text();
    const cut = text.split("\n").slice(0, 3).join("\n");

    const lines = await linesOf(
      await host.call("POST", `${BASE}/import?taskHub=Other`, { body: body ?? cut }),
    );

    expect(lines).toEqual([
      { type: "failed", imported: 0, skipped: 0, message: expect.stringContaining(message) },
    ]);
    expect((await host.call("GET", `${BASE}/instances/a?taskHub=Other`)).status).toBe(404);
  });

  test("nothing at all imports nothing", async () => {
    const lines = await linesOf(await host.call("POST", `${BASE}/import?taskHub=Other`));

    expect(lines).toEqual([{ type: "done", imported: 0, skipped: 0 }]);
  });

  test("is read with a key for reading, and imported with a full one only", async () => {
    const guarded = await startHost({ keys: keyRing({ all: "full", look: "read" }) });

    expect((await guarded.call("GET", `${BASE}/export?code=look`)).status).toBe(200);
    expect((await guarded.call("POST", `${BASE}/import?code=look`)).status).toBe(403);
    await guarded.close();
  });
});

describe("the task hubs of the store", () => {
  test("are listed", async () => {
    const hubs = await (await host.call("GET", `${BASE}/taskhubs`)).json();

    expect(hubs).toEqual(
      ["TestHub", "Other"].map((name) => ({ name, createdTime: expect.stringMatching(/^\d{4}-.*Z$/) })),
    );
  });

  test("one that no host runs is deleted", async () => {
    expect((await host.call("DELETE", `${BASE}/taskhubs/other`)).status).toBe(200);

    expect((await host.call("DELETE", `${BASE}/taskhubs/other`)).status).toBe(404);
    expect((await host.call("GET", `${BASE}/counts?taskHub=Other`)).status).toBe(404);
  });

  test("the one this host runs is not", async () => {
    const response = await host.call("DELETE", `${BASE}/taskhubs/TESTHUB`);

    expect(response.status).toBe(409);
    expect(await jsonOf(response)).toMatchObject({ Message: expect.stringContaining("Stop the host") });
    expect((await host.call("GET", `${BASE}/instances/a`)).status).toBe(200);
  });
});
