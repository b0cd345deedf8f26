import { expect, test } from "vitest";
import type { EntityMessage } from "../../src/core/entity-message.ts";
import { planSteps } from "../../src/core/entity-plan.ts";
import type { EntityLockHolder } from "../../src/core/entity-state.ts";

/** A queue in short: `op` from anyone, `op:s` from inside section s, `lock:s`, `unlock:s`, `?` means nothing. */
function queueOf(text: string): readonly (EntityMessage | undefined)[] {
  return text.split(" ").map((word) => {
    const [kind = "", section = ""] = word.split(":");
    const common = { timestamp: 0, criticalSectionId: section } as const;
    switch (kind) {
      case "op":
        return section === ""
          ? { type: "EntityOperation", timestamp: 0, requestId: "r", operation: "o" }
          : { ...common, type: "EntityOperation", requestId: "r", operation: "o" };
      case "lock":
        return {
          ...common,
          type: "EntityLock",
          lockSet: ["@e@"],
          position: 0,
          holder: { instanceId: `of-${section}`, executionId: "x" },
        };
      case "unlock":
        return { ...common, type: "EntityUnlock" };
      default:
        return undefined;
    }
  });
}

const heldBy = (section: string): EntityLockHolder | undefined =>
  section === "" ? undefined : { criticalSectionId: section, instanceId: `of-${section}` };

test.each([
  ["E-4: in the order of arrival", "op op op", "", 9, [0, 1, 2], ""],
  ["E-4: no more than a batch holds", "op op op", "", 2, [0, 1], ""],
  ["E-4: a batch that is full also keeps the lock back", "op op lock:a", "", 1, [0], ""],
  ["S-167: a lock request ends what others may do", "op lock:a op op", "", 9, [0, 1], "a"],
  ["S-167: whoever asks second waits", "lock:a lock:b", "", 9, [0], "a"],
  ["S-168: only calls from inside pass", "op op:a op op:a", "a", 9, [1, 3], "a"],
  ["S-168: calls of another section wait", "op:b op:a", "a", 9, [1], "a"],
  [
    "S-168: with the end of the section those who have waited have their turn",
    "op lock:b op unlock:a op:b",
    "a",
    9,
    [3, 0, 1, 4],
    "b",
  ],
  ["S-170: an unlock takes back a request that still waits", "lock:b unlock:b op", "a", 9, [0, 1], "a"],
  ["S-170: an unlock without a lock does nothing", "unlock:z op", "", 9, [0, 1], ""],
  ["S-170: an unlock of another section ends nothing", "unlock:z op", "a", 9, [0], "a"],
  ["a section that comes and goes in one batch", "op lock:a unlock:a op", "", 9, [0, 1, 2, 3], ""],
  ["one section after the other", "lock:a lock:b unlock:a unlock:b op", "", 9, [0, 2, 1, 3, 4], ""],
  ["what means nothing goes at once, locked or not", "? op ?", "a", 9, [0, 2], "a"],
  ["nothing has its turn", "op lock:b", "a", 9, [], "a"],
])("%s", (_rule, queue, holder, max, expected, holderAfter) => {
  const events = queueOf(queue).map((event) => ({ event }));
  const lock = heldBy(holder);
  const steps = planSteps(events, lock, { maxOperations: max });

  expect(steps.map(({ index }) => index)).toEqual(expected);
  expect(steps.length === 0 ? heldBy(holder) : steps.at(-1)?.lock).toEqual(heldBy(holderAfter));
  const settled = events.findIndex(
    (_, index) => planSteps(events.slice(0, index + 1), lock, { maxOperations: 9 }).length > 0,
  );
  const waiting = settled < 0 ? events.length : settled;
  expect(planSteps(events, lock, { maxOperations: max, waiting })).toEqual(steps);
});
