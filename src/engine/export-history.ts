import { given } from "../core/given.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { InstanceFilter, InstanceRecord, QueryStore } from "../storage/index.ts";
import type { EndLine, EpisodeLine, HubLine, InstanceLine } from "./history-archive.ts";
import { MAX_PAGE_BYTES } from "./instance-query.ts";

const PAGE = 100;

/**
 * What a hub has of its instances, as lines of an archive: whole histories, a piece at a time, so that none is in memory as
 * a whole. An instance that is purged meanwhile is left out or ends early, and then has no end line.
 */
export async function* exportHistory(
  taskHubName: string,
  query: QueryStore,
  filter: InstanceFilter | { readonly instanceId: string },
): AsyncGenerator<string> {
  const records = recordsOf(query, filter);
  let next = await records.next();
  yield line<HubLine>({
    type: "hub",
    format: 1,
    taskHub: taskHubName,
    exportedTime: new Date().toISOString(),
  });
  for (; !next.done; next = await records.next()) yield* linesOf(query, next.value);
}

async function* recordsOf(
  query: QueryStore,
  filter: InstanceFilter | { readonly instanceId: string },
): AsyncGenerator<InstanceRecord> {
  if ("instanceId" in filter) {
    const record = await query.get(filter.instanceId);
    if (record) yield record;
    return;
  }
  let continuationToken: string | undefined;
  do {
    const page = await query.list(filter, {
      size: PAGE,
      maxBytes: MAX_PAGE_BYTES,
      ...given({ continuationToken }),
    });
    yield* page.instances;
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}

async function* linesOf(query: QueryStore, record: InstanceRecord): AsyncGenerator<string> {
  yield line<InstanceLine>(instanceLine(record));
  let episodes = 0;
  for await (const chunk of query.history(record.instanceId)) {
    const { seq, at } = chunk;
    const events = decodeChunk(chunk, record).slice(1, -1);
    yield line<EpisodeLine>({ type: "episode", seq, time: timeOf(at), events });
    episodes += 1;
  }
  if ((await query.get(record.instanceId))?.run !== record.run) return;
  yield line<EndLine>({ type: "end", instanceId: record.instanceId, episodes });
}

function instanceLine(record: InstanceRecord): InstanceLine {
  const { instanceId, executionId, name, version, status, input, output, customStatus, parent, tags } =
    record;
  return {
    type: "instance",
    instanceId,
    executionId,
    name,
    runtimeStatus: status,
    createdTime: timeOf(record.createdAt),
    ...given({
      version,
      completedTime: record.completedAt === undefined ? undefined : timeOf(record.completedAt),
      scheduledStartTime: record.scheduledAt === undefined ? undefined : timeOf(record.scheduledAt),
      input,
      output,
      customStatus,
      failure: record.failure,
      parent,
      tags,
    }),
  };
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** Only says of which kind a line is. */
const line = <Kind>(value: Kind): string => JSON.stringify(value);
