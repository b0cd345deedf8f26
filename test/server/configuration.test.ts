import { describe, expect, test } from "vitest";
import { type ConfigurationSources, resolveConfiguration } from "../../src/server/configuration.ts";

function resolve(sources: Partial<ConfigurationSources>) {
  return resolveConfiguration({
    overrides: {},
    environment: {},
    appFolder: "/app",
    hostJson: undefined,
    localSettings: undefined,
    ...sources,
  });
}

const durableTask = (settings: object): object => ({ version: "2.0", extensions: { durableTask: settings } });

describe("where a setting comes from", () => {
  const sources = {
    overrides: { port: 1 },
    environment: { PERDURE_PORT: "2" },
    localSettings: { Values: { PERDURE_PORT: "3" }, Host: { LocalHttpPort: 4 } },
  };
  test.each([
    ["a flag before all", sources, 1],
    ["then the environment", { ...sources, overrides: {} }, 2],
    ["then local.settings.json", { localSettings: sources.localSettings }, 3],
    ["then its host section", { localSettings: { Host: { LocalHttpPort: 4 } } }, 4],
    ["in the end the default", {}, 7071],
  ] as const)("%s", (_title, given, port) => {
    expect(resolve(given as Partial<ConfigurationSources>).port).toBe(port);
  });
});

describe("a key is needed", () => {
  test.each([
    ["not where only this machine can reach the host", {}, false],
    ["where others can", { environment: { PERDURE_HOST: "0.0.0.0" } }, true],
    ["when it is asked for", { overrides: { requireKey: true } }, true],
    ["when there is one in the environment", { environment: { PERDURE_SYSTEM_KEY: "secret" } }, true],
    ["unless the host is told otherwise", { overrides: { host: "0.0.0.0", requireKey: false } }, false],
  ])("%s", (_title, sources, expected) => {
    expect(resolve(sources as Partial<ConfigurationSources>).requireKey).toBe(expected);
  });
});

describe("where callers reach the API", () => {
  const environment = { PERDURE_WEBHOOK_URL: "https://flows.example.org" };

  test.each([
    [
      "an option before all",
      { overrides: { webhookUrl: "http://a.example" }, environment },
      "http://a.example",
    ],
    ["then the environment", { environment }, "https://flows.example.org"],
    ["unknown in the end", {}, undefined],
  ])("%s", (_title, sources, expected) => {
    expect(resolve(sources).webhookUrl).toBe(expected);
  });

  test.each([
    ["PERDURE_WEBHOOK_URL", { environment: { PERDURE_WEBHOOK_URL: "flows.example.org" } }],
    ["webhookUrl", { overrides: { webhookUrl: "flows.example.org" } }],
  ])("a wrong %s is named", (name, sources) => {
    expect(() => resolve(sources)).toThrow(
      `${name} is "flows.example.org"; allowed: the http or https address`,
    );
  });
});

describe("an empty variable says nothing", () => {
  const environment = Object.fromEntries(
    ["HOST", "PORT", "STORAGE", "TASK_HUB", "DRAIN_TIMEOUT", "SYSTEM_KEY", "WEBHOOK_URL"].map((name) => [
      `PERDURE_${name}`,
      " ",
    ]),
  );

  test("each setting has its default, above all the address that only this machine can reach", () => {
    expect(resolve({ environment })).toEqual({ ...resolve({}) });
    expect(resolve({ environment }).host).toBe("127.0.0.1");
  });
});

describe("what is wrong is named, with what is allowed", () => {
  test.each([
    ["a port", { environment: { PERDURE_PORT: "70000" } }, "PERDURE_PORT is 70000; allowed: a port number"],
    [
      "a hub",
      { environment: { PERDURE_TASK_HUB: "my hub" } },
      '"my hub"; allowed: 3 to 45 letters and digits',
    ],
    ["a hub in host.json", { hostJson: durableTask({ hubName: "my-hub" }) }, "hubName is"],
    [
      "a number",
      { hostJson: durableTask({ maxConcurrentActivityFunctions: 0 }) },
      "a whole number, 1 or more",
    ],
    ["a section", { hostJson: durableTask({ storageProvider: "sqlite" }) }, "allowed: an object"],
    ["a store", { hostJson: durableTask({ storageProvider: { type: "mssql" } }) }, '"sqlite" or "memory"'],
    [
      "a setting that is not there",
      { hostJson: durableTask({ hubName: "%HUB%" }) },
      "there is no setting HUB",
    ],
    ["a span of time", { environment: { PERDURE_DRAIN_TIMEOUT: "soon" } }, "a number of seconds, 0 or more"],
    ["local settings", { localSettings: { Values: 1 } }, "Values is 1; allowed: an object"],
  ])("%s", (_title, sources, text) => {
    expect(() => resolve(sources as Partial<ConfigurationSources>)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIGURATION",
        message: expect.stringContaining(text),
      }),
    );
  });
});
