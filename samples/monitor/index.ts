import { app } from "perdure";

interface Watch {
  readonly url: string;
  readonly everySeconds?: number;
  /** When to give up, as ISO 8601. The first round sets it. */
  readonly until?: string;
  readonly checks?: number;
}

const HOUR = 3_600_000;

const check = app.activity("check", async (url: string): Promise<string> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? "up" : `answers ${response.status}`;
  } catch {
    return "does not answer";
  }
});

// Each round begins with an empty history, so the monitor may run for years.
app.orchestration("monitor", async (ctx, watch: Watch) => {
  const now = ctx.currentUtcDateTime.getTime();
  const until = watch.until ?? new Date(now + HOUR).toISOString();
  const checks = (watch.checks ?? 0) + 1;

  const state = await ctx.callActivity(check, watch.url);
  ctx.setCustomStatus({ state, checks });
  if (state === "up") return { url: watch.url, state, checks };
  if (now > Date.parse(until)) return { url: watch.url, state: "given up", checks };

  await ctx.createTimer({ afterMs: (watch.everySeconds ?? 30) * 1000 });
  ctx.continueAsNew({ ...watch, until, checks });
});
