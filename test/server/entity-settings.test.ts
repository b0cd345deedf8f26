import { expect, test } from "vitest";
import { resolveConfiguration } from "../../src/server/configuration.ts";

const resolve = (durableTask: object, environment: Readonly<Record<string, string>> = {}) =>
  resolveConfiguration({
    overrides: {},
    environment,
    appFolder: "/app",
    hostJson: { version: "2.0", extensions: { durableTask } },
    localSettings: undefined,
  });

test("6.1: settings of entities reach the engine, from host.json and from the environment", () => {
  const file = {
    maxConcurrentEntityFunctions: 3,
    MAXENTITYOPERATIONBATCHSIZE: 50,
    rollbackEntityOperationsOnExceptions: true,
  };
  const variable = "AzureFunctionsJobHost__extensions__durableTask__rollbackEntityOperationsOnExceptions";

  expect(resolve(file, { [variable]: "False" }).settings).toEqual({
    maxConcurrentEntityFunctions: 3,
    maxEntityOperationBatchSize: 50,
    rollbackEntityOperationsOnExceptions: false,
  });
});

test.each([0, 30])("6.1: a reorder window of %i minutes is accepted, and changes nothing", (minutes) => {
  const { settings, warnings } = resolve({ entityMessageReorderWindowInMinutes: minutes });

  expect([settings, warnings]).toEqual([{}, []]);
});

test.each([
  ["maxConcurrentEntityFunctions", 0, "a whole number, 1 or more"],
  ["maxEntityOperationBatchSize", 1.5, "a whole number, 1 or more"],
  ["rollbackEntityOperationsOnExceptions", "maybe", "true or false"],
  ["entityMessageReorderWindowInMinutes", -1, "a whole number, 0 or more"],
])("6.1: %s %j is refused", (name, value, allowed) => {
  expect(() => resolve({ [name]: value })).toThrow(
    `/app/host.json: extensions.durableTask.${name} is ${JSON.stringify(value)}; allowed: ${allowed}.`,
  );
});
