import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DurableHttpRequest, HttpActivityResult } from "../../src/core/durable-http.ts";
import { AllowedHosts } from "../../src/sdk/allowed-hosts.ts";
import { httpActivity } from "../../src/sdk/http-activity.ts";
import { BearerTokenSource, TokenSources } from "../../src/sdk/token-source.ts";

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server of the test's own. */
class Site {
  readonly seen: Seen[] = [];
  readonly routes = new Map<string, Respond>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => {
        body += data.toString();
      });
      request.on("end", () => {
        const { method, url, headers } = request;
        this.seen.push({ method, url, headers, body });
        const respond = this.routes.get(url ?? "");
        if (respond) respond(request, response);
        else response.end("fine");
      });
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  redirect(from: string, to: string, status = 302): void {
    this.routes.set(from, (_request, response) => {
      response.writeHead(status, { location: to }).end();
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let site: Site;
let other: Site;

beforeEach(async () => {
  site = await new Site().open();
  other = await new Site().open();
});

afterEach(async () => {
  await site.close();
  await other.close();
});

const tokenSources = new TokenSources();
tokenSources.add("crm", new BearerTokenSource(async ({ resource }) => `token-for-${resource ?? "nothing"}`));
tokenSources.add("empty", { getToken: () => "" });

async function send(
  request: Partial<DurableHttpRequest> & { readonly uri: string },
  allowed?: readonly string[],
): Promise<HttpActivityResult> {
  const activity = httpActivity({ tokenSources, allowedHosts: new AllowedHosts(allowed) });
  const invocation = {
    instanceId: "i",
    executionId: "e",
    taskId: 0,
    name: activity.name,
    signal: new AbortController().signal,
  };
  const whole = { method: "GET", headers: {}, asynchronousPatternEnabled: true, ...request };
  return (await activity.handler(whole, invocation)) as HttpActivityResult;
}

test("S-181: what is asked for is sent, and what is answered comes back", async () => {
  site.routes.set("/x", (_request, response) => {
    response.writeHead(418, { "X-Answer": "a", "set-cookie": ["a=1", "b=2"] }).end("héllo");
  });

  const answer = await send({
    uri: `${site.url}/x`,
    method: "PUT",
    headers: { "x-one": "1", "x-many": ["a", "b"], "content-type": "text/plain" },
    content: "héy",
  });

  expect(answer).toMatchObject({
    statusCode: 418,
    headers: { "x-answer": "a", "set-cookie": expect.stringContaining("b=2") },
    content: "héllo",
  });
  expect(answer.next).toBeUndefined();
  expect(site.seen).toMatchObject([
    { method: "PUT", body: "héy", headers: { "x-one": "1", "x-many": "a, b", "content-type": "text/plain" } },
  ]);
});

test.each([
  ["/status", "same", true],
  ["https://elsewhere.example.com/s", "elsewhere", false],
])("S-183: a 202 says where %s is (%s origin)", async (location, _which, isSameOrigin) => {
  site.routes.set("/", (_request, response) => {
    response.writeHead(202, { location }).end();
  });

  const { next } = await send({ uri: `${site.url}/` });

  expect(next).toEqual({ uri: new URL(location, site.url).href, isSameOrigin });
});

test("a token is asked for when a request is sent", async () => {
  await send({ uri: `${site.url}/`, tokenSource: { kind: "crm", resource: "r" } });

  expect(site.seen[0]?.headers.authorization).toBe("Bearer token-for-r");
  await expect(send({ uri: site.url, tokenSource: { kind: "gone" } })).rejects.toMatchObject({
    code: "TOKEN_SOURCE_NOT_FOUND",
    message: expect.stringContaining('app.tokenSource("gone", source)'),
  });
  await expect(send({ uri: site.url, tokenSource: { kind: "empty" } })).rejects.toMatchObject({
    code: "HTTP_CALL_FAILED",
  });
});

describe("redirects", () => {
  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "body"],
    [308, "POST", "POST", "body"],
    [302, "PUT", "PUT", "body"],
  ])("%i after %s asks with %s", async (status, method, then, body) => {
    site.redirect("/a", "/b", status);

    const answer = await send({
      uri: `${site.url}/a`,
      method,
      content: "body",
      headers: { authorization: "x" },
    });

    expect(answer.content).toBe("fine");
    expect(site.seen[1]).toMatchObject({ method: then, url: "/b", body, headers: { authorization: "x" } });
  });

  test("to another origin go no credentials, not even by way of a third", async () => {
    site.redirect("/a", `${other.url}/b`);
    other.redirect("/b", `${site.url}/c`);

    await send({
      uri: `${site.url}/a`,
      headers: { cookie: "c", "x-functions-key": "k", "x-kept": "y" },
      tokenSource: { kind: "crm" },
    });

    for (const { headers } of [other.seen[0], site.seen[1]].flatMap((seen) => seen ?? [])) {
      expect(headers).toMatchObject({ "x-kept": "y" });
      expect(headers).not.toHaveProperty("authorization");
      expect(headers).not.toHaveProperty("cookie");
      expect(headers).not.toHaveProperty("x-functions-key");
    }
    expect(site.seen).toHaveLength(2);
  });

  test.each([
    ["in a circle", "/a", /more than 20 redirects/],
    ["to what is no web", "file:///etc/passwd", /not an http or https URL/],
  ])("%s they end with an error that is not tried again", async (_where, to, message) => {
    site.redirect("/a", to);

    await expect(send({ uri: `${site.url}/a` })).rejects.toMatchObject({
      code: "HTTP_CALL_REFUSED",
      nonRetriable: true,
      message: expect.stringMatching(message),
    });
  });
});

describe("S-184: with retry options an answer can be a failure", () => {
  test.each([
    ["any but 2xx without a list", [], 404, true],
    ["not 2xx", [], 204, false],
    ["one of the list", [503], 503, true],
    ["not one beside the list", [503], 404, false],
  ])("%s", async (_which, statusCodesToRetry, status, fails) => {
    site.routes.set("/?key=secret", (_request, response) => {
      response.writeHead(status).end();
    });

    const sent = send({ uri: `${site.url}/?key=secret`, retryOptions: { statusCodesToRetry } });

    if (fails) {
      await expect(sent).rejects.toMatchObject({ code: "HTTP_CALL_FAILED", statusCode: status });
      await expect(sent).rejects.not.toThrow(/secret/);
    } else expect((await sent).statusCode).toBe(status);
  });
});

test("S-185: no answer in time, and no answer at all, are failures that may be tried again", async () => {
  site.routes.set("/slow", () => undefined);
  site.routes.set("/broken", (request) => request.socket.destroy());
  site.routes.set("/half", (_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
  });

  await expect(send({ uri: `${site.url}/slow`, timeout: 30 })).rejects.toMatchObject({
    code: "HTTP_CALL_FAILED",
    message: expect.stringContaining("within 30 ms"),
    nonRetriable: false,
  });
  await expect(send({ uri: `${site.url}/half`, timeout: 30 })).rejects.toMatchObject({
    message: expect.stringContaining("within 30 ms"),
  });
  await expect(send({ uri: `${site.url}/broken` })).rejects.toMatchObject({ code: "HTTP_CALL_FAILED" });
  const { url } = other;
  await other.close();
  await expect(send({ uri: url })).rejects.toMatchObject({
    code: "HTTP_CALL_FAILED",
    message: expect.stringMatching(/ECONNREFUSED/),
  });
});

describe("allowed hosts", () => {
  test.each([
    ["https://api.example.com/x", ["api.example.com"], true],
    ["https://API.example.com/x", ["api.Example.com"], true],
    ["https://api.example.com:8443/x", ["api.example.com"], true],
    ["https://api.example.com:8443/x", ["api.example.com:8443"], true],
    ["https://api.example.com/x", ["api.example.com:8443"], false],
    ["https://a.b.example.com/", ["*.example.com"], true],
    ["https://example.com/", ["*.example.com"], false],
    ["https://evilexample.com/", ["*.example.com"], false],
    ["https://api.example.com.evil.com/", ["*.example.com", "api.example.com"], false],
    ["https://user:api.example.com@evil.com/", ["api.example.com"], false],
    ["http://[::1]:80/", ["[::1]"], true],
    ["http://127.0.0.1/", [], false],
  ])("%s of %j: %s", (url, hosts, isAllowed) => {
    const check = (): void => new AllowedHosts(hosts).check(new URL(url));

    if (isAllowed) expect(check).not.toThrow();
    else expect(check).toThrow(/may not be called/);
  });

  test("redirects are held to them too, and what is refused is not sent", async () => {
    site.redirect("/a", `${other.url}/b`);
    const host = new URL(site.url).host;

    await expect(send({ uri: `${site.url}/a` }, [host])).rejects.toMatchObject({ code: "HTTP_CALL_REFUSED" });
    await expect(send({ uri: other.url }, [host])).rejects.toMatchObject({ code: "HTTP_CALL_REFUSED" });
    expect(other.seen).toEqual([]);
  });

  test.each([["https://x.com"], ["x.com/path"], ["*"], ["a.*.com"], [""]])("%j is no host", (host) => {
    expect(() => new AllowedHosts([host])).toThrow(/httpSettings.allowedHosts/);
  });
});
