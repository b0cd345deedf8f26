import { setTimeout as sleep } from "node:timers/promises";
import { DurableError } from "../../core/errors.ts";
import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type { Imported } from "../../engine/import-history.ts";
import { textLines } from "../../engine/text-lines.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { askingForPage, bytesOf, type Call, HttpCalls, type HttpTarget, nextPage } from "./http-calls.ts";
import { HttpEntities } from "./http-entities.ts";
import type {
  Control,
  EntityManagement,
  Filter,
  InstanceStatus,
  Management,
  Page,
  PageRequest,
  Purged,
  StartRequest,
  Waiting,
} from "./management.ts";
import { serverSentEvents } from "./server-sent-events.ts";
import { notFound } from "./store-management.ts";

interface PurgeJob extends Purged {
  readonly id: string;
  readonly status: "Running" | "Completed" | "Failed" | "Canceled";
  readonly reason?: string;
}

type ImportOutcome =
  | Imported
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly message: string };

const ASK_EVERY_MS = 200;
/** Manages a task hub over the management API of a host that runs it. */
export class HttpManagement implements Management {
  readonly entities: EntityManagement;
  readonly #api: HttpCalls;

  constructor(target: HttpTarget) {
    this.#api = new HttpCalls(target);
    this.entities = new HttpEntities(this.#api);
  }

  get taskHubName(): string {
    return this.#api.taskHubName ?? "the host's own";
  }

  async start({ name, instanceId, input, version }: StartRequest): Promise<string> {
    const id = instanceId === undefined ? "" : `/${encodeURIComponent(instanceId)}`;
    const response = await this.#api.call("POST", `orchestrators/${encodeURIComponent(name)}${id}`, {
      query: { version },
      ...(input === undefined ? {} : { body: input }),
    });
    return ((await response.json()) as { readonly id: string }).id;
  }

  async status(instanceId: string): Promise<InstanceStatus | undefined> {
    const response = await this.#api.call("GET", pathOf(instanceId), { accept: [404] });
    return response.status === 404 ? undefined : ((await response.json()) as InstanceStatus);
  }

  async *history(instanceId: string): AsyncGenerator<object> {
    const response = await this.#api.call("GET", `${pathOf(instanceId)}/history`, { accept: [404] });
    if (response.status === 404) return;
    for await (const line of textLines(bytesOf(response))) yield JSON.parse(line) as object;
  }

  async list(filter: Filter, page: PageRequest): Promise<Page> {
    const response = await this.#api.call("GET", "instances", {
      query: { ...queryOf(filter), top: String(page.top), orderBy: "created" },
      headers: askingForPage(page.continuationToken),
    });
    return {
      instances: (await response.json()) as readonly InstanceStatus[],
      ...nextPage(response),
    };
  }

  async count(filter: Filter): Promise<Readonly<Record<RuntimeStatus, number>>> {
    const response = await this.#api.call("GET", "counts", { query: queryOf(filter) });
    return (await response.json()) as Readonly<Record<RuntimeStatus, number>>;
  }

  async raiseEvent(instanceId: string, eventName: string, data: string): Promise<void> {
    const path = `${pathOf(instanceId)}/raiseEvent/${encodeURIComponent(eventName)}`;
    await this.#change(instanceId, "POST", path, { body: data });
  }

  async control(operation: Control, instanceId: string, reason: string | undefined): Promise<void> {
    await this.#change(instanceId, "POST", `${pathOf(instanceId)}/${operation}`, { query: { reason } });
  }

  async restart(instanceId: string, { newId }: { readonly newId: boolean }): Promise<string> {
    if ((await this.status(instanceId)) === undefined) throw notFound(instanceId);
    const response = await this.#api.call("POST", `${pathOf(instanceId)}/restart`, {
      query: { restartWithNewInstanceId: String(newId) },
    });
    return ((await response.json()) as { readonly id: string }).id;
  }

  async purge(instanceId: string): Promise<number> {
    return deletedBy(await this.#change(instanceId, "DELETE", pathOf(instanceId)));
  }

  /** Goes on in the host; this asks now and then how far it is. */
  async *purgeMatching(filter: Filter): AsyncGenerator<Purged> {
    const createdTimeFrom = (filter.createdAfter ?? new Date(0)).toISOString();
    const response = await this.#api.call("DELETE", "instances", {
      query: { ...queryOf(filter), createdTimeFrom, background: "true" },
      accept: [404],
    });
    if (response.status === 404) return;
    let job = (await response.json()) as PurgeJob;
    while (job.status === "Running") {
      yield job;
      await sleep(ASK_EVERY_MS);
      job = (await (await this.#api.call("GET", `purges/${job.id}`)).json()) as PurgeJob;
    }
    yield job;
    if (job.status === "Completed") return;
    const reason = job.reason ?? "it was canceled, or the host stopped";
    throw new CommandError(`The purge ended after ${job.instancesDeleted} instances: ${reason}`);
  }

  async *watch(instanceId: string, signal: AbortSignal): AsyncGenerator<InstanceStatus> {
    const response = await this.#api.call("GET", `${pathOf(instanceId)}/watch`, { accept: [404], signal });
    if (response.status === 404) throw notFound(instanceId);
    for await (const { event, data } of serverSentEvents(response, signal)) {
      if (event === "status") yield JSON.parse(data) as InstanceStatus;
    }
  }

  async why(instanceId: string): Promise<Waiting | undefined> {
    const response = await this.#api.call("GET", `${pathOf(instanceId)}/waiting`, { accept: [404, 410] });
    if (response.status === 404) throw notFound(instanceId);
    return response.status === 410 ? undefined : ((await response.json()) as Waiting);
  }

  async *exportHistory(which: Filter | { readonly instanceId: string }): AsyncGenerator<string> {
    const query = "instanceId" in which ? { instanceId: which.instanceId } : queryOf(which);
    yield* textLines(bytesOf(await this.#api.call("GET", "export", { query })));
  }

  async *importHistory(lines: AsyncIterable<string>): AsyncGenerator<Imported> {
    const response = await this.#api.call("POST", "import", {
      body: ReadableStream.from(encodedLines(lines)),
    });
    for await (const line of textLines(bytesOf(response))) {
      const outcome = JSON.parse(line) as ImportOutcome;
      if (outcome.type === "failed") throw new DurableError("INVALID_ARGUMENT", outcome.message);
      if (outcome.type !== "done") yield outcome;
    }
  }

  async deleteTaskHub(): Promise<void> {
    const name = this.#api.taskHubName;
    if (name === undefined) {
      throw new CommandError("Name the hub to delete: --task-hub-name <name>.", EXIT.usage);
    }
    await this.#api.call("DELETE", `taskhubs/${encodeURIComponent(name)}`);
  }

  /** The host does it. */
  async *sweep(): AsyncGenerator<number> {}

  async taskHubs(): Promise<readonly string[]> {
    const hubs = (await (await this.#api.call("GET", "taskhubs")).json()) as readonly {
      readonly name: string;
    }[];
    return hubs.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // There is nothing to close: each call is a request of its own.
  }

  /** A call that an instance's absence or state may refuse. */
  async #change(instanceId: string, method: string, path: string, request: Call = {}): Promise<Response> {
    const response = await this.#api.call(method, path, { ...request, accept: [404, 410, 412, 500] });
    if (response.ok) return response;
    if (response.status === 404) throw notFound(instanceId);
    const status = (await this.status(instanceId))?.runtimeStatus ?? "gone";
    const verb = path.split("/").at(-1);
    throw new DurableError(
      "INVALID_INSTANCE_STATE",
      `'${method === "DELETE" ? "purge" : verb}' is not possible for instance '${instanceId}': it is ${status}.`,
    );
  }
}

const pathOf = (instanceId: string): string => `instances/${encodeURIComponent(instanceId)}`;

function queryOf({
  createdAfter,
  createdBefore,
  statuses,
  prefix,
  name,
}: Filter): Record<string, string | undefined> {
  return {
    createdTimeFrom: createdAfter?.toISOString(),
    createdTimeTo: createdBefore?.toISOString(),
    runtimeStatus: statuses?.join(","),
    instanceIdPrefix: prefix,
    name,
  };
}

async function deletedBy(response: Response): Promise<number> {
  return ((await response.json()) as { readonly instancesDeleted: number }).instancesDeleted;
}

async function* encodedLines(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const line of lines) yield encoder.encode(`${line}\n`);
}
