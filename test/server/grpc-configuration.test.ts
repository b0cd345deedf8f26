import { describe, expect, test } from "vitest";
import { type ConfigurationSources, resolveConfiguration } from "../../src/server/configuration.ts";

function grpcOf(sources: Partial<ConfigurationSources>) {
  return resolveConfiguration({
    overrides: {},
    environment: {},
    appFolder: "/app",
    hostJson: undefined,
    localSettings: undefined,
    ...sources,
  }).grpc;
}

describe("the port for gRPC", () => {
  const environment = { PERDURE_GRPC_PORT: "2" };
  const localSettings = { Values: { PERDURE_GRPC_PORT: "3" } };

  test.each([
    ["a flag before all", { overrides: { grpcPort: 1 }, environment, localSettings }, 1],
    ["then the environment", { environment, localSettings }, 2],
    ["then local.settings.json", { localSettings }, 3],
    ["then what the host has for an app that is none", { overrides: { defaultGrpcPort: 4 } }, 4],
    ["which the environment outdoes", { overrides: { defaultGrpcPort: 4 }, environment }, 2],
    ["in the end none", {}, undefined],
    ["none when the variable is empty", { environment: { PERDURE_GRPC_PORT: " " } }, undefined],
    ["any free one", { overrides: { grpcPort: 0 } }, 0],
  ])("%s", (_title, sources, port) => {
    expect(grpcOf(sources)?.port).toBe(port);
  });

  test.each([
    ["PERDURE_GRPC_PORT is 70000", { environment: { PERDURE_GRPC_PORT: "70000" } }],
    ['PERDURE_GRPC_PORT is "four"', { environment: { PERDURE_GRPC_PORT: "four" } }],
    ['PERDURE_GRPC_PORT is "1e3"', { environment: { PERDURE_GRPC_PORT: "1e3" } }],
    ["--grpc-port is -1", { overrides: { grpcPort: -1 } }],
    ["--grpc-port is 1.5", { overrides: { grpcPort: 1.5 } }],
  ])("that is none is refused: %s", (text, sources) => {
    expect(() => grpcOf(sources)).toThrow(`${text}; allowed: a port number`);
  });
});

describe("TLS for gRPC", () => {
  const overrides = { grpcPort: 1 };
  const variables = { PERDURE_GRPC_CERTIFICATE: "env.pem", PERDURE_GRPC_PRIVATE_KEY: "env.key" };

  test.each([
    ["there is none by default", { overrides }, undefined],
    [
      "flags name both files",
      {
        overrides: { ...overrides, grpcCertificate: "a.pem", grpcPrivateKey: "a.key" },
        environment: variables,
      },
      { certificate: "a.pem", privateKey: "a.key" },
    ],
    [
      "or the environment",
      { overrides, environment: variables },
      { certificate: "env.pem", privateKey: "env.key" },
    ],
    [
      "or local.settings.json",
      { overrides, localSettings: { Values: variables } },
      { certificate: "env.pem", privateKey: "env.key" },
    ],
    [
      "or each its own",
      { overrides: { ...overrides, grpcCertificate: "a.pem" }, environment: variables },
      { certificate: "a.pem", privateKey: "env.key" },
    ],
    [
      "empty variables name none",
      { overrides, environment: { PERDURE_GRPC_CERTIFICATE: "", PERDURE_GRPC_PRIVATE_KEY: " " } },
      undefined,
    ],
  ])("%s", (_title, sources, tls) => {
    expect(grpcOf(sources)).toEqual({ port: 1, tls, createHubs: true, activityTimeoutMs: undefined });
  });

  test.each([
    ["--grpc-cert", { grpcPort: 1, grpcCertificate: "a.pem" }],
    ["--grpc-key", { grpcPort: 1, grpcPrivateKey: "a.key" }],
    ["--grpc-cert", { grpcCertificate: "a.pem" }],
  ])("one without the other is refused: %s", (source, given) => {
    expect(() => grpcOf({ overrides: given })).toThrow(
      new RegExp(`^${source}: .*allowed: a certificate together with its private key, or neither`),
    );
  });
});

test.each([
  ["hubs are made on use by default", {}, true],
  ["not when the flag says so", { overrides: { createHubs: false } }, false],
  ["nor when the environment does", { environment: { PERDURE_CREATE_HUBS: "false" } }, false],
])("%s", (_title, { overrides = {}, environment = {} }: Partial<ConfigurationSources>, createHubs) => {
  expect(grpcOf({ overrides: { grpcPort: 1, ...overrides }, environment })).toMatchObject({ createHubs });
});

test("what is neither true nor false is refused", () => {
  expect(() => grpcOf({ environment: { PERDURE_GRPC_PORT: "1", PERDURE_CREATE_HUBS: "maybe" } })).toThrow(
    "PERDURE_CREATE_HUBS",
  );
});

describe("how long an activity of a worker may take", () => {
  const environment = { PERDURE_GRPC_PORT: "1", PERDURE_ACTIVITY_TIMEOUT: "90" };

  test.each([
    ["has no end by default", { overrides: { grpcPort: 1 } }, undefined],
    ["is said in seconds", { environment }, 90_000],
    ["or by a flag before that", { overrides: { activityTimeoutMs: 5 }, environment }, 5],
  ])("%s", (_title, sources: Partial<ConfigurationSources>, activityTimeoutMs) => {
    expect(grpcOf(sources)).toMatchObject({ activityTimeoutMs });
  });

  test.each(["0", "-1", "soon"])("%j is refused", (text) => {
    expect(() => grpcOf({ environment: { ...environment, PERDURE_ACTIVITY_TIMEOUT: text } })).toThrow(
      `PERDURE_ACTIVITY_TIMEOUT is "${text}"; allowed: a number of seconds, above 0`,
    );
  });
});
