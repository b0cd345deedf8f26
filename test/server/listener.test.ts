import { afterEach, describe, expect, test, vi } from "vitest";
import { CONNECTION_LIMITS, type ConnectionLimits } from "../../src/server/connection-limits.ts";
import { type Listener, listen } from "../../src/server/listener.ts";
import { RawConnection } from "./raw-connection.ts";

const FAST: ConnectionLimits = {
  maxHeaderBytes: 2_048,
  maxHeaderCount: 10,
  headersTimeoutMs: 50,
  requestTimeoutMs: 100,
  keepAliveTimeoutMs: 50,
  checkIntervalMs: 10,
};

let listener: Listener;

afterEach(async () => {
  listener.cut();
  await listener.stop();
});

async function connection(
  fetch: (request: Request) => Response | Promise<Response>,
  limits: Partial<ConnectionLimits> = {},
): Promise<RawConnection> {
  listener = await listen(fetch, { port: 0, host: "127.0.0.1" }, { ...FAST, ...limits });
  return new RawConnection(listener.port);
}

const hello = (): Response => new Response("hello");
const readBody = async (request: Request): Promise<Response> => new Response(await request.text());

const statusOf = (answer: string): string | undefined => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1];

describe("headers", () => {
  const request = (header: string): string => `GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`;

  test("that are larger than allowed are a 431", async () => {
    const client = await connection(hello);

    const answer = await client.send(request(`Large: ${"x".repeat(2_048)}`)).closed;

    expect(statusOf(answer)).toBe("431");
  });

  test("as large as is usual behind proxies are read", async () => {
    const client = await connection(hello, CONNECTION_LIMITS);

    client.send(request(`Connection: close\r\nLarge: ${"x".repeat(15_000)}`));

    expect(statusOf(await client.closed)).toBe("200");
  });

  test("beyond the number that is allowed are not looked at", async () => {
    const seen: (string | null)[] = [];
    const client = await connection(({ headers }) => {
      seen.push(headers.get("First"), headers.get("Last"));
      return hello();
    });
    const many = Array.from({ length: 20 }, (_none, index) => `Header-${index}: 1\r\n`).join("");

    await client.send(request(`Connection: close\r\nFirst: 1\r\n${many}Last: 1`)).closed;

    expect(seen).toEqual(["1", null]);
  });

  test("that never end are cut with 408", async () => {
    const client = await connection(hello, { maxHeaderBytes: 16_384 });

    const answer = await client.send("GET / HTTP/1.1\r\nHost: x\r\n").drip("More: 1\r\n").closed;

    expect(statusOf(answer)).toBe("408");
  });

  test("that never begin are cut", async () => {
    const client = await connection(hello);

    expect(statusOf(await client.closed)).toBe("408");
  });
});

describe("a body", () => {
  const request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";

  test("that comes byte by byte is cut with 408", async () => {
    const client = await connection(readBody);

    expect(statusOf(await client.send(request).drip("x").closed)).toBe("408");
  });

  test("that stops in the middle is cut with 408", async () => {
    const client = await connection(readBody);

    expect(statusOf(await client.send(`${request}half`).closed)).toBe("408");
  });
});

describe("a client that has asked", () => {
  const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

  test("may wait for its answer longer than it may take to ask", async () => {
    const later = async (): Promise<Response> => {
      await new Promise((resolve) => setTimeout(resolve, 4 * FAST.requestTimeoutMs));
      return hello();
    };
    const client = await connection(later);

    expect(await client.send(request).closed).toContain("hello");
  });

  test("may ask again on the same connection after a pause longer than its headers may take", async () => {
    const client = await connection(hello, { keepAliveTimeoutMs: 5_000 });
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await vi.waitFor(() => expect(client.received).toContain("hello"));
    await new Promise((resolve) => setTimeout(resolve, 4 * FAST.headersTimeoutMs));

    const answers = await client.send(request).closed;

    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  test("is not told where an error comes from, if one gets as far as here", async () => {
    const client = await connection(() => {
      throw new Error("boom");
    });

    const answer = await client.send(request).closed;

    expect(statusOf(answer)).toBe("500");
    expect(answer.slice(answer.indexOf("\r\n\r\n"))).not.toMatch(/boom|\.ts|\bat\b/);
  });
});

test("no limit is missing or contradicts another", () => {
  const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, checkIntervalMs } = CONNECTION_LIMITS;

  expect(Math.min(...Object.values(CONNECTION_LIMITS))).toBeGreaterThan(0);
  expect(headersTimeoutMs).toBeLessThan(requestTimeoutMs);
  expect(keepAliveTimeoutMs).toBeGreaterThan(60_000);
  expect(checkIntervalMs).toBeLessThan(headersTimeoutMs);
});
