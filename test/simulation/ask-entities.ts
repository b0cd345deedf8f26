import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import type { Running } from "./interpret.ts";
import type { EntityStep } from "./programs.ts";

const ledger = (key: string) => ({ name: "Ledger", key });
const account = (key: string) => ({ name: "account", key });

/** Runs a step that asks something of entities. */
export function* askEntities(step: EntityStep, context: OrchestrationContext, round: number): Running<void> {
  switch (step.op) {
    case "notes": {
      // Two executions that begin in the same millisecond have the same ids (S-120).
      const sender = `${context.newGuid()}/${round}`;
      for (let n = 0; n < step.count; n++) {
        context.signalEntity(ledger(step.key), "note", { sender, n });
        if (!step.atOnce) yield context.callActivity("double", n);
      }
      return;
    }
    case "ask":
      yield context.all(
        Array.from({ length: step.count }, () => context.callEntity(ledger(step.key), "note", {})),
      );
      return;
    case "refusedOperation":
      try {
        yield context.callEntity(ledger(step.key), "fail", {});
      } catch {
        return;
      }
      throw new Error("An operation that fails has been taken for one that does not.");
    case "pass":
      yield context.callEntity(ledger(step.key), "pass", { to: step.to });
      return;
    case "later":
      context.signalEntity(
        ledger(step.key),
        "note",
        {},
        { scheduledTime: context.currentTime + step.delayMs },
      );
      return;
    case "fleeting":
      context.signalEntity({ name: "fleeting", key: step.key }, step.deletes ? "delete" : "set", 1);
      return;
    case "transfer":
      return yield* transfer(step, context);
  }
}

/**
 * Both accounts are written in one episode: whatever becomes of the orchestration, both are or neither. What fails lets go
 * of the locks by itself when it is caught, for the orchestration goes on.
 */
function* transfer(
  { from, to, pauseMs, fails }: Extract<EntityStep, { readonly op: "transfer" }>,
  context: OrchestrationContext,
): Running<void> {
  const section = (yield context.lock([account(from), account(to)], (each) => each)) as never;
  try {
    const first = (yield context.callEntity(account(from), "get")) as number;
    if (pauseMs > 0) yield context.createTimer(context.currentTime + pauseMs);
    if (fails) throw new Error("boom");
    if (from === to) return;
    const second = (yield context.callEntity(account(to), "get")) as number;
    yield context.all([
      context.callEntity(account(from), "set", first - 1),
      context.callEntity(account(to), "set", second + 1),
    ]);
  } finally {
    context.unlock(section);
  }
}
