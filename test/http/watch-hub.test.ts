import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HubChanges } from "../../src/engine/hub-changes.ts";
import { watchHub } from "../../src/engine/watch-hub.ts";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";

let host: HostUnderTest;

beforeEach(async () => {
  host = await startHost();
});

afterEach(() => host.close());

class Events {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #controller: AbortController;

  private constructor(response: Response, controller: AbortController) {
    this.#reader = (response.body as ReadableStream<Uint8Array>).getReader();
    this.#controller = controller;
  }

  static async of(query = ""): Promise<Events> {
    const controller = new AbortController();
    const response = await host.call("GET", `${BASE}/watch${query}`, { signal: controller.signal });
    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    const events = new Events(response, controller);
    expect(await events.next()).toBe(": watching\n\n");
    return events;
  }

  async next(): Promise<string | undefined> {
    const { value, done } = await this.#reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  }

  /** Events until one has this text; the answer is their ids and statuses. */
  async until(text: string): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const event = (await this.next()) ?? "the end";
      const status = JSON.parse(/^event: status\ndata: (.*)\n\n$/.exec(event)?.[1] ?? "null");
      seen.push(status === null ? event : `${status.instanceId} ${status.runtimeStatus}`);
      if (seen.at(-1) === text || status === null) return seen;
    }
  }

  leave(): void {
    this.#controller.abort();
  }
}

describe("the watch of a hub", () => {
  test("tells each change of each instance from when it is answered on", async () => {
    await host.startWaiting("before");
    const events = await Events.of();

    await host.startWaiting("a");
    expect(await events.until("a Running")).toEqual(["a Running"]);
    await host.hub.client.suspend("before");
    expect(await events.until("before Suspended")).toEqual(["before Suspended"]);
    await host.hub.client.raiseEvent("a", "go");
    expect(await events.until("a Completed")).toEqual(["a Completed"]);
    await host.hub.client.terminate("before", "enough");
    expect(await events.until("before Terminated")).toEqual(["before Terminated"]);
  });

  test.each([
    ["?instanceIdPrefix=b&runtimeStatus=Completed", ["b Completed"]],
    ["?name=WAIT&instanceIdPrefix=b&runtimeStatus=1", ["b Completed"]],
    ["?runtimeStatus=Completed", ["a Completed", "b Completed"]],
    ["?createdTimeFrom=2001-01-01T00:00:00Z&runtimeStatus=Completed", ["a Completed", "b Completed"]],
  ])("%s tells what matches", async (query, expected) => {
    const events = await Events.of(query);

    for (const id of ["a", "b"]) {
      await host.startWaiting(id);
      await host.hub.client.raiseEvent(id, "go");
      await host.hub.client.waitForCompletion(id);
    }

    const seen = await events.until(expected.at(-1) ?? "");
    expect(seen).toEqual(expected);
  });

  test("ends when the caller goes, and when the host stops running the hub", async () => {
    const [one, other] = [await Events.of(), await Events.of()];

    one.leave();
    expect(await one.next()).toBeUndefined();
    await host.hub.close();

    expect(await other.next()).toBeUndefined();
  });

  test("is refused by a host that does not run it", async () => {
    const response = await host.call("GET", `${BASE}/watch?taskHub=Other`);

    expect(response.status).toBe(503);
    expect(await jsonOf(response)).toMatchObject({ Message: expect.stringContaining("'Other'") });
  });

  test("tells a caller who is far behind that something was missed, and keeps no more", async () => {
    const changes = new HubChanges();
    const { query } = await host.storage.openTaskHub("TestHub");
    await host.startWaiting("a");
    const watch = watchHub(changes, query, {}, new AbortController().signal);
    for (let index = 0; index < 20_000; index++) changes.changed(`gone${index}`);
    changes.changed("a");

    expect(await watch.next()).toEqual({ done: false, value: { type: "missed" } });
    changes.changed("a");
    expect(await watch.next()).toMatchObject({ value: { type: "changed", record: { instanceId: "a" } } });
    await watch.return(undefined);
  });
});
