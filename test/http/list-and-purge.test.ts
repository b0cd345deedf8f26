import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RuntimeStatus } from "../../src/core/orchestration-status.ts";
import { BASE, type HostUnderTest, startHost } from "./host-under-test.ts";
import { Instances } from "./instances.ts";

const DAY = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;

const FIVE: readonly [string, RuntimeStatus][] = [
  ["a-1", "Completed"],
  ["a-2", "Running"],
  ["b-1", "Failed"],
  ["b-2", "Terminated"],
  ["b-3", "Pending"],
];

let host: HostUnderTest;

beforeEach(async () => {
  host = await startHost();
  const instances = new Instances(host.storage, "Other");
  for (const [index, [id, status]] of FIVE.entries())
    await instances.put(id, status, { at: DAY + index * HOUR });
});

afterEach(() => host.close());

function call(method: string, query: string, headers: Record<string, string> = {}): Promise<Response> {
  return host.call(method, `${BASE}/instances?taskHub=Other&${query}`, { headers });
}

async function idsOf(response: Response): Promise<readonly string[]> {
  const list = (await response.json()) as readonly { readonly instanceId: string }[];
  return list.map(({ instanceId }) => instanceId).toSorted();
}

const ALL = FIVE.map(([id]) => id);

test("a page of large inputs ends at 64 MiB, and the rest is on the next", async () => {
  const instances = new Instances(host.storage, "Other");
  const input = JSON.stringify("x".repeat(30 * 1024 * 1024));
  for (const id of ["large-1", "large-2", "large-3"]) await instances.put(id, "Pending", { input });

  const first = await call("GET", "instanceIdPrefix=large");
  const token = first.headers.get("x-ms-continuation-token") ?? "";
  const second = await call("GET", "instanceIdPrefix=large", { "x-ms-continuation-token": token });

  expect(await idsOf(first)).toEqual(["large-1", "large-2"]);
  expect(await idsOf(second)).toEqual(["large-3"]);
  expect(second.headers.get("x-ms-continuation-token")).toBe("");
});

describe("the order of the list", () => {
  const newestFirst = ALL.toReversed();

  test.each([
    ["H-61 by id", "", ALL.toSorted()],
    ["H-61 by id with a name", "name=wait", ALL.toSorted()],
    ["H-61 by id with a prefix", "instanceIdPrefix=b-", ["b-1", "b-2", "b-3"]],
    ["a prefix is by id whatever is said", "instanceIdPrefix=b-&orderBy=created", ["b-1", "b-2", "b-3"]],
    ["newest first with a time", "createdTimeFrom=2030-01-01T00:00:00Z", newestFirst],
    ["newest first with a status", "runtimeStatus=Completed,Failed,Pending", ["b-3", "b-1", "a-1"]],
    ["newest first when asked for", "orderBy=created", newestFirst],
    ["by id when asked for", "orderBy=ID&runtimeStatus=Pending,Completed", ["a-1", "b-3"]],
  ])("%s, whole and page by page", async (_title, query, expected) => {
    const whole = (await (await call("GET", query)).json()) as { instanceId: string }[];
    const paged: string[] = [];
    for (let token = "", pages = 0; pages === 0 || token !== ""; pages++) {
      const response = await call("GET", `${query}&top=2`, { "x-ms-continuation-token": token });
      token = response.headers.get("x-ms-continuation-token") ?? "";
      paged.push(
        ...((await response.json()) as { instanceId: string }[]).map(({ instanceId }) => instanceId),
      );
    }

    expect(whole.map(({ instanceId }) => instanceId)).toEqual(expected);
    expect(paged).toEqual(expected);
  });
});

describe("the list", () => {
  test.each([
    ["H-55 everything", "", ALL],
    ["H-55 nothing is an empty list", "instanceIdPrefix=c", []],
    ["H-60 by prefix", "instanceIdPrefix=b-", ["b-1", "b-2", "b-3"]],
    ["H-60 a prefix in another case is another prefix", "instanceIdPrefix=B-", []],
    ["H-15 by status", "runtimeStatus=Failed,Terminated", ["b-1", "b-2"]],
    ["H-15 by a repeated status", "runtimeStatus=Failed&runtimeStatus=Pending", ["b-1", "b-3"]],
    ["H-15 by the number of a status", "runtimeStatus=1", ["a-1"]],
    ["H-15 what is no status is dropped", "runtimeStatus=failed,Running", ["a-2"]],
    ["H-15 a list of none is no filter", "runtimeStatus=failed", ALL],
    ["H-59 from a time on, inclusive", "createdTimeFrom=2030-01-01T03:00:00Z", ["b-2", "b-3"]],
    ["H-59 up to a time, inclusive", "createdTimeTo=2030-01-01T01:00:00Z", ["a-1", "a-2"]],
    ["H-14 what is no time is no filter", "createdTimeFrom=soon", ALL],
    ["H-14 years of fewer digits", "createdTimeFrom=1-01-01T00:00:00Z", ALL],
    ["H-59 filters are joined by and", "instanceIdPrefix=b-&runtimeStatus=Running,Failed", ["b-1"]],
    ["by name", "name=wait", ALL],
    ["by a name nothing has", "name=other", []],
  ])("%s", async (_title, query, expected) => {
    const response = await call("GET", query);

    expect(response.status).toBe(200);
    expect(await idsOf(response)).toEqual(expected);
  });

  test.each([1, 2, 3, 5, 100])(
    "H-56 H-57 pages of %i bring each once, and the last token is empty",
    async (top) => {
      const pages: (readonly string[])[] = [];
      let token = "";
      do {
        const response = await call(
          "GET",
          `top=${top}`,
          token === "" ? {} : { "x-ms-continuation-token": token },
        );
        token = response.headers.get("x-ms-continuation-token") ?? "missing";
        pages.push(await idsOf(response));
      } while (token !== "");

      expect(pages.flat().toSorted()).toEqual(ALL);
      expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(top);
    },
  );

  test.each(["top=many", "top=0", "top=-1"])("H-13 %s is no page size", async (query) => {
    expect(await idsOf(await call("GET", query))).toEqual(ALL);
  });

  test("H-63 showInput=false holds without a filter too; history is never shown", async () => {
    const [first] = (await (await call("GET", "showInput=false&showHistory=true")).json()) as Record<
      string,
      unknown
    >[];

    expect(first).toMatchObject({ input: null });
    expect(first).not.toHaveProperty("historyEvents");
  });

  test("H-64 a token of nobody is a 400", async () => {
    expect((await call("GET", "", { "x-ms-continuation-token": "made up" })).status).toBe(400);
  });
});

describe("purge", () => {
  const FROM = "createdTimeFrom=2029-01-01T00:00:00Z";

  test.each([
    ["H-73 all that have ended", FROM, 3, ["a-2", "b-3"]],
    ["H-70 by status", `${FROM}&runtimeStatus=Failed,Completed`, 2, ["a-2", "b-2", "b-3"]],
    [
      "H-73 a status that is no end counts for nothing",
      `${FROM}&runtimeStatus=Running,Failed`,
      1,
      ["a-1", "a-2", "b-2", "b-3"],
    ],
    ["H-72 up to a time, inclusive", `${FROM}&createdTimeTo=2030-01-01T02:00:00Z`, 2, ["a-2", "b-2", "b-3"]],
    ["by name", `${FROM}&name=WAIT`, 3, ["a-2", "b-3"]],
    ["H-74 the prefix is not looked at", `${FROM}&instanceIdPrefix=a`, 3, ["a-2", "b-3"]],
  ])("%s", async (_title, query, instancesDeleted, left) => {
    const response = await call("DELETE", query);

    expect([response.status, await response.json()]).toEqual([200, { instancesDeleted }]);
    expect(await idsOf(await call("GET", ""))).toEqual(left);
  });

  test.each([
    ["H-70 nothing matches", "createdTimeFrom=2040-01-01T00:00:00Z"],
    ["H-73 only statuses that are no end", `${FROM}&runtimeStatus=Running,Pending`],
  ])("%s: 404, and nothing is purged", async (_title, query) => {
    const response = await call("DELETE", query);

    expect([response.status, await response.text()]).toEqual([404, ""]);
    expect(await idsOf(await call("GET", ""))).toEqual(ALL);
  });

  test.each(["", "createdTimeFrom=", "createdTimeFrom=soon"])(
    "H-71 %j says no time to begin at: 400",
    async (query) => {
      const response = await call("DELETE", query);

      expect(response.status).toBe(400);
      expect(await response.json()).toBe("Please provide value for 'createdTimeFrom' parameter.");
      expect(await idsOf(await call("GET", ""))).toEqual(ALL);
    },
  );

  test("H-66 H-67 one that has ended, and one that has not", async () => {
    const ended = await host.call("DELETE", `${BASE}/instances/a-1?taskHub=Other`);
    const live = await host.call("DELETE", `${BASE}/instances/a-2?taskHub=Other`);

    expect([ended.status, await ended.text()]).toEqual([200, '{"instancesDeleted":1}']);
    expect([live.status, await live.json()]).toEqual([412, expect.stringContaining("it is Running")]);
  });
});
