import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import { Task, type TimerTask } from "../../src/core/task.ts";
import { askEntities } from "./ask-entities.ts";
import { type Leaf, type Program, programOf, type Step } from "./programs.ts";

/** How a process runs programs; the history is the same either way. */
export type Style = "generator" | "async";

export type Running<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** A child of a "talk" waits for this event. */
const TALK = "talk";

/** The program as an orchestrator, run by the engine. */
export function orchestrator(style: Style): (context: OrchestrationContext) => unknown {
  return (context) => {
    const program = JSON.parse(context.inputText ?? "") as Program | Talk;
    const running = "talk" in program ? listen(context, program.talk) : run(program, context, style);
    return style === "generator" ? running : drive(running);
  };
}

/** What the child of a "talk" gets: how many events it waits for. */
interface Talk {
  readonly talk: number;
}

function* listen(context: OrchestrationContext, count: number): Running<unknown> {
  const heard: unknown[] = [];
  while (heard.length < count) heard.push(yield context.waitForExternalEvent(TALK));
  return heard;
}

function* run(program: Program, context: OrchestrationContext, style: Style): Running<unknown> {
  const [body, ...rest] = program.bodies;
  if (body === undefined) return program.results;
  const results = [
    ...program.results,
    yield* new Interpreter(context, style, program.results.length).step(body),
  ];
  if (rest.length === 0) return results;
  const { preserveEvents } = program;
  context.continueAsNew({ ...program, bodies: rest, results } satisfies Program, {
    preserveUnprocessedEvents: preserveEvents,
  });
  return undefined;
}

/** Runs a generator as an async function would. */
async function drive<T>(running: Running<T>): Promise<T> {
  let next = running.next();
  while (!next.done) {
    const outcome = await settled(next.value);
    next = outcome.failed ? running.throw(outcome.error) : running.next(outcome.value);
  }
  return next.value;
}

type Outcome =
  | { readonly failed: false; readonly value: unknown }
  | { readonly failed: true; readonly error: unknown };

async function settled(task: PromiseLike<unknown>): Promise<Outcome> {
  try {
    return { failed: false, value: await task };
  } catch (error) {
    return { failed: true, error };
  }
}

class Interpreter {
  readonly #context: OrchestrationContext;
  readonly #style: Style;
  /** How many executions there were before. */
  readonly #round: number;

  constructor(context: OrchestrationContext, style: Style, round: number) {
    this.#context = context;
    this.#style = style;
    this.#round = round;
  }

  *step(step: Step): Running<unknown> {
    const context = this.#context;
    switch (step.op) {
      case "sequence":
        return yield* this.#sequence(step.steps);
      case "all": {
        const values = (yield context.all(step.leaves.map((leaf) => this.#task(leaf)))) as unknown[];
        return values.map((value, index) => this.#valueOf(step.leaves[index] as Leaf, value));
      }
      case "any":
        return yield* this.#any(step.leaf, step.count);
      case "branches":
        if (this.#style === "generator") return yield* this.#sequence(step.steps);
        return yield Promise.all(step.steps.map((each) => drive(this.step(each))));
      case "catch":
        try {
          return yield* this.step(step.body);
        } catch {
          return "caught";
        }
      case "canceledTimer":
        return yield* this.#canceledTimer(step.value);
      case "events":
        return yield* this.#events(step.name, step.count);
      case "limitedEvent":
        return yield context.waitForExternalEvent(step.name, {
          timeoutMs: step.timeoutMs,
          defaultValue: "nothing",
        });
      case "status":
        context.setCustomStatus(step.value);
        return step.value;
      case "guid":
        return yield* this.#guid();
      case "patched":
        return context.patched(step.id) ? yield context.callActivity("double", step.value) : "old code";
      case "version":
        return context.version;
      case "start":
        context.startOrchestration("program", programOf(step.body));
        return "started";
      case "talk":
        return yield* this.#talk(step.count, step.atOnce);
      case "notes":
      case "ask":
      case "refusedOperation":
      case "pass":
      case "later":
      case "fleeting":
      case "transfer":
        yield* askEntities(step, context, this.#round);
        return step.op;
      default:
        return this.#valueOf(step, yield this.#task(step));
    }
  }

  *#sequence(steps: readonly Step[]): Running<unknown> {
    const values: unknown[] = [];
    for (const step of steps) values.push(yield* this.step(step));
    return values;
  }

  #task(leaf: Leaf): Task<unknown> {
    const context = this.#context;
    switch (leaf.op) {
      case "activity":
        return context.callActivity("double", leaf.value);
      case "failing":
        return context.callActivity("fail", leaf.value);
      case "retried": {
        const { key, failures, attempts } = leaf;
        const retry = {
          firstRetryIntervalInMilliseconds: 100,
          maxNumberOfAttempts: attempts,
          backoffCoefficient: 2,
        };
        return context.callActivity("flaky", { key: `${context.instanceId}/${key}`, failures }, { retry });
      }
      case "brittle":
        return context.callActivity("flaky", { key: leaf.key, failures: leaf.failures });
      case "timer":
        return context.createTimer(context.currentTime + leaf.delayMs);
      case "child":
        return context.callSubOrchestrator(
          "program",
          programOf(leaf.body),
          leaf.explicitId ? { instanceId: `child-${context.newGuid()}` } : {},
        );
    }
  }

  #valueOf(leaf: Leaf, value: unknown): unknown {
    if (leaf.op === "timer") return "fired";
    if (leaf.op === "retried" || leaf.op === "brittle") return leaf.key;
    return value;
  }

  *#any(leaf: Leaf, count: number): Running<unknown> {
    const tasks = Array.from({ length: count }, () => this.#task(leaf));
    const first = yield this.#context.any(tasks);
    return this.#valueOf(leaf, first instanceof Task ? first.value() : first);
  }

  *#canceledTimer(value: number): Running<unknown> {
    const context = this.#context;
    const timer: TimerTask = context.createTimer(context.currentTime + 3_600_000);
    const doubled = yield context.callActivity("double", value);
    timer.cancel();
    return [doubled, timer.isCanceled ? "canceled" : "fired"];
  }

  *#events(name: string, count: number): Running<unknown> {
    const values: unknown[] = [];
    for (let index = 0; index < count; index++) values.push(yield this.#context.waitForExternalEvent(name));
    return values;
  }

  *#guid(): Running<unknown> {
    const guid = this.#context.newGuid();
    const other = this.#context.newGuid();
    const echo = yield this.#context.callActivity("echo", guid);
    return echo === guid && guid !== other ? "the same" : [guid, other, echo];
  }

  *#talk(count: number, atOnce: boolean): Running<unknown> {
    const context = this.#context;
    const instanceId = `talk-${context.newGuid()}`;
    const child = context.callSubOrchestrator("program", { talk: count } satisfies Talk, { instanceId });
    for (let index = 0; index < count; index++) {
      context.sendEvent(instanceId, TALK, index);
      if (!atOnce) yield context.callActivity("double", index);
    }
    return yield child;
  }
}
