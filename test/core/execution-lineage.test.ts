import { expect, test } from "vitest";
import { ExecutionLineage } from "../../src/core/execution-lineage.ts";

const rewound = (formerExecutionId?: string) =>
  ({
    type: "ExecutionRewound",
    timestamp: 0,
    ...(formerExecutionId === undefined ? {} : { formerExecutionId }),
  }) as const;

test.each<[string, (string | undefined)[], string | undefined, boolean]>([
  ["itself", [], "third", true],
  ["no other", [], "first", false],
  ["those that were rewound into it", ["first", "second"], "first", true],
  ["no other, also when it was rewound", ["second"], "first", false],
  ["an execution that is not named", [], undefined, true],
  ["any, where it is not known which was rewound", ["second", undefined], "first", true],
])("an execution stands for %s", (_what, former, asked, expected) => {
  const lineage = new ExecutionLineage("third");
  for (const executionId of former) lineage.rewound(rewound(executionId));

  expect(lineage.has(asked)).toBe(expected);
});
