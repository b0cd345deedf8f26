import { fromJsonText } from "../core/data-converter.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestrationContext } from "../core/orchestration-context.ts";
import type { OrchestratorDefinition } from "../core/orchestrator-definition.ts";
import type { CallLog, OpenCall } from "./call-log.ts";
import type { Fake } from "./fakes.ts";
import type { Step } from "./outcomes.ts";

/** Shown by `whyWaiting` for a fake that never comes to anything. */
const NEVER = "(the fake never comes to anything)";

interface Played {
  readonly step: Step;
  readonly call: OpenCall;
  /** Present once it is over, so that a replay comes to the same. */
  end?: { readonly value: unknown } | { readonly error: unknown };
}

/** Orchestrators that are fakes. Each execution is one call, however often it is replayed. */
export class FakedOrchestrators {
  readonly #log: CallLog;
  readonly #played = new Map<string, Played>();

  constructor(log: CallLog) {
    this.#log = log;
  }

  definition(name: string, fake: Fake): OrchestratorDefinition {
    const play = (context: OrchestrationContext): Played => this.#play(name, fake, context);
    return {
      name,
      *handler(context): Generator<unknown, unknown> {
        const played = play(context);
        const { step } = played;
        if (step === "never") return yield context.waitForExternalEvent(NEVER);
        if (step.delayMs > 0) yield context.createTimer(context.currentTime + step.delayMs);
        played.end ??= endOf(name, step.outcome, context);
        if ("error" in played.end) {
          played.call.failed(played.end.error);
          throw played.end.error;
        }
        played.call.completed(played.end.value);
        return played.end.value;
      },
    };
  }

  #play(name: string, fake: Fake, context: OrchestrationContext): Played {
    const { executionId, instanceId, currentTime } = context;
    const known = this.#played.get(executionId);
    if (known) return known;
    const input = fromJsonText(context.inputText);
    const call = this.#log.begin("orchestrator", name, { input, at: new Date(currentTime), instanceId });
    const played: Played = { step: fake.next(), call };
    this.#played.set(executionId, played);
    return played;
  }
}

function endOf(name: string, outcome: unknown, context: OrchestrationContext): Played["end"] & object {
  if (outcome instanceof Error) return { error: outcome };
  if (typeof outcome !== "function") return { value: outcome };
  try {
    const value = (outcome as (input: unknown) => unknown)(fromJsonText(context.inputText));
    if (value instanceof Promise) throw notAtOnce(name);
    return { value };
  } catch (error) {
    return { error };
  }
}

function notAtOnce(name: string): DurableError {
  return new DurableError(
    "INVALID_FUNCTION",
    `The fake of orchestrator '${name}' returned a promise. It has to answer at once; use after(...) for a delay.`,
  );
}
