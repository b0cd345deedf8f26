import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { API, type HostProcess, makeFolder, startHost } from "./host-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;
let server: Server;
let asked: string[] = [];
let isDone = false;

beforeEach(async () => {
  folder = await makeFolder();
  asked = [];
  isDone = false;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`);
    if (request.url === "/status" && isDone) response.end("the work is done");
    else response.writeHead(202, { location: "/status", "retry-after": "0" }).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});

afterEach(async () => {
  await host?.process.kill("SIGKILL");
  host = undefined;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await folder.remove();
});

const APP = `
  import { app, BearerTokenSource } from "perdure";
  app.tokenSource("crm", new BearerTokenSource("not-in-the-history"));
  app.orchestration("work", function* (context, url) {
    const answer = yield context.df.callHttp({ method: "POST", url, body: {}, tokenSource: "crm" });
    return answer.content;
  });
`;

const serverUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/work`;

async function begin(id: string): Promise<void> {
  const response = await fetch(`${host?.url}${API}/orchestrators/work/${id}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(serverUrl()),
  });
  expect(response.status).toBe(202);
}

async function statusOf(id: string): Promise<Record<string, unknown>> {
  const query = "showHistory=true&showInput=true";
  return (await (await fetch(`${host?.url}${API}/instances/${id}?${query}`)).json()) as Record<
    string,
    unknown
  >;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

test("a call that is answered with 202 is polled across kill -9, and no token is in the history", async () => {
  await writeFile(join(folder.path, "app.mjs"), APP);
  host = await startHost([], { cwd: folder.path });
  await begin("one");
  await until(() => asked.length >= 3);
  await host.process.kill("SIGKILL");
  isDone = true;
  host = await startHost([], { cwd: folder.path });
  await until(async () => (await statusOf("one"))["runtimeStatus"] === "Completed");

  const status = await statusOf("one");
  expect(status["output"]).toBe("the work is done");
  expect(JSON.stringify(status)).toContain("BuiltIn::HttpActivity");
  expect(JSON.stringify(status)).not.toContain("not-in-the-history");
  expect(asked[0]).toBe("POST /work Bearer not-in-the-history");
  expect(new Set(asked.slice(1))).toEqual(new Set(["GET /status Bearer not-in-the-history"]));
});

test("httpSettings.allowedHosts keeps calls to the hosts it names; what is no host is a wrong setting", async () => {
  await writeFile(join(folder.path, "app.mjs"), APP);
  const settings = (hosts: readonly string[]): string =>
    JSON.stringify({
      version: "2.0",
      extensions: { durableTask: { httpSettings: { allowedHosts: hosts } } },
    });
  await writeFile(join(folder.path, "host.json"), settings(["api.example.com"]));
  host = await startHost([], { cwd: folder.path });
  await begin("two");
  await until(async () => (await statusOf("two"))["runtimeStatus"] === "Failed");

  expect((await statusOf("two"))["output"]).toContain("may not be called");
  expect(asked).toEqual([]);
  await host.process.kill("SIGKILL");
  await writeFile(join(folder.path, "host.json"), settings(["https://api.example.com/"]));
  await expect(startHost([], { cwd: folder.path })).rejects.toThrow(/httpSettings.allowedHosts/);
});
