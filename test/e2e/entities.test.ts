import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CommandProcess, type Exit, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const APP = `
  import { app, DurableEntity } from "perdure";
  app.entity("counter", class extends DurableEntity {
    state = 0;
    add(amount) { this.state += amount ?? 1; }
  });
  app.orchestration("hold", function* (context) {
    yield context.df.lock({ name: "counter", key: "locked" });
    yield context.df.waitForExternalEvent("leave");
  });
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess;

beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, "app.mjs"), APP);
  host = await startHost([], { cwd: folder.path });
});

afterAll(async () => {
  await host.process.kill("SIGKILL");
  await folder.remove();
});

const command = (...args: readonly string[]): Promise<Exit> =>
  new CommandProcess(["durable", ...args], { cwd: folder.path }).exited;

test("a host says which entities it has", async () => {
  expect(host.facts["entities"]).toEqual(["counter"]);
  expect(await (await fetch(host.url)).json()).toMatchObject({ entities: ["counter"] });
});

/** The same commands, with the same answers, on the store and over HTTP. */
describe.each(["store", "http"] as const)("entities of perdure durable, %s", (target) => {
  const durable = (...args: readonly string[]): Promise<Exit> =>
    command(...args, ...(target === "http" ? ["--url", host.url] : []));
  const entity = (key: string): readonly string[] => [
    "--entity-name",
    "Counter",
    "--entity-key",
    `${target}-${key}`,
  ];
  const add = (key: string, ...more: readonly string[]): Promise<Exit> =>
    durable("signal-entity", ...entity(key), "--operation", "add", ...more);
  const eventually = (key: string, stdout: string): Promise<void> =>
    vi.waitFor(async () => expect((await durable("get-entity", ...entity(key))).stdout).toBe(stdout), 20_000);

  test("signals an operation, and shows the state", async () => {
    const signaled = await add("one", "--input", "40");
    await add("one", "--input", "2");

    expect(signaled).toMatchObject({
      code: 0,
      stdout: `Signaled 'add' to entity '@counter@${target}-one'.\n`,
      stderr: "",
    });
    await eventually("one", "42\n");
  });

  test("a signal with a time waits for it", async () => {
    expect((await add("later", "--at", "2999-01-01", "-o", "json")).code).toBe(0);
    await add("later", "--at", "2000-01-01", "--input", "7");

    await eventually("later", "7\n");
  });

  test("the empty key is an entity too", async () => {
    await durable("signal-entity", "--entity-name", "counter", "--operation", "add");

    await vi.waitFor(
      async () =>
        expect(Number((await durable("get-entity", "--entity-name", "counter")).stdout)).toBeGreaterThan(0),
      20_000,
    );
  });

  test("lists page by page; JSON is JSON and nothing else", async () => {
    for (const key of ["p1", "p2"]) await add(key);
    for (const key of ["p1", "p2"]) await eventually(key, "1\n");
    const pages: { readonly entityId: object; readonly state: unknown }[] = [];
    let token: string[] = [];
    do {
      const { stdout } = await durable(
        "list-entities",
        "--top",
        "1",
        "--fetch-state",
        "-o",
        "json",
        ...token,
      );
      const page = JSON.parse(stdout) as { entities: typeof pages; continuationToken: string };
      pages.push(...page.entities);
      token = page.continuationToken === "" ? [] : ["--continuation-token", page.continuationToken];
    } while (token.length > 0);
    const table = await durable("list-entities", "--entity-name", "counter", "--top", "100");

    for (const key of [`${target}-p1`, `${target}-p2`]) {
      expect(pages).toContainEqual(expect.objectContaining({ entityId: { name: "counter", key }, state: 1 }));
      expect(table.stdout).toMatch(new RegExp(`^counter +${key} +20.*Z$`, "m"));
    }
    expect(table.stdout).toContain("Continuation token for next set of results: ''");
    expect(
      (await durable("list-entities", "--last-operation-before", "2000-01-01", "-o", "ndjson")).stdout,
    ).toBe("");
  });

  test("purges one by its instance id, and says what it waits for", async () => {
    await add("purged");
    await eventually("purged", "1\n");
    const id = `@counter@${target}-purged`;

    expect((await durable("why", "--id", id)).stdout).toMatch(/^It is an entity/);
    expect(await durable("purge", "--id", id)).toMatchObject({ code: 0, stdout: `Purged '${id}'\n` });
    expect((await durable("get-entity", ...entity("purged"))).code).toBe(3);
  });

  test("finds nothing empty: what has no state is gone", async () => {
    await add("empty");
    await eventually("empty", "1\n");
    await durable("signal-entity", ...entity("empty"), "--operation", "delete");
    await vi.waitFor(async () => {
      const status = await durable("get-runtime-status", "--id", `@counter@${target}-empty`);
      expect(status.code).toBe(3);
    }, 20_000);

    const kept = await durable("clean-entities", "--keep-empty-entities", "-o", "json");
    const cleaned = await durable("clean-entities");

    expect(JSON.parse(kept.stdout)).toEqual({
      numberOfEmptyEntitiesRemoved: 0,
      numberOfOrphanedLocksRemoved: 0,
    });
    expect(cleaned).toMatchObject({
      code: 0,
      stdout: "Empty entities removed: 0\nOrphaned locks released: 0\n",
    });
  });

  test.each([
    [3, "an entity nobody has used", ["get-entity", ...entity("nobody")], "There is no entity '@counter@"],
    [4, "terminate of an entity", ["terminate", "--id", "@counter@"], "entity"],
    [1, "a name that cannot be", ["get-entity", "--entity-name", "a@b"], 'contains "@"'],
    [2, "a missing name", ["signal-entity"], "--entity-name <name>"],
    [2, "a time that is none", ["signal-entity", "--entity-name", "counter", "--at", "soon"], "a time like"],
    [2, "a misspelled command", ["list-entites"], "Did you mean list-entities?"],
  ])("exits with %i for %s", async (code, _title, args, text) => {
    const exit = await durable(...args);

    expect(exit.stderr).toContain(text);
    expect(exit).toMatchObject({ code, stdout: "" });
  });
});

test("a host refuses a signal to a function that it does not have", async () => {
  const exit = await command("signal-entity", "--entity-name", "nobody", "--url", host.url);

  expect(exit).toMatchObject({ code: 1, stdout: "" });
  expect(exit.stderr).toContain("The entity function 'nobody' does not exist. Registered are: 'counter'.");
});

test("clean-entities leaves the lock of an orchestration that goes on, and terminate releases it", async () => {
  await command("start-new", "--function-name", "hold", "--id", "holder", "--url", host.url);
  const lockedBy = async (): Promise<unknown> => {
    const { stdout } = await command("get-runtime-status", "--id", "@counter@locked", "-o", "json");
    return (JSON.parse(stdout || "{}") as { customStatus?: { lockedBy?: string } }).customStatus?.lockedBy;
  };
  await vi.waitFor(async () => expect(await lockedBy()).toBe("holder"), 20_000);

  const cleaned = await command("clean-entities", "--keep-empty-entities", "-o", "json");

  expect(JSON.parse(cleaned.stdout)).toMatchObject({ numberOfOrphanedLocksRemoved: 0 });
  await command("terminate", "--id", "holder", "--url", host.url);
  await vi.waitFor(async () => expect(await lockedBy()).toBeUndefined(), 20_000);
});
