import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_BODY_BYTES } from "../../src/http/request-body.ts";
import { BASE, type HostUnderTest, jsonOf, ORIGIN, startHost } from "./host-under-test.ts";

let host: HostUnderTest;

beforeAll(async () => {
  host = await startHost();
});

afterAll(() => host.close());

const start = (path: string, init?: RequestInit) => host.call("POST", `${BASE}/orchestrators/${path}`, init);

async function inputOf(instanceId: string): Promise<string> {
  const response = await host.call("GET", `${BASE}/instances/${instanceId}`);
  return /"input":(.*),"customStatus"/.exec(await response.text())?.[1] ?? "no input";
}

describe("the body", () => {
  test("H-30 may be missing: the input is null", async () => {
    await start("wait/no-body");

    expect(await inputOf("no-body")).toBe("null");
  });

  test("H-30 may be empty: the input is null", async () => {
    await start("wait/empty-body", { body: "" });

    expect(await inputOf("empty-body")).toBe("null");
  });

  test("H-30 may have any media type", async () => {
    const response = await start("wait/any-type", { body: "[1]", headers: { "Content-Type": "text/csv" } });

    expect(response.status).toBe(202);
    expect(await inputOf("any-type")).toBe("[1]");
  });

  test.each(["{", "abc", " ", "{'a':1}", "[1,]", new Uint8Array([0x22, 0xff, 0x22])])(
    "H-30 that is not JSON is refused, and nothing is started: %s",
    async (body) => {
      const response = await start("wait/not-json", { body });

      expect(response.status).toBe(400);
      expect(await jsonOf(response)).toEqual({
        Message: "Invalid JSON content",
        ExceptionMessage: expect.any(String),
        ExceptionType: expect.any(String),
        StackTrace: null,
      });
      expect((await host.call("GET", `${BASE}/instances/not-json`)).status).toBe(404);
    },
  );

  test("H-31 is stored as it came: large numbers, order of keys, spelling of numbers", async () => {
    const body = '{"2":12345678901234567890,"1":1.50,"b":"\\u00e4"}';
    await start("wait/raw-text", { body });

    expect(await inputOf("raw-text")).toBe(body);
  });

  test("a body of more than 64 MB is refused with 413, and nothing is started", async () => {
    const body = new Blob([`"${"x".repeat(MAX_BODY_BYTES)}"`]).stream();
    const response = await start("wait/too-large", { body, duplex: "half" });

    expect(response.status).toBe(413);
    expect((await jsonOf(response))["Message"]).toContain("64 MB");
    expect((await host.call("GET", `${BASE}/instances/too-large`)).status).toBe(404);
  });

  test("a body that announces more than 64 MB is not even read", async () => {
    const headers = { "Content-Length": String(MAX_BODY_BYTES + 1) };
    const response = await start("wait/announced", { body: "1", headers });

    expect(response.status).toBe(413);
  });
});

describe("the id", () => {
  test.each(["echo", "echo/"])("H-32 is 32 random hex digits when the path is %s", async (path) => {
    const ids = [await jsonOf(await start(path)), await jsonOf(await start(path))].map(({ id }) => id);

    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(new Set(ids).size).toBe(2);
  });

  test.each(["%40entity", "a%2Fb", "a%5Cb", "a%3Fb", "a%23b", "a%00b", "x".repeat(257)])(
    "H-36 is refused when it is not valid: %s",
    async (id) => {
      const response = await start(`echo/${id}`);

      expect(response.status).toBe(400);
      expect(await jsonOf(response)).toMatchObject({
        Message: "One or more of the arguments submitted is incorrect",
        ExceptionType: "INVALID_INSTANCE_ID",
      });
    },
  );

  test.each(["x".repeat(256), "with%20blank", "a:b.c%25d", "%E6%9D%B1%E4%BA%AC"])(
    "H-36 may be %s",
    async (id) => {
      const response = await start(`echo/${id}`);

      expect(response.status).toBe(202);
      expect((await jsonOf(response))["id"]).toBe(decodeURIComponent(id));
    },
  );

  test.each(["Pending", "Running", "Suspended"])(
    "H-37 of a %s instance is refused with 409",
    async (status) => {
      const id = `taken-${status}`;
      if (status === "Pending") {
        await host.hub.client.startNew("wait", { instanceId: id, startAt: new Date(Date.now() + 3_600_000) });
      } else await host.startWaiting(id);
      if (status === "Suspended") await host.hub.client.suspend(id);

      const response = await start(`echo/${id}`);

      expect(response.status).toBe(409);
      expect(await jsonOf(response)).toEqual({
        Message: expect.stringContaining(`with the status ${status} already exists`),
      });
    },
  );

  test.each(["Completed", "Failed", "Terminated"])("H-37 of a %s instance is free again", async (status) => {
    const id = `free-${status}`;
    await host.hub.client.startNew({ Completed: "echo", Failed: "fail" }[status] ?? "wait", {
      instanceId: id,
    });
    if (status === "Terminated") await host.hub.client.terminate(id);
    await host.hub.client.waitForCompletion(id);

    const response = await start(`wait/${id}`);

    expect(response.status).toBe(202);
  });
});

test("H-35 an unknown function is refused with the list of those that are known", async () => {
  const response = await start("nobody/unknown");

  expect(response.status).toBe(400);
  expect(await jsonOf(response)).toEqual({
    Message: "One or more of the arguments submitted is incorrect",
    ExceptionMessage: expect.stringMatching(/'nobody' does not exist.*'echo'.*'greet'/),
    ExceptionType: "ORCHESTRATOR_NOT_FOUND",
    StackTrace: null,
  });
  expect((await host.call("GET", `${BASE}/instances/unknown`)).status).toBe(404);
});

test("H-38 version becomes the version of the instance", async () => {
  await start("wait/versioned?version=1.2.0");

  expect((await host.hub.client.getStatus("versioned"))?.version).toBe("1.2.0");
});

test("S-200 a version that this host does not run is refused", async () => {
  const response = await start("versioned/too-new?version=3.0");

  expect(response.status).toBe(400);
  expect(await jsonOf(response)).toMatchObject({
    ExceptionType: "ORCHESTRATOR_VERSION_NOT_FOUND",
    ExceptionMessage: expect.stringContaining("There are: '1.0', '2.0'."),
  });
  expect((await host.call("GET", `${BASE}/instances/too-new`)).status).toBe(404);
});

test("H-33 H-40 the answer is 202 with the management URLs in their order", async () => {
  const response = await start("wait/an%20id%3A1");

  const instance = `${ORIGIN}${BASE}/instances/an%20id%3A1`;
  const query = "taskHub=TestHub&connection=Storage";
  const body = {
    id: "an id:1",
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
  expect(response.status).toBe(202);
  expect(response.headers.get("Location")).toBe(body.statusQueryGetUri);
  expect(response.headers.get("Retry-After")).toBe("10");
  expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  expect(await response.text()).toBe(JSON.stringify(body));
});

test("H-40 the status URL of the answer leads to the instance", async () => {
  const { statusQueryGetUri } = await jsonOf(await start("wait/follow%20me"));

  const response = await host.call("GET", String(statusQueryGetUri).slice(ORIGIN.length));

  expect((await jsonOf(response))["instanceId"]).toBe("follow me");
});

test("H-41 rewindPostUri is not in the answer", async () => {
  expect(await jsonOf(await start("echo"))).not.toHaveProperty("rewindPostUri");
});

describe("forwarded headers", () => {
  const headers = { "X-Forwarded-Host": "hub.public", "X-Forwarded-Proto": "https" };

  test("P-4 are ignored unless the host is told to believe them", async () => {
    expect((await jsonOf(await start("echo", { headers })))["statusQueryGetUri"]).toContain(`${ORIGIN}/`);
  });

  test("P-4 make the origin of the management URLs when the host believes them", async () => {
    const proxied = await startHost({ useForwardedHost: true });
    const response = await proxied.call("POST", `${BASE}/orchestrators/echo`, { headers });
    await proxied.close();

    expect((await jsonOf(response))["statusQueryGetUri"]).toContain("https://hub.public/runtime/");
  });
});
