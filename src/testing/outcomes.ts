import { DurableError } from "../core/errors.ts";
import type { ActivityContext } from "../sdk/activity-context.ts";
import { type Span, spanMs } from "./span.ts";

/**
 * What a fake comes to: a value, an error that is thrown, a function that is called, or what `inTurn`, `after` and
 * `never` make.
 */
export type Outcome<I, O> =
  | O
  | Error
  | ((input: I, context: ActivityContext) => O | PromiseLike<O>)
  | ScriptedOutcome<I, O>;

/** The same for an orchestration, whose function answers at once. */
export type OrchestrationOutcome<I, O> = O | Error | ((input: I) => O) | ScriptedOutcome<I, O>;

/** Made by `inTurn`, `after` and `never`. */
export class ScriptedOutcome<I, O> {
  /** Present in types only. */
  declare readonly types?: { readonly input: (input: I) => void; readonly output: O };
  readonly play: Play;

  constructor(play: Play) {
    this.play = play;
  }
}

/** What one call comes to: something to do after a delay, or nothing at all. */
export type Step = { readonly delayMs: number; readonly outcome: unknown } | "never";

/** `call` counts from 0. */
type Play = (call: number) => Step;

/** Each call has the next outcome; the last one stays for all that follow. @throws {DurableError} INVALID_ARGUMENT for none */
export function inTurn<I, O>(...outcomes: readonly Outcome<I, O>[]): ScriptedOutcome<I, O> {
  if (outcomes.length === 0) throw new DurableError("INVALID_ARGUMENT", "inTurn takes at least one outcome.");
  return new ScriptedOutcome((call) => stepOf(outcomes[Math.min(call, outcomes.length - 1)], call));
}

/** The outcome comes after a while of virtual time. */
export function after<I, O>(delay: Span, outcome: Outcome<I, O>): ScriptedOutcome<I, O> {
  const delayMs = spanMs(delay);
  return new ScriptedOutcome((call) => {
    const step = stepOf(outcome, call);
    return step === "never" ? step : { ...step, delayMs: step.delayMs + delayMs };
  });
}

/** No outcome at all: the call hangs. */
export function never<I, O>(): ScriptedOutcome<I, O> {
  return new ScriptedOutcome(() => "never");
}

export function stepOf(outcome: unknown, call: number): Step {
  return outcome instanceof ScriptedOutcome ? outcome.play(call) : { delayMs: 0, outcome };
}
