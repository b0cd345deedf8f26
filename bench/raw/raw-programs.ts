import { CITIES } from "../hub.ts";
import type { RawProgram } from "./raw-hub.ts";

export function rawSequence(steps: number): RawProgram {
  return function* () {
    const greetings: unknown[] = [];
    for (let step = 0; step < steps; step++) {
      greetings.push(yield { kind: "calls", inputs: [CITIES[step % CITIES.length] ?? ""] });
    }
    return greetings;
  };
}

export function rawLongSequence(steps: number): RawProgram {
  return function* () {
    let characters = 0;
    for (let step = 0; step < steps; step++) {
      characters += String(yield { kind: "calls", inputs: ["Tokyo"] }).length;
    }
    return characters;
  };
}

export function rawFanOut(width: number): RawProgram {
  return function* () {
    return yield { kind: "calls", inputs: Array.from({ length: width }, () => "Tokyo") };
  };
}

export const rawWaitForEvent: RawProgram = function* () {
  return yield { kind: "event" };
};

export function rawSleep(delayMs: number): RawProgram {
  return function* () {
    const dueAt = Date.now() + delayMs;
    yield { kind: "timer", dueAt };
    return dueAt;
  };
}
