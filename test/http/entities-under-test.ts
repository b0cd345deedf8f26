import { expect, vi } from "vitest";
import { App } from "../../src/sdk/index.ts";
import { BASE, type HostUnderTest } from "./host-under-test.ts";

/** An app whose entities hold what they are given. */
export function entityApp(): App {
  const app = new App();
  app.entity<unknown>("Box", (context) => {
    switch (context.operation) {
      case "delete":
        return context.deleteState();
      case "nothing":
        return undefined;
      default:
        context.setState({ operation: context.operation, input: (context.input as unknown) ?? null });
    }
    return undefined;
  });
  app.entity<number>("counter", (context) => {
    context.setState(context.getState(() => 0) + Number(context.input ?? 1));
  });
  app.orchestration("hold", function* (context) {
    yield context.df.lock([{ name: "counter", key: "locked" }]);
    yield context.waitForExternalEvent("leave");
  });
  return app;
}

/** Entities as a caller of the API sees them. */
export class EntityRoutes {
  readonly #host: HostUnderTest;

  constructor(host: HostUnderTest) {
    this.#host = host;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.#host.call("GET", `${BASE}/entities${path}`, { headers });
  }

  post(path: string, body?: unknown): Promise<Response> {
    const init = { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.#host.call("POST", `${BASE}/entities${path}`, body === undefined ? {} : init);
  }

  async keys(path: string): Promise<readonly string[]> {
    const page = (await (await this.get(path)).json()) as { entityId: { name: string; key: string } }[];
    return page.map(({ entityId: { name, key } }) => `${name}/${key}`);
  }

  /** A signal takes effect after it is answered. */
  async eventually(path: string, state: unknown): Promise<void> {
    await vi.waitFor(async () => expect(await this.#stateOf(path)).toEqual(state), {
      timeout: 10_000,
      interval: 5,
    });
  }

  async #stateOf(path: string): Promise<unknown> {
    const response = await this.get(path);
    return response.status === 404 ? undefined : response.json();
  }
}
