import type { Workload } from "../workload.ts";
import { w8, w9, w10 } from "./entities.ts";
import { idle, idleHost } from "./idle.ts";
import { w2 } from "./latency.ts";
import { manage, manageServer } from "./manage.ts";
import { remote, remoteWaits } from "./remote.ts";
import { w3, w4 } from "./single-instance.ts";
import { w1, w7 } from "./throughput.ts";
import { w5, w6 } from "./waiting.ts";

/** What `npm run bench -- <name>` knows, in the order of `all`. */
export const workloads: Readonly<Record<string, Workload>> = {
  w1,
  w2,
  w3,
  w4,
  w5,
  w6,
  w7,
  w8,
  w9,
  w10,
  idle,
  manage,
  remote,
  "remote-waits": remoteWaits,
};

/** Parts of workloads that run in a process of their own. */
export const parts: Readonly<Record<string, Workload>> = {
  ...workloads,
  "idle-host": idleHost,
  "manage-server": manageServer,
};
