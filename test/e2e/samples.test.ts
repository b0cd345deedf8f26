import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { API, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const execute = promisify(execFile);
const samples = fileURLToPath(new URL("../../samples/", import.meta.url));

let folder: Awaited<ReturnType<typeof makeFolder>>;

beforeAll(async () => {
  folder = await makeFolder();
});

afterAll(() => folder.remove());

interface Status {
  readonly runtimeStatus: string;
  readonly customStatus: Readonly<Record<string, unknown>> | null;
  readonly output: unknown;
  readonly historyEvents?: readonly { readonly EventType: string }[];
}

class Sample {
  readonly #name: string;
  #host: HostProcess | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async start(): Promise<void> {
    const storage = `sqlite:${join(folder.path, `${this.#name}.db`)}`;
    this.#host = await startHost([join(samples, this.#name), "--storage", storage]);
  }

  async stop(): Promise<void> {
    const exit = await this.#host?.process.kill("SIGTERM");
    expect(exit?.code).toBe(0);
  }

  async post(path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`${this.#host?.url}${API}/orchestrators/${path}`, {
      method: "POST",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Sends an operation to an entity. */
  async signal(path: string, input?: unknown): Promise<void> {
    const response = await fetch(`${this.#host?.url}${API}/entities/${path}`, {
      method: "POST",
      ...(input === undefined
        ? {}
        : { body: JSON.stringify(input), headers: { "Content-Type": "application/json" } }),
    });
    expect(response.status).toBe(202);
  }

  /** The state of an entity; `undefined` when there is none. */
  async state(path: string): Promise<unknown> {
    const response = await fetch(`${this.#host?.url}${API}/entities/${path}`);
    return response.status === 404 ? undefined : response.json();
  }

  async eventuallyState(path: string, state: unknown): Promise<void> {
    await vi.waitFor(async () => expect(await this.state(path)).toEqual(state), {
      timeout: 20_000,
      interval: 50,
    });
  }

  async status(path: string): Promise<Status> {
    const response = await fetch(`${this.#host?.url}${API}/instances/${path}`);
    return (await response.json()) as Status;
  }

  /** Asks again until it is as expected. */
  async eventually(path: string, check: (status: Status) => void): Promise<void> {
    await vi.waitFor(async () => check(await this.status(path)), { timeout: 20_000, interval: 50 });
  }
}

function sample(name: string, tests: (running: Sample) => void): void {
  describe(name, () => {
    const running = new Sample(name);
    beforeAll(() => running.start());
    afterAll(() => running.stop());
    tests(running);
  });
}

const GREETINGS = ["Hello, Tokyo!", "Hello, Seattle!", "Hello, London!"];

sample("hello", (hello) => {
  test.each(["helloCities", "helloSequence"])("%s greets three cities in order", async (name) => {
    expect(await hello.post(`${name}?timeout=20`)).toEqual({ status: 200, body: GREETINGS });
  });

  test("helloEach greets the cities of its input", async () => {
    expect((await hello.post("helloEach?timeout=20", ["Rome", "Oslo"])).body).toEqual([
      "Hello, Rome!",
      "Hello, Oslo!",
    ]);
  });

  test("helloSlowly says how far it is", async () => {
    await hello.post("helloSlowly/slow", 0.2);

    await hello.eventually("slow", ({ output }) => expect(output).toEqual(GREETINGS));
    expect((await hello.status("slow")).customStatus).toBe("3 of 3");
  });
});

sample("fan-out", (fanOut) => {
  test("licenseReport counts every installed package once", async () => {
    const { body } = await fanOut.post("licenseReport?timeout=50");

    expect(body).toEqual(await countLicenses(fileURLToPath(new URL("../../node_modules/", import.meta.url))));
  });
});

async function countLicenses(root: string): Promise<object> {
  const licenses: Record<string, number> = {};
  let packages = 0;
  for (const first of (await readdir(root)).filter((name) => !name.startsWith("."))) {
    const names = first.startsWith("@") ? await readdir(join(root, first)) : [""];
    for (const second of names) {
      const manifest = JSON.parse(await readFile(join(root, first, second, "package.json"), "utf8")) as {
        readonly license?: string;
      };
      const license = manifest.license ?? "unknown";
      licenses[license] = (licenses[license] ?? 0) + 1;
      packages++;
    }
  }
  return { packages, licenses };
}

sample("async-http", (asyncHttp) => {
  test("primesBelow answers at once, says how far it is, and ends with the count", async () => {
    const started = await asyncHttp.post("primesBelow/job-1", 200_000);

    expect(started.status).toBe(202);
    await asyncHttp.eventually("job-1", ({ customStatus }) => expect(customStatus).toEqual({ percent: 50 }));
    await asyncHttp.eventually("job-1", (status) =>
      expect(status).toMatchObject({
        runtimeStatus: "Completed",
        customStatus: { percent: 100 },
        output: { limit: 200_000, primes: 17_984 },
      }),
    );
  });
});

sample("monitor", (monitor) => {
  test("monitor goes on until the server answers", async () => {
    let refusals = 2;
    const server = createServer((_request, response) => {
      response.writeHead(refusals-- > 0 ? 503 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    await monitor.post("monitor/my-server", { url, everySeconds: 0.5 });

    await monitor.eventually("my-server", ({ customStatus }) =>
      expect(customStatus).toMatchObject({ state: "answers 503" }),
    );
    await monitor.eventually("my-server", ({ output }) =>
      expect(output).toEqual({ url, state: "up", checks: 3 }),
    );
    server.close();
  });

  test("monitor gives up when its time is over", async () => {
    const input = { url: "http://127.0.0.1:9/", until: "2020-01-01T00:00:00Z" };

    expect((await monitor.post("monitor?timeout=20", input)).body).toMatchObject({ state: "given up" });
  });
});

sample("human-interaction", (approval) => {
  test.each([
    ["yes", true, "Paid 250 to Ann."],
    ["no", false, "Refused by Bob."],
  ])("an expense that is answered with %s", async (id, approved, output) => {
    await approval.post(`approveExpense/${id}`, { who: "Ann", amount: 250 });
    await approval.post("answerExpense", { instanceId: id, approved, by: "Bob" });

    await approval.eventually(id, (status) =>
      expect(status).toMatchObject({ runtimeStatus: "Completed", output }),
    );
  });

  test("an expense nobody answers in time", async () => {
    const input = { who: "Ann", amount: 250, answerWithinSeconds: 0.5 };

    expect((await approval.post("approveExpense?timeout=20", input)).body).toBe("Asked the boss about Ann.");
  });
});

sample("sub-orchestrations", (site) => {
  test("provisionSite provisions every device, each in an instance of its own", async () => {
    const devices = [
      { id: "cam-1", room: "door" },
      { id: "cam-2", room: "yard" },
    ];

    const { body } = await site.post("provisionSite/berlin?timeout=20", { name: "Berlin", devices });

    expect(body).toEqual({
      site: "Berlin",
      ready: [
        { device: "cam-1", version: "2.1.0", account: "account-cam-1" },
        { device: "cam-2", version: "2.1.0", account: "account-cam-2" },
      ],
    });
    expect(await site.status("berlin:cam-1")).toMatchObject({
      name: "provisionDevice",
      runtimeStatus: "Completed",
      input: devices[0],
    });
  });
});

sample("saga", (saga) => {
  const booked = { status: "booked", booked: ["flight in Lisbon", "hotel in Lisbon", "car in Lisbon"] };

  test("bookTrip books everything", async () => {
    expect((await saga.post("bookTrip?timeout=20", { city: "Lisbon" })).body).toEqual(booked);
  });

  test("bookTrip asks a desk that does not answer again", async () => {
    const { body } = await saga.post("bookTrip/flaky?timeout=20", { city: "Lisbon", flaky: "hotel" });

    expect(body).toEqual(booked);
    const { historyEvents } = await saga.status("flaky?showHistory=true");
    expect(historyEvents?.filter(({ EventType }) => EventType === "TaskFailed")).toHaveLength(2);
  });

  test("bookTrip undoes in reverse what it has done", async () => {
    expect((await saga.post("bookTrip?timeout=20", { city: "Lisbon", soldOut: "car" })).body).toEqual({
      status: "canceled",
      reason: "There is no car left in Lisbon.",
      undone: ["canceled: hotel in Lisbon", "canceled: flight in Lisbon"],
    });
  });
});

test("the tests of saga pass with the test runner of Node.js", async () => {
  const { stdout } = await execute(process.execPath, ["--test", join(samples, "saga", "saga.test.mjs")]);

  expect(stdout).toContain("a cancellation is tried again until it succeeds");
  expect(stdout).toMatch(/^\S+ fail 0$/m);
});

sample("eternal", (eternal) => {
  test("periodicCleanUp goes round after round, with the history of one", async () => {
    await eternal.post("periodicCleanUp/nightly", { everySeconds: 0.2 });

    await eternal.eventually("nightly?showHistory=true", ({ customStatus, runtimeStatus, historyEvents }) => {
      expect(customStatus?.["round"]).toBeGreaterThanOrEqual(4);
      expect(runtimeStatus).toBe("Running");
      expect(historyEvents?.length).toBeLessThanOrEqual(4);
    });
  });

  test("periodicCleanUp ends when it has a number of rounds", async () => {
    const input = { everySeconds: 0.1, rounds: 3 };

    expect((await eternal.post("periodicCleanUp?timeout=20", input)).body).toBe("3 rounds");
  });
});

sample("entities", (entities) => {
  test("a counter is signaled, read, reset and read again", async () => {
    await entities.signal("counter/visits?op=add", 2);
    await entities.signal("counter/visits?op=add");
    await entities.eventuallyState("counter/visits", 3);

    await entities.signal("counter/visits?op=reset");
    await entities.eventuallyState("counter/visits", undefined);
  });

  test("money is transferred under locks, all of it or none", async () => {
    await entities.signal("Account/ann?op=deposit", 500);
    await entities.eventuallyState("Account/ann", 500);

    const done = await entities.post("transfer?timeout=20", { from: "ann", to: "bob", cents: 250 });
    const failed = await entities.post("transfer?timeout=20", { from: "ann", to: "bob", cents: 1_000 });

    expect(done).toEqual({ status: 200, body: { ann: 250, bob: 250 } });
    expect(failed.body).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining("There are 250 cents, not 1000."),
    });
    // The end of an orchestration and what its entities make of it are two commits.
    await expect
      .poll(async () => (await entities.status("@account@ann")).customStatus, { timeout: 20_000 })
      .toEqual({ entityExists: true });
    await entities.eventuallyState("transfers/all", { count: 1 });
  });

  test("many transfers at once make no money and lose none", async () => {
    const names = ["dan", "eve", "fay"];
    for (const name of names) await entities.signal(`Account/${name}?op=deposit`, 1_000);
    for (const name of names) await entities.eventuallyState(`Account/${name}`, 1_000);

    const inputs = Array.from({ length: 12 }, (_, n) => ({
      from: names[n % 3],
      to: names[(n + 1 + (n % 2)) % 3],
      cents: 10 * n,
    }));
    const ended = await Promise.all(inputs.map((input) => entities.post("transfer?timeout=40", input)));

    expect(ended.map(({ status }) => status)).toEqual(inputs.map(() => 200));
    const balances = await Promise.all(names.map((name) => entities.state(`Account/${name}`)));
    expect(balances.reduce((sum: number, balance) => sum + Number(balance), 0)).toBe(3_000);
  });
});
