import { type Access, createHttpApi, type HttpApiOptions, type KeyRing } from "../../src/http/index.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import type { StorageProvider } from "../../src/storage/index.ts";

export const BASE = "/runtime/webhooks/durabletask";
export const ORIGIN = "http://hub.example:7071";

export interface HostUnderTest {
  readonly hub: TaskHub;
  readonly storage: StorageProvider;
  /** One request, without a socket. */
  readonly call: (method: string, path: string, init?: RequestInit) => Promise<Response>;
  /** Starts an instance that never ends by itself. */
  readonly startWaiting: (instanceId: string, input?: unknown) => Promise<void>;
  readonly close: () => Promise<void>;
}

function functions(): App {
  const app = new App();
  app.activity("sayHello", (city: string) => `Hello, ${city}!`);
  app.activity("explode", () => {
    throw new RangeError("boom");
  });
  app.orchestration("greet", function* (context, city: string) {
    return (yield context.callActivity("sayHello", city)) as string;
  });
  app.orchestration("echo", (_context, input: unknown) => input);
  app.orchestration("fail", function* (context) {
    yield context.callActivity("explode");
  });
  app.orchestration("wait", function* (context) {
    context.setCustomStatus({ step: "waiting" });
    yield context.waitForExternalEvent("go");
    return "gone";
  });
  for (const version of ["1.0", "2.0"]) {
    app.orchestration("versioned", { version, handler: (context) => context.version });
  }
  return app;
}

export interface Parts {
  readonly storage?: StorageProvider;
  readonly app?: App;
}

/** The API over a hub in memory, and a second hub named Other beside it. */
export async function startHost(
  options: Partial<HttpApiOptions> = {},
  { storage = createMemoryStorage(), app = functions() }: Parts = {},
): Promise<HostUnderTest> {
  const hub = await TaskHub.open(storage, { app, taskHubName: "TestHub" });
  await hub.start();
  const { query } = await storage.openTaskHub("TestHub");
  await storage.taskHubs.ensure("Other");
  const api = createHttpApi({
    hub: { client: hub.rawClient, query },
    openHub: async (name) => {
      const store = await storage.openTaskHub(name);
      const other = await TaskHub.open(storage, { taskHubName: name });
      return { client: other.rawClient, query: store.query };
    },
    taskHubs: storage.taskHubs,
    hello: () => ({ hello: "world" }),
    ...options,
  });
  return {
    hub,
    storage,
    call: async (method, path, init) => api.fetch(new Request(`${ORIGIN}${path}`, { method, ...init })),
    startWaiting: async (instanceId, input) => {
      await hub.client.startNew("wait", { instanceId, input });
      await hub.client.waitForStart(instanceId);
    },
    close: () => hub.close(),
  };
}

export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

export function keyRing(keys: Readonly<Record<string, Access>>): KeyRing {
  return { accessOf: async (key) => keys[key] };
}
