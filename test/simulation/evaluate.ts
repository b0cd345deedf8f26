import { type Leaf, NEWEST_VERSION, type Program, type Step } from "./programs.ts";

export type Meaning =
  | { readonly status: "Completed"; readonly output: unknown; readonly customStatus: number | null }
  | { readonly status: "Failed"; readonly customStatus: number | null };

/** What a program means, with no engine, no store, no replay and no time: the oracle. */
export function evaluate(program: Program): Meaning {
  const evaluation = new Evaluation();
  const status = (): number | null => evaluation.customStatus;
  try {
    const results = program.bodies.map((body) => evaluation.step(body));
    return { status: "Completed", output: [...program.results, ...results], customStatus: status() };
  } catch {
    return { status: "Failed", customStatus: status() };
  }
}

class Evaluation {
  customStatus: number | null = null;

  step(step: Step): unknown {
    switch (step.op) {
      case "sequence":
      case "branches":
        return step.steps.map((each) => this.step(each));
      case "all":
        return step.leaves.map((leaf) => this.#leaf(leaf));
      case "any":
        return this.#leaf(step.leaf);
      case "catch":
        try {
          return this.step(step.body);
        } catch {
          return "caught";
        }
      case "canceledTimer":
        return [step.value * 2, "canceled"];
      case "events":
        return Array.from({ length: step.count }, (_, index) => index);
      case "limitedEvent":
        return "nothing";
      case "status":
        this.customStatus = step.value;
        return step.value;
      case "guid":
        return "the same";
      case "patched":
        return step.value * 2;
      case "version":
        return NEWEST_VERSION;
      case "start":
        return "started";
      case "notes":
      case "ask":
      case "refusedOperation":
      case "pass":
      case "later":
      case "fleeting":
        return step.op;
      case "transfer":
        if (step.fails) throw new Error("boom");
        return step.op;
      case "talk":
        return Array.from({ length: step.count }, (_, index) => index);
      default:
        return this.#leaf(step);
    }
  }

  #leaf(leaf: Leaf): unknown {
    switch (leaf.op) {
      case "activity":
        return leaf.value * 2;
      case "failing":
        throw new Error("boom");
      case "retried":
        if (leaf.failures >= leaf.attempts) throw new Error("boom");
        return leaf.key;
      case "brittle":
        return leaf.key;
      case "timer":
        return "fired";
      case "child":
        return [new Evaluation().step(leaf.body)];
    }
  }
}
