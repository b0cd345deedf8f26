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

describe("what says so is told with the setting", () => {
  const local = (variable: string) => ({ type: "local.settings.json", property: `Values.${variable}` });

  test.each([
    ["an override", { overrides: { taskHubName: "Hub" } }, { type: "override" }],
    [
      "the environment",
      { environment: { PERDURE_TASK_HUB: "Hub" } },
      { type: "environment", variable: "PERDURE_TASK_HUB" },
    ],
    [
      "local.settings.json",
      { localSettings: { Values: { PERDURE_TASK_HUB: "Hub" } } },
      local("PERDURE_TASK_HUB"),
    ],
    [
      "host.json",
      { hostJson: durableTask({ hubName: "Hub" }) },
      { type: "host.json", property: "extensions.durableTask.hubName" },
    ],
    [
      "a variable that stands for a property of host.json",
      {
        hostJson: durableTask({ hubName: "Other" }),
        environment: { AzureFunctionsJobHost__extensions__durableTask__hubName: "Hub" },
      },
      { type: "environment", variable: "AzureFunctionsJobHost__extensions__durableTask__hubName" },
    ],
    ["nothing", {}, { type: "default" }],
  ])("%s", (_title, sources, origin) => {
    expect(resolve(sources as Partial<ConfigurationSources>).origins.taskHubName).toEqual(origin);
  });

  test("for each setting by itself", () => {
    const { origins } = resolve({
      overrides: { host: "0.0.0.0" },
      environment: { PERDURE_PORT: "", PERDURE_STORAGE: "memory:", PERDURE_SYSTEM_KEY: "secret" },
      localSettings: { Host: { LocalHttpPort: 4 } },
    });

    expect(origins).toEqual({
      host: { type: "override" },
      port: { type: "local.settings.json", property: "Host.LocalHttpPort" },
      storage: { type: "environment", variable: "PERDURE_STORAGE" },
      taskHubName: { type: "default" },
      requireKey: { type: "environment", variable: "PERDURE_SYSTEM_KEY" },
    });
  });

  test("and which of the files are there", () => {
    expect(resolve({ localSettings: {} }).files).toEqual(["/app/local.settings.json"]);
    expect(resolve({ hostJson: {} }).files).toEqual(["/app/host.json"]);
  });
});

test("S-200: versions and what becomes of instances that the code does not follow are host.json's to say", () => {
  const hostJson = durableTask({
    defaultVersion: "2.0",
    versionMatchStrategy: "strict",
    versionFailureStrategy: "FAIL",
    nonDeterministicInstances: "fail",
  });

  expect(resolve({ hostJson: { ...hostJson } })).toMatchObject({
    settings: {
      defaultVersion: "2.0",
      versionMatchStrategy: "Strict",
      versionFailureStrategy: "Fail",
      nonDeterministicInstances: "Fail",
    },
    warnings: [],
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

describe("web pages of other origins", () => {
  const local = { Host: { CORS: "https://local.example, http://localhost:3000" } };
  const environment = { PERDURE_CORS: "https://env.example" };
  const cors = ["https://flag.example"];

  test.each([
    ["may not use the API", {}, undefined],
    ["are named by a flag before all", { overrides: { cors }, environment, localSettings: local }, cors],
    ["then by the environment", { environment, localSettings: local }, ["https://env.example"]],
    [
      "then by Values in local.settings.json",
      { localSettings: { ...local, Values: { PERDURE_CORS: "https://values.example" } } },
      ["https://values.example"],
    ],
    [
      "then by its host section, with commas",
      { localSettings: local },
      ["https://local.example", "http://localhost:3000"],
    ],
    ["may be all there are", { localSettings: { host: { cors: "*" } } }, "*"],
    ["are kept out by a flag that names none", { overrides: { cors: [] }, environment }, undefined],
    ["are kept out by an empty list", { localSettings: { Host: { CORS: " , " } } }, undefined],
  ])("%s", (_title, sources, expected) => {
    expect(resolve(sources as Partial<ConfigurationSources>).crossOrigin?.origins).toEqual(expected);
  });

  test.each([true, false])("bring credentials when Host.CORSCredentials is %s", (CORSCredentials) => {
    const localSettings = { Host: { CORSCredentials } };

    expect(resolve({ environment, localSettings }).crossOrigin?.credentials).toBe(CORSCredentials);
    expect(resolve({ environment }).crossOrigin?.credentials).toBe(false);
  });

  test.each([
    "https://portal.example/",
    "https://portal.example/app",
    "https://Portal.example",
    "https://portal.example:443",
    "portal.example",
    "file:///index.html",
    "null",
    "*",
  ])("are refused under what is no origin by itself: %s", (wrong) => {
    expect(() => resolve({ environment: { PERDURE_CORS: `https://right.example,${wrong}` } })).toThrow(
      `PERDURE_CORS is ${JSON.stringify(wrong)}; allowed: origins as browsers send them`,
    );
  });

  test.each([
    ["--cors", { overrides: { cors: ["*"] } }],
    ["PERDURE_CORS", { environment: { PERDURE_CORS: "*" } }],
  ])("cannot all bring credentials, whoever says so: %s", (source, sources) => {
    const localSettings = { Host: { CORSCredentials: true } };

    expect(() => resolve({ ...sources, localSettings })).toThrow(
      `${source} is "*" and Host.CORSCredentials is true`,
    );
  });

  test("cannot all bring credentials by the file either, which is named", () => {
    expect(() => resolve({ localSettings: { Host: { CORS: "*", CORSCredentials: true } } })).toThrow(
      /^\/app\/local\.settings\.json: Host\.CORS is "\*" and Host\.CORSCredentials is true/,
    );
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
    ["HOST", "PORT", "STORAGE", "TASK_HUB", "DRAIN_TIMEOUT", "SYSTEM_KEY", "CORS", "WEBHOOK_URL"].map(
      (name) => [`PERDURE_${name}`, " "],
    ),
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
    ["origins", { localSettings: { Host: { CORS: ["*"] } } }, "Host.CORS is"],
    [
      "credentials",
      { localSettings: { Host: { CORSCredentials: "yes" } } },
      'CORSCredentials is "yes"; allowed: true or false',
    ],
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
