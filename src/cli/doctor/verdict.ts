import { explain, type WaitingReason } from "../../core/waiting-reason.ts";

export interface Look {
  readonly instanceId: string;
  readonly reasons: readonly WaitingReason[];
  /** Milliseconds since 1970, as are the times of the reasons. */
  readonly lastUpdatedAt: number;
}

export interface Patience {
  readonly now: number;
  readonly stuckAfterMs: number;
}

export interface Verdict {
  /** stuck: something is wrong. waiting: it has waited for long, for what may yet come. */
  readonly state: "stuck" | "waiting";
  readonly sentence: string;
}

/** Whether an instance that has not ended gives cause to look at it; `undefined` when all is as it should be. */
export function verdictOf(
  { instanceId, reasons, lastUpdatedAt }: Look,
  patience: Patience,
): Verdict | undefined {
  const isIdle = isLong(lastUpdatedAt, patience);
  const isSuspended = reasons.some(({ type }) => type === "suspended");
  const wrong = reasons.find((reason) => {
    if (reason.type === "messages" && isSuspended) return false;
    return isWrong(reason, isIdle, patience);
  });
  if (wrong) {
    const others = reasons.filter((reason) => reason !== wrong);
    return { state: "stuck", sentence: explain(instanceId, [wrong, ...others]).sentence };
  }
  if (!isIdle || reasons.some((reason) => goesOnByItself(reason, patience))) return undefined;
  return { state: "waiting", sentence: explain(instanceId, reasons).sentence };
}

/** What no one who waits can mend by waiting on: nobody runs it, or it should have happened long ago. */
function isWrong(reason: WaitingReason, isIdle: boolean, patience: Patience): boolean {
  switch (reason.type) {
    case "quarantined":
    case "orchestrator-missing":
    case "worker-missing":
    case "entity-worker-missing":
    case "version-missing":
    case "blocked":
      return true;
    case "activity":
      return isLong(reason.since, patience);
    case "timer":
      return isLong(reason.dueAt, patience);
    case "start":
      return reason.scheduledAt === undefined ? isIdle : isLong(reason.scheduledAt, patience);
    case "given-back":
    case "messages":
    case "next-episode":
      return isIdle;
    case "suspended":
    case "sub-orchestration":
    case "entity-call":
    case "lock":
    case "entity":
    case "event":
    case "returned":
      return false;
  }
}

function goesOnByItself(reason: WaitingReason, { now }: Patience): boolean {
  if (reason.type === "timer") return reason.dueAt >= now;
  if (reason.type === "entity") return true;
  return reason.type === "start" && reason.scheduledAt !== undefined && reason.scheduledAt >= now;
}

function isLong(since: number, { now, stuckAfterMs }: Patience): boolean {
  return now - since > stuckAfterMs;
}
