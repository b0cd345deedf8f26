import type { ChildRequest, ChildResult } from "./child.ts";
import { parts } from "./workloads/index.ts";

process.once("message", (message) => {
  void answer(message as ChildRequest).then((result) => {
    process.send?.(result, () => process.disconnect());
  });
});

async function answer({ workload, side, n, folder }: ChildRequest): Promise<ChildResult> {
  const run = parts[workload]?.[side];
  if (run === undefined) throw new Error(`There is no ${side} side of ${workload}.`);
  const metrics = await run({ n, folder });
  const { user, system } = process.cpuUsage();
  return { metrics, cpuSeconds: (user + system) / 1e6, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
}
