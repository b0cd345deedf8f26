import { afterEach, describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App } from "../../src/sdk/app.ts";
import type { RequestLike, WebhookOptions } from "../../src/sdk/index.ts";
import { TaskHub } from "../../src/sdk/task-hub.ts";

const API = "/runtime/webhooks/durabletask";
const QUERY = "taskHub=TestHub&connection=Storage";

const hubs: TaskHub[] = [];

afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
});

function functions(): App {
  const app = new App();
  app.orchestration("echo", (_context, input: unknown) => input);
  app.orchestration("wait", function* (context) {
    return yield context.waitForExternalEvent("go");
  });
  app.orchestration("fail", () => {
    throw new RangeError("boom");
  });
  return app;
}

async function open(options: WebhookOptions = {}): Promise<TaskHub> {
  const hub = await TaskHub.open("memory:", { app: functions(), taskHubName: "TestHub", ...options });
  hubs.push(hub);
  await hub.start();
  return hub;
}

const webhookUrl = `https://flows.example.org${API}`;

const bodyOf = async (response: Response) => (await response.json()) as Readonly<Record<string, unknown>>;

describe("createHttpManagementPayload", () => {
  test("P-1 P-2 P-5 P-8 has every address of an instance, whether there is one or not", async () => {
    const { client } = await open({ webhookUrl });

    const payload = client.createHttpManagementPayload("an order:7@é");

    const instance = `${webhookUrl}/instances/an%20order%3A7%40%C3%A9`;
    expect(payload).toEqual({
      id: "an order:7@é",
      statusQueryGetUri: `${instance}?${QUERY}`,
      sendEventPostUri: `${instance}/raiseEvent/{eventName}?${QUERY}`,
      terminatePostUri: `${instance}/terminate?reason={text}&${QUERY}`,
      rewindPostUri: `${instance}/rewind?reason={text}&${QUERY}`,
      purgeHistoryDeleteUri: `${instance}?${QUERY}`,
      restartPostUri: `${instance}/restart?${QUERY}`,
      suspendPostUri: `${instance}/suspend?reason={text}&${QUERY}`,
      resumePostUri: `${instance}/resume?reason={text}&${QUERY}`,
    });
  });

  test("P-2 the key of the webhook URL is the last parameter of each", async () => {
    const { client } = await open({ webhookUrl: `${webhookUrl}?code=a%2Bb%3D` });

    const { id: _, ...urls } = client.createHttpManagementPayload("one");

    for (const url of Object.values(urls)) expect(url).toMatch(/&connection=Storage&code=a%2Bb%3D$/);
  });

  test("P-3 the path is that of the webhook URL, without slashes at its end", async () => {
    const { client } = await open({ webhookUrl: "http://127.0.0.1:8080/behind/a/proxy//" });

    const { statusQueryGetUri } = client.createHttpManagementPayload("one");

    expect(statusQueryGetUri).toBe(`http://127.0.0.1:8080/behind/a/proxy/instances/one?${QUERY}`);
  });

  test("P-3 a webhook URL without a path means the usual one", async () => {
    const { client } = await open({ webhookUrl: "https://flows.example.org" });

    expect(client.createHttpManagementPayload("one").statusQueryGetUri).toMatch(`${webhookUrl}/instances/`);
  });

  test("P-6 returnInternalServerErrorOnFailure is in the status address only", async () => {
    const { client } = await open({ webhookUrl });
    const plain = client.createHttpManagementPayload("one");

    const asked = client.createHttpManagementPayload("one", { returnInternalServerErrorOnFailure: true });

    const statusQueryGetUri = `${plain.statusQueryGetUri}&returnInternalServerErrorOnFailure=true`;
    expect(asked).toEqual({ ...plain, statusQueryGetUri });
  });

  test("P-7 without a webhook URL it says what to do", async () => {
    const { client } = await open();

    expect(() => client.createHttpManagementPayload("one")).toThrow(
      expect.objectContaining({
        code: "WEBHOOK_URL_UNKNOWN",
        message: expect.stringMatching(/'TestHub'.*option webhookUrl.*pass the request/),
      }),
    );
  });
});

describe("a webhook URL that is none is refused, before a store is touched", () => {
  test.each(["", "flows.example.org", "ftp://flows.example.org", "/api", "http://h/?key=1", "http://h/#a"])(
    "%j",
    async (wrong) => {
      const storage = createMemoryStorage();

      await expect(TaskHub.open(storage, { webhookUrl: wrong })).rejects.toMatchObject({
        code: "INVALID_CONFIGURATION",
        message: expect.stringContaining(`webhookUrl is "${wrong}"; allowed: the http or https address`),
      });

      expect(await storage.taskHubs.list()).toEqual([]);
    },
  );
});

describe("the origin of the addresses", () => {
  const location = (hub: TaskHub, request: RequestLike | undefined): string =>
    hub.client.createCheckStatusResponse(request, "one").headers.get("Location")?.split(API)[0] ?? "";

  const requests: readonly [title: string, request: RequestLike, origin: string][] = [
    ["a Request", new Request("http://asked.example:81/start"), "http://asked.example:81"],
    [
      "an HttpRequest of Azure Functions",
      { url: "https://asked.example/api/start?a=b", headers: new Headers() },
      "https://asked.example",
    ],
    [
      "an IncomingMessage",
      { url: "/start", headers: { host: "asked.example:81" }, socket: {} },
      "http://asked.example:81",
    ],
    [
      "an IncomingMessage over TLS",
      { url: "/start", headers: { host: "asked.example" }, socket: { encrypted: true } },
      "https://asked.example",
    ],
    ["headers in another case", { url: "/start", headers: { Host: ["a.example"] } }, "http://a.example"],
  ];

  test.each(requests)("P-3 is that of %s", async (_title, request, origin) => {
    expect(location(await open({ webhookUrl }), request)).toBe(origin);
  });

  test.each(requests)(
    "P-3 is that of %s, also where no webhook URL is known",
    async (_title, request, origin) => {
      expect(location(await open(), request)).toBe(origin);
    },
  );

  test("P-3 is that of the webhook without a request", async () => {
    expect(location(await open({ webhookUrl }), undefined)).toBe("https://flows.example.org");
  });

  test("P-3 P-7 is that of the webhook for a request that does not tell, else an error", async () => {
    const mute = { url: "/start", headers: {} };

    expect(location(await open({ webhookUrl }), mute)).toBe("https://flows.example.org");
    const { client } = await open();
    expect(() => client.createCheckStatusResponse(mute, "one")).toThrow(/not known where/);
  });

  const forwarded = { "X-Forwarded-Host": "front.example", "X-Forwarded-Proto": "https" };
  const behindProxy = (headers: Readonly<Record<string, string>>): readonly RequestLike[] => [
    new Request("http://inner:81/start", { headers }),
    { url: "/start", headers: { host: "inner:81", ...headers } },
  ];

  test("P-4 is what a proxy says, when it is to be believed", async () => {
    const hub = await open({ webhookUrl, useForwardedHost: true });

    for (const request of behindProxy(forwarded))
      expect(location(hub, request)).toBe("https://front.example");
  });

  test("P-4 is not what a proxy says by default", async () => {
    const hub = await open({ webhookUrl });

    for (const request of behindProxy(forwarded)) expect(location(hub, request)).toBe("http://inner:81");
  });

  test.each(["X-Forwarded-Host", "X-Forwarded-Proto"] as const)("P-4 needs more than %s", async (name) => {
    const hub = await open({ webhookUrl, useForwardedHost: true });

    for (const request of behindProxy({ [name]: forwarded[name] }))
      expect(location(hub, request)).toBe("http://inner:81");
  });
});

describe("createCheckStatusResponse", () => {
  test("H-40 H-41 is a 202 with the addresses, and says where to look and when", async () => {
    const { client } = await open({ webhookUrl });

    const response = client.createCheckStatusResponse(undefined, "nobody");

    const { rewindPostUri: _, ...expected } = client.createHttpManagementPayload("nobody");
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(202);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("Location")).toBe(expected.statusQueryGetUri);
    expect(response.headers.get("Retry-After")).toBe("10");
    expect(Object.entries(await bodyOf(response))).toEqual(Object.entries(inOrder(expected)));
  });

  test("P-6 returnInternalServerErrorOnFailure is in the Location too", async () => {
    const { client } = await open({ webhookUrl });
    const options = { returnInternalServerErrorOnFailure: true };

    const response = client.createCheckStatusResponse(undefined, "one", options);

    expect(response.headers.get("Location")).toMatch(/&returnInternalServerErrorOnFailure=true$/);
    expect((await bodyOf(response))["statusQueryGetUri"]).toBe(response.headers.get("Location"));
  });

  test("its status, headers and body make the response of another framework", async () => {
    const { client } = await open({ webhookUrl });
    const { status, headers, body } = client.createCheckStatusResponse(undefined, "one");

    const copy = new Response(body, { status, headers: Object.fromEntries(headers) });

    expect([copy.status, copy.headers.get("Retry-After")]).toEqual([202, "10"]);
    expect(await bodyOf(copy)).toMatchObject({ id: "one" });
  });
});

function inOrder(urls: Readonly<Record<string, string>>): Readonly<Record<string, string | undefined>> {
  const names = ["id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri"];
  const rest = ["restartPostUri", "suspendPostUri", "resumePostUri"];
  return Object.fromEntries([...names, ...rest].map((name) => [name, urls[name]]));
}

describe("waitForCompletionOrCreateCheckStatusResponse", () => {
  const soon = { timeoutInMilliseconds: 50, retryIntervalInMilliseconds: 50 };

  test("H-45 H-46 Completed is 200 and the output, as soon as it is there", async () => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("wait");
    const longerThanThisTest = { timeoutInMilliseconds: 60_000, retryIntervalInMilliseconds: 60_000 };
    const waiting = client.waitForCompletionOrCreateCheckStatusResponse(undefined, id, longerThanThisTest);
    await client.raiseEvent(id, "go", { answer: 42 });

    const response = await waiting;

    expect(response.status).toBe(200);
    expect(response.headers.get("Location")).toBeNull();
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(await response.json()).toEqual({ answer: 42 });
  });

  test("H-46 no output is the body null", async () => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("echo");

    const response = await client.waitForCompletionOrCreateCheckStatusResponse(undefined, id);

    expect([response.status, await response.text()]).toEqual([200, "null"]);
  });

  test("H-47 P-20 Terminated is 200 and the status", async () => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("wait", { input: "in" });
    const waiting = client.waitForCompletionOrCreateCheckStatusResponse(undefined, id);
    await client.terminate(id, "enough");

    const response = await waiting;

    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toMatchObject({
      instanceId: id,
      runtimeStatus: "Terminated",
      input: "in",
      output: "enough",
      createdTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  test.each([
    [{}, 500],
    [{ returnInternalServerErrorOnFailure: true }, 500],
    [{ returnInternalServerErrorOnFailure: false }, 200],
  ])("P-20 with %j Failed is %i and the status", async (options, status) => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("fail");

    const response = await client.waitForCompletionOrCreateCheckStatusResponse(undefined, id, options);

    expect(response.status).toBe(status);
    expect(await bodyOf(response)).toMatchObject({ runtimeStatus: "Failed", output: expect.any(String) });
  });

  test("H-45 an instance that has ended is found even without time to wait", async () => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("echo", { input: 1 });
    await client.waitForCompletion(id);

    const response = await client.waitForCompletionOrCreateCheckStatusResponse(undefined, id, {
      timeoutInMilliseconds: 0,
      retryIntervalInMilliseconds: 0,
    });

    expect([response.status, await response.text()]).toEqual([200, "1"]);
  });

  test.each(["Running", "Suspended"])(
    "H-48 H-49 %s when the time is up is the check-status response",
    async (runtimeStatus) => {
      const { client } = await open({ webhookUrl });
      const id = await client.startNew("wait");
      if (runtimeStatus === "Suspended") await client.suspend(id);
      const request = new Request("http://asked.example/start");

      const response = await client.waitForCompletionOrCreateCheckStatusResponse(request, id, soon);

      const expected = client.createCheckStatusResponse(request, id);
      expect(response.status).toBe(202);
      expect([...response.headers]).toEqual([...expected.headers]);
      expect(await response.text()).toBe(await expected.text());
    },
  );

  test("H-48 an unknown id is the check-status response", async () => {
    const { client } = await open({ webhookUrl });

    expect((await client.waitForCompletionOrCreateCheckStatusResponse(undefined, "nobody")).status).toBe(202);
  });

  test.each([
    [{ timeoutInMilliseconds: 500 }, "500 ms", "1000 ms"],
    [{ retryIntervalInMilliseconds: 20_000 }, "10000 ms", "20000 ms"],
    [{ timeoutInMilliseconds: Number.NaN }, "NaN ms", "1000 ms"],
  ])("3.4 %j is refused, and both values are named", async (options, timeout, interval) => {
    const { client } = await open({ webhookUrl });
    const id = await client.startNew("wait");

    const waiting = client.waitForCompletionOrCreateCheckStatusResponse(undefined, id, options);

    await expect(waiting).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(new RegExp(`\\(${timeout}\\).*\\(${interval}\\)`)),
    });
  });

  test("P-7 a missing URL is told at once, also for an instance that has ended", async () => {
    const { client } = await open();
    const id = await client.startNew("echo");
    await client.waitForCompletion(id);

    await expect(client.waitForCompletionOrCreateCheckStatusResponse(undefined, id)).rejects.toMatchObject({
      code: "WEBHOOK_URL_UNKNOWN",
    });
  });
});
