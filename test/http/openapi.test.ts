import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describedRoutes } from "../../src/http/routes.ts";
import { BASE, type HostUnderTest, startHost } from "./host-under-test.ts";

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface OperationObject {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly requestBody?: { readonly required: boolean };
}

let host: HostUnderTest;
let document: Document;

beforeAll(async () => {
  host = await startHost();
  document = (await (await host.call("GET", `${BASE}/openapi.json`)).json()) as Document;
});

afterAll(() => host.close());

const operations = (): [string, string, OperationObject][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, string, OperationObject] => [
      method,
      path,
      operation,
    ]),
  );

test("is OpenAPI 3.1, for the base path it was asked under", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.servers).toEqual([{ url: BASE }]);
});

test("has every route that is served, and no other", () => {
  const served = describedRoutes().flatMap(({ method, path }) => {
    const whole = `/${path.replace("?}", "}")}`;
    const paths = path.endsWith("?}") ? [whole, whole.slice(0, whole.lastIndexOf("/"))] : [whole];
    return paths.map((each) => `${method} ${each}`);
  });

  expect(
    operations()
      .map(([method, path]) => `${method.toUpperCase()} ${path}`)
      .toSorted(),
  ).toEqual(served.toSorted());
});

test("each operation is served, and answers with one of the statuses it tells of", async () => {
  const surprises: string[] = [];
  for (const [method, path, operation] of operations()) {
    const target = path.replaceAll(/\{\w+\}/g, "nothing");
    const response = await host.call(
      method.toUpperCase(),
      BASE + target,
      operation.requestBody ? { body: "{" } : {},
    );
    await response.body?.cancel();
    if (!Object.hasOwn(operation.responses, String(response.status))) {
      surprises.push(`${method} ${path}: ${response.status}`);
    }
  }

  expect(surprises).toEqual([]);
});

test("operations have ids of their own, words, and their path's parameters", () => {
  const ids = operations().map(([, , { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, path, { summary, parameters }] of operations()) {
    expect(summary).toMatch(/\.$/);
    const captured = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter((each) => each.in === "path").map(({ name }) => name)).toEqual(captured);
  }
});

test("every schema that is referred to is there", () => {
  const names = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
    ([, name]) => name,
  );

  expect(names).not.toEqual([]);
  for (const name of names) expect(Object.keys(document.components.schemas)).toContain(name);
});

describe("what the document says of a parameter", () => {
  test.each([
    ["/instances", "get", ["instanceIdPrefix", "runtimeStatus", "top", "showInput"]],
    ["/instances", "delete", ["createdTimeFrom", "createdTimeTo", "runtimeStatus"]],
    ["/orchestrators/{functionName}", "post", ["timeout", "pollingInterval", "version"]],
  ])("%s %s takes %j", (path, method, names) => {
    const known = document.paths[path]?.[method]?.parameters.map(({ name }) => name);

    expect(known).toEqual(expect.arrayContaining(names));
  });
});
