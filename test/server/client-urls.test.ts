import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App, getClient, type HttpManagementPayload } from "../../src/sdk/index.ts";
import { ensureKeys, keyFileOf, newKey, readKeys, SYSTEM_KEY, writeKeys } from "../../src/server/key-file.ts";
import { type RunningServer, type StartServerOptions, startServer } from "../../src/server/start-server.ts";

let folder: string;
let server: RunningServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
});

afterEach(async () => {
  delete process.env["PERDURE_SYSTEM_KEY"];
  await server?.close();
  await rm(folder, { recursive: true });
});

function functions(): App {
  const app = new App();
  app.activity("addresses", (_input, { instanceId }) => getClient().createHttpManagementPayload(instanceId));
  app.orchestration("tellAddresses", function* (context) {
    context.setCustomStatus(yield context.callActivity("addresses"));
    return yield context.waitForExternalEvent("go");
  });
  app.orchestration("fail", () => {
    throw new RangeError("boom");
  });
  return app;
}

async function start(options: StartServerOptions = {}): Promise<RunningServer> {
  const own = { app: functions(), appPath: folder, port: 0, storage: "memory:" };
  server = await startServer({ ...own, ...options });
  return server;
}

async function waiting(instanceId: string): Promise<HttpManagementPayload> {
  await getClient().startNew("tellAddresses", { instanceId });
  const told = expect.poll(async () => (await getClient().getStatus(instanceId))?.customStatus);
  await told.toMatchObject({ id: instanceId });
  return (await getClient().getStatus(instanceId))?.customStatus as HttpManagementPayload;
}

const post = async (url: string, body?: unknown): Promise<number> => {
  const text = JSON.stringify(body);
  const headers = { "Content-Type": "application/json" };
  return (await fetch(url, { method: "POST", ...(body === undefined ? {} : { headers, body: text }) }))
    .status;
};

describe.each([
  ["no key is needed", {}],
  ["a key is needed", { requireKey: true }],
])("where %s, every address that an activity makes works", (_title, options: StartServerOptions) => {
  beforeEach(() => start(options));

  test("P-1 statusQueryGetUri, sendEventPostUri and purgeHistoryDeleteUri", async () => {
    const urls = await waiting("an order:1");

    expect((await fetch(urls.statusQueryGetUri)).status).toBe(202);
    expect(await post(urls.sendEventPostUri.replace("{eventName}", "go"), { paid: true })).toBe(202);
    expect((await getClient().waitForCompletion("an order:1")).output).toEqual({ paid: true });
    expect((await fetch(urls.statusQueryGetUri)).status).toBe(200);
    expect((await fetch(urls.purgeHistoryDeleteUri, { method: "DELETE" })).status).toBe(200);
    expect((await fetch(urls.statusQueryGetUri)).status).toBe(404);
  });

  test("P-1 suspendPostUri, resumePostUri, terminatePostUri and restartPostUri", async () => {
    const urls = await waiting("one");
    const statusAfter = async (url: string): Promise<unknown> => {
      expect(await post(url.replace("{text}", "because"))).toBe(202);
      return (await getClient().getStatus("one"))?.runtimeStatus;
    };

    expect(await statusAfter(urls.suspendPostUri)).toBe("Suspended");
    expect(await statusAfter(urls.resumePostUri)).toBe("Running");
    expect(await statusAfter(urls.terminatePostUri)).toBe("Terminated");
    expect((await getClient().getStatus("one"))?.output).toBe("because");
    expect(await post(urls.restartPostUri)).toBe(202);
  });

  test("P-6 rewindPostUri, and a status that is a 500 on failure", async () => {
    const id = await getClient().startNew("fail");
    await getClient().waitForCompletion(id);

    const urls = getClient().createHttpManagementPayload(id, { returnInternalServerErrorOnFailure: true });

    expect((await fetch(urls.statusQueryGetUri)).status).toBe(500);
    expect(await post(urls.rewindPostUri)).toBe(202);
  });

  test("P-2 P-5 the addresses are those of this server and hub", async () => {
    const { statusQueryGetUri } = getClient().createHttpManagementPayload("one");
    const { origin, pathname, searchParams } = new URL(statusQueryGetUri);

    expect(origin).toBe(server?.url);
    expect(pathname).toBe("/runtime/webhooks/durabletask/instances/one");
    expect(Object.fromEntries(searchParams)).toMatchObject({
      taskHub: "DurableFunctionsHub",
      connection: "Storage",
    });
    expect(searchParams.has("code")).toBe("requireKey" in options);
  });

  test("P-3 H-40 the Location of a check-status response works", async () => {
    await waiting("one");
    const request = new Request(`${server?.url}/api/start`);

    const response = getClient().createCheckStatusResponse(request, "one");

    expect((await fetch(response.headers.get("Location") ?? "")).status).toBe(202);
  });
});

describe("the key in the addresses", () => {
  const codeOf = (): string | null =>
    new URL(getClient().createHttpManagementPayload("one").statusQueryGetUri).searchParams.get("code");
  const valueOf = async (name: string): Promise<string | undefined> =>
    (await readKeys(keyFileOf(folder))).find((key) => key.name === name)?.value;

  test("H-8 P-2 is the system key", async () => {
    await start({ requireKey: true });

    expect(codeOf()).toMatch(/^[\w-]{43}$/);
    expect(codeOf()).toBe(await valueOf(SYSTEM_KEY));
  });

  test("is the one of the environment, where there is one", async () => {
    await ensureKeys(keyFileOf(folder));
    process.env["PERDURE_SYSTEM_KEY"] = "from the environment";
    await start();

    expect(codeOf()).toBe("from the environment");
    expect((await fetch(getClient().createHttpManagementPayload("one").statusQueryGetUri)).status).toBe(404);
  });

  test("is the new one as soon as it was rotated, and another full one when it was revoked", async () => {
    await start({ requireKey: true });
    const before = codeOf();
    const read = (await readKeys(keyFileOf(folder))).filter(({ access }) => access === "read");

    const rotated = newKey(SYSTEM_KEY, "full");
    await writeKeys(keyFileOf(folder), [...read, rotated]);
    expect(codeOf()).toBe(rotated.value);
    expect(codeOf()).not.toBe(before);

    const other = newKey("other", "full");
    await writeKeys(keyFileOf(folder), [...read, other]);
    expect(codeOf()).toBe(other.value);
  });

  test("is never one for reading: without any other it says what to do", async () => {
    await start({ requireKey: true });
    await writeKeys(keyFileOf(folder), [newKey("read", "read")]);

    expect(codeOf).toThrow(/keys\.json has no key that opens everything.*perdure keys add system/);
  });
});

describe("where callers reach the host", () => {
  const statusUrl = (request?: Request): string =>
    getClient().createCheckStatusResponse(request, "one").headers.get("Location") ?? "";

  test("P-3 may be another address than the one it listens on; the key goes with it", async () => {
    await start({ webhookUrl: "https://flows.example.org/durable", requireKey: true });

    expect(statusUrl()).toMatch(
      /^https:\/\/flows\.example\.org\/durable\/instances\/one\?.*&code=[\w-]{43}$/,
    );
  });

  test.each([
    [true, "https://front.example"],
    [false, "http://inner:81"],
  ])("P-4 with useForwardedHost %s in host.json it is %s for a forwarded request", async (trusts, origin) => {
    const extensions = { durableTask: { httpSettings: { useForwardedHost: trusts } } };
    await writeFile(join(folder, "host.json"), JSON.stringify({ version: "2.0", extensions }));
    await start();
    const headers = { "X-Forwarded-Host": "front.example", "X-Forwarded-Proto": "https" };

    expect(new URL(statusUrl(new Request("http://inner:81/start", { headers }))).origin).toBe(origin);
  });
});
