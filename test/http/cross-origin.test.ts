import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, keyRing, ORIGIN, startHost } from "./host-under-test.ts";

const PORTAL = "https://portal.example";
const STRANGER = "https://stranger.example";

let named: HostUnderTest;
let anyone: HostUnderTest;
let silent: HostUnderTest;

beforeAll(async () => {
  const keys = keyRing({ secret: "full" });
  named = await startHost({
    keys,
    crossOrigin: { origins: [PORTAL, "http://localhost:3000"], credentials: true },
  });
  anyone = await startHost({ crossOrigin: { origins: "*", credentials: false } });
  silent = await startHost({ keys });
});

afterAll(async () => {
  for (const host of [named, anyone, silent]) await host.close();
});

const preflight = (host: HostUnderTest, origin: string): Promise<Response> =>
  host.call("OPTIONS", `${BASE}/orchestrators/echo`, {
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type,x-functions-key",
    },
  });

const allowedOrigin = (response: Response): string | null =>
  response.headers.get("Access-Control-Allow-Origin");

function corsHeaders(response: Response): string[] {
  return [...response.headers.keys()].filter((name) => name.startsWith("access-control-") || name === "vary");
}

describe("a host that was told nothing", () => {
  test("refuses a preflight like any route there is not", async () => {
    const response = await preflight(silent, PORTAL);

    expect([response.status, await response.text()]).toEqual([404, ""]);
    expect(corsHeaders(response)).toEqual([]);
  });

  test.each([
    ["GET", "/health", 200],
    ["GET", "/instances", 401],
    ["GET", "/nothing", 404],
  ])("puts no header of this kind into an answer: %s %s", async (method, path, status) => {
    const response = await silent.call(method, `${BASE}${path}`, { headers: { Origin: PORTAL } });

    expect(response.status).toBe(status);
    expect(corsHeaders(response)).toEqual([]);
  });
});

describe("a preflight", () => {
  test("is answered without a key, for the origin that asks", async () => {
    const response = await preflight(named, PORTAL);

    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(allowedOrigin(response)).toBe(PORTAL);
    expect(response.headers.get("Access-Control-Allow-Credentials")).toBe("true");
    expect(response.headers.get("Access-Control-Allow-Methods")).toBe("GET,POST,DELETE");
    expect(response.headers.get("Access-Control-Allow-Headers")).toBe(
      "content-type,x-functions-key,x-ms-continuation-token",
    );
    expect(response.headers.get("Vary")).toContain("Origin");
  });

  test.each([STRANGER, "http://portal.example", "https://portal.example:8443", "null", `${PORTAL}.evil`])(
    "of %s, which is not listed, allows no origin",
    async (origin) => {
      expect(allowedOrigin(await preflight(named, origin))).toBeNull();
    },
  );

  test("of whoever asks is allowed by *, and brings no credentials", async () => {
    const response = await preflight(anyone, STRANGER);

    expect(allowedOrigin(response)).toBe("*");
    expect(response.headers.get("Access-Control-Allow-Credentials")).toBeNull();
  });
});

describe("an answer", () => {
  test.each([
    ["GET", "/health", 200, {}],
    ["POST", "/orchestrators/echo", 202, { "x-functions-key": "secret" }],
    ["POST", "/orchestrators/nobody", 400, { "x-functions-key": "secret" }],
    ["GET", "/instances", 401, {}],
    ["GET", "/nothing", 404, {}],
    ["GET", "/instances/100%", 400, {}],
  ])("to %s %s lets the page read it and its headers: %i", async (method, path, status, headers) => {
    const response = await named.call(method, `${BASE}${path}`, { headers: { Origin: PORTAL, ...headers } });

    expect(response.status).toBe(status);
    expect(allowedOrigin(response)).toBe(PORTAL);
    expect(response.headers.get("Access-Control-Expose-Headers")).toBe(
      "Location,Retry-After,x-ms-continuation-token",
    );
    expect(response.headers.get("Vary")).toContain("Origin");
  });

  test("to an origin that is not listed allows none, and still says that it depends on it", async () => {
    const response = await named.call("GET", `${BASE}/health`, { headers: { Origin: STRANGER } });

    expect(response.status).toBe(200);
    expect(allowedOrigin(response)).toBeNull();
    expect(response.headers.get("Vary")).toContain("Origin");
  });

  test("to a page still needs the key", async () => {
    const response = await named.call("GET", `${BASE}/instances`, { headers: { Origin: PORTAL } });

    expect(response.status).toBe(401);
  });

  test("that streams has the headers too", async () => {
    await named.startWaiting("watched");
    const headers = { Origin: PORTAL, "x-functions-key": "secret" };
    const response = await named.call("GET", `${BASE}/instances/watched/watch`, { headers });
    await response.body?.cancel();

    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect(allowedOrigin(response)).toBe(PORTAL);
  });
});

describe("a host that wants no key", () => {
  let open: HostUnderTest;

  beforeAll(async () => {
    open = await startHost();
  });

  afterAll(() => open.close());

  const start = (host: HostUnderTest, headers: Readonly<Record<string, string>>): Promise<Response> =>
    host.call("POST", `${BASE}/orchestrators/echo`, { headers, body: "1" });

  test.each([STRANGER, "null", "http://127.0.0.1:7071"])(
    "starts nothing for a web page of %s, which browsers let send a form without asking",
    async (origin) => {
      const before = await (await open.call("GET", `${BASE}/counts`)).text();

      const response = await start(open, { Origin: origin, "Content-Type": "text/plain" });

      expect(response.status).toBe(403);
      expect(await response.text()).toContain("--cors");
      expect(await (await open.call("GET", `${BASE}/counts`)).text()).toBe(before);
    },
  );

  test("serves programs, and its own pages", async () => {
    expect((await start(open, {})).status).toBe(202);
    expect((await start(open, { Origin: ORIGIN })).status).toBe(202);
  });

  test("serves the pages that were named", async () => {
    const host = await startHost({ crossOrigin: { origins: [PORTAL], credentials: false } });

    expect((await start(host, { Origin: PORTAL })).status).toBe(202);
    expect((await start(host, { Origin: STRANGER })).status).toBe(403);
    expect((await start(anyone, { Origin: STRANGER })).status).toBe(202);
    await host.close();
  });
});
