import { styleText } from "node:util";
import type { Configuration } from "../../server/index.ts";
import { originText } from "../origin-text.ts";
import { withoutSecrets } from "../without-secrets.ts";
import type { TargetFlags } from "./target.ts";

type Line = readonly [label: string, text: string, from?: string];

/** On standard error: which hub in which store is meant, and what says so. */
export function explainStore({ storage, taskHubName, origins }: Configuration): void {
  explain([
    ["Task hub", taskHubName, originText(origins.taskHubName, "--task-hub-name")],
    ["Storage", withoutSecrets(storage), originText(origins.storage, "--storage")],
  ]);
}

/** The same for a host. That a key is sent is said, never the key. */
export function explainHost(url: string, { taskHubName, key, keyOrigin }: TargetFlags): void {
  const from = keyOrigin === "env" ? "PERDURE_SYSTEM_KEY" : "--key";
  explain([
    taskHubName === undefined
      ? ["Task hub", "the host's own", "default"]
      : ["Task hub", taskHubName, "--task-hub-name"],
    ["URL", url, "--url"],
    key === undefined ? ["Key", "none is sent"] : ["Key", "one is sent", from],
  ]);
}

function explain(lines: readonly Line[]): void {
  for (const [label, text, from] of lines) {
    const suffix = from === undefined ? "" : `  (${from})`;
    console.error(`${styleText("dim", label.padEnd(8), { stream: process.stderr })}  ${text}${suffix}`);
  }
}
