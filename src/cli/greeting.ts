import { relative } from "node:path";
import { styleText } from "node:util";
import type { Logger } from "../engine/logger.ts";
import { type HostRole, packageVersion, type RunningServer } from "../server/index.ts";

/** Tells where the host listens and what it runs: a page for people, one line for programs. */
export function greet(server: RunningServer, logger: Logger): void {
  if (process.stdout.isTTY) console.log(page(server));
  else logger.info(facts(server), `Listening on ${server.url}`);
}

function facts(server: RunningServer): object {
  const { url, taskHubName: taskHub, role, orchestrators, activities, entities } = server;
  const grpc = server.grpcAddress === undefined ? {} : { grpc: server.grpcAddress };
  return {
    url,
    ...grpc,
    taskHub,
    storage: readable(server.storage),
    role,
    orchestrators,
    activities,
    entities,
  };
}

function page(server: RunningServer): string {
  const start = `${server.url}/runtime/webhooks/durabletask/orchestrators/${server.orchestrators[0] ?? "{name}"}`;
  const rows = [
    ["Listening", styleText("cyan", server.url)],
    ...(server.grpcAddress === undefined ? [] : [["gRPC", styleText("cyan", server.grpcAddress)]]),
    ["Task hub", `${server.taskHubName} (${ROLES[server.role]})`],
    ["Storage", readable(server.storage)],
    ...(server.keyFile === undefined ? [] : [["Keys", "callers present one: perdure keys show system"]]),
    ["Orchestrators", listOf(server.orchestrators)],
    ["Activities", listOf(server.activities)],
    ["Entities", listOf(server.entities)],
  ];
  return [
    "",
    `  ${styleText("bold", "Perdure")} ${packageVersion()}`,
    "",
    ...rows.map(([label = "", text = ""]) => `  ${styleText("dim", label.padEnd(14))} ${text}`),
    "",
    `  ${styleText("dim", "Start one:")} curl -X POST ${start}`,
    `  ${styleText("dim", "Ctrl+C stops the host; what it was doing goes on at the next start.")}`,
    "",
  ].join("\n");
}

const ROLES: Readonly<Record<HostRole, string>> = {
  owner: "this process runs it",
  "part-owner": "this process runs a part of it",
  standby: "another process runs it, this one stands by",
  stopped: "stopped",
};

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}

/** A file below the current folder is shorter without the way to it. */
function readable(storage: string): string {
  const path = /^sqlite:(\/.*)$/.exec(storage)?.[1];
  if (path === undefined) return storage;
  const short = relative("", path);
  return short.startsWith("..") ? storage : `sqlite:${short}`;
}
