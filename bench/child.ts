import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Metrics, Side } from "./workload.ts";

export interface ChildRequest {
  readonly workload: string;
  readonly side: Side;
  readonly n: number;
  readonly folder: string;
}

export interface ChildResult {
  readonly metrics: Metrics;
  /** User and system time of the whole process, warm-up included. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** Runs one side of a workload in a fresh process, so that neither its memory nor its compiled code is shared. */
export function runInChild(request: ChildRequest, execArgv: readonly string[] = []): Promise<ChildResult> {
  const child = fork(fileURLToPath(new URL("./child-main.js", import.meta.url)), [], {
    stdio: "inherit",
    execArgv: [...process.execArgv, ...execArgv],
  });
  return new Promise((resolve, reject) => {
    let result: ChildResult | undefined;
    child.on("message", (message) => {
      result = message as ChildResult;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (result && code === 0) resolve(result);
      else reject(new Error(`The ${request.side} side of ${request.workload} ended with code ${code}.`));
    });
    child.send(request);
  });
}
