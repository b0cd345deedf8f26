import { DurableError } from "./errors.ts";
import { kindOf } from "./task.ts";

export function notATask(name: string, yielded: unknown): DurableError {
  const hint =
    yielded === undefined
      ? " Was a call forgotten to be returned, or is the yielded function not one of the context's?"
      : Array.isArray(yielded)
        ? " Wrap a list of tasks in Task.all."
        : "";
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' yielded ${kindOf(yielded)}. Only durable tasks of its context can be yielded.${hint}`,
  );
}

export function entityNotFound(name: string, known: readonly string[]): DurableError {
  const list = known.length === 0 ? "" : ` Registered are: ${known.map((each) => `'${each}'`).join(", ")}.`;
  return new DurableError("ENTITY_NOT_FOUND", `The entity function '${name}' does not exist.${list}`);
}

export function returnedPromise(name: string): DurableError {
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' is a generator that returns a promise, which is not durable. Return a value or a task.`,
  );
}

export function asyncGenerator(name: string): DurableError {
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' is an async generator. Make it a generator that yields its tasks, or an async function that awaits them.`,
  );
}

export function strayAwait(name: string, lastCall: Error | undefined): DurableError {
  const frame = lastCall?.stack?.split("\n").find((line) => isUserFrame(line));
  const place = frame ? ` after the durable call ${frame.trim()}` : " before its first durable call";
  return new DurableError(
    "NON_DURABLE_AWAIT",
    `Orchestrator '${name}' awaited something that is not a durable task,${place}. ` +
      "Multithreaded execution was detected: do such work in an activity.",
  );
}

function isUserFrame(line: string): boolean {
  return (
    line.includes("at ") &&
    !/(code-runner|orchestrat(or-session|ion-context))\.|df-context\.|orchestrator-context\./.test(line)
  );
}

export function outsideEpisode(name: string): DurableError {
  return new DurableError(
    "CONTEXT_OUTSIDE_EPISODE",
    `The context of orchestrator '${name}' was used outside its episode: multithreaded execution was detected. ` +
      "Call it from the orchestrator only, never from a callback, and await nothing but durable tasks.",
  );
}
