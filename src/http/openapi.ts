import { type Operation, ref, SCHEMAS } from "./operation.ts";

/** A route as far as the document tells of it. */
export interface DescribedRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{captured}` segments, and at the end `{optional?}` ones. */
  readonly path: string;
  readonly operation: Operation;
  /** Whether it is served without a key. */
  readonly isOpen: boolean;
}

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(routes: readonly DescribedRoute[], basePath: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    for (const [index, path] of variantsOf(route.path).entries()) {
      const methods = (paths[`/${path}`] ??= {});
      methods[route.method.toLowerCase()] = operationObject(route, path, index);
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Durable Functions HTTP management API",
      version: "1",
      description: "Starts, queries and manages the instances of a task hub.",
    },
    servers: [{ url: basePath }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        code: { type: "apiKey", in: "query", name: "code" },
        header: { type: "apiKey", in: "header", name: "x-functions-key" },
      },
    },
  };
}

/** `a/{b?}` is two paths: with the optional segment and without it. */
function variantsOf(path: string): readonly string[] {
  const whole = path.replaceAll("?}", "}");
  return path.endsWith("?}") ? [whole, whole.slice(0, whole.lastIndexOf("/"))] : [whole];
}

function operationObject({ operation, isOpen }: DescribedRoute, path: string, variant: number): object {
  const { id, about, query = [], body, answers } = operation;
  const captured = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const asked = query.map(({ name, about: description, schema, required = false }) => ({
    name,
    in: "query",
    description,
    required,
    schema,
  }));
  return {
    operationId: variant === 0 ? id : `${id}${variant + 1}`,
    summary: about,
    parameters: [...captured, ...asked, ...EVERYWHERE],
    ...(body
      ? {
          requestBody: {
            description: body.about,
            required: body.required,
            content: { "application/json": { schema: {} } },
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries(isOpen ? answers : { ...answers, ...REFUSALS }).map(responseObject),
    ),
    security: isOpen ? [] : [{ code: [] }, { header: [] }, {}],
  };
}

const EVERYWHERE: readonly object[] = [
  {
    name: "taskHub",
    in: "query",
    description: "Another task hub of the store.",
    required: false,
    schema: { type: "string" },
  },
];

const REFUSALS: Operation["answers"] = {
  401: { about: "A key is needed, and this is none.", schema: ref("Error") },
  403: { about: "The key is for reading only.", schema: ref("Error") },
};

function responseObject([status, answer]: [string, Operation["answers"][number]]): [string, object] {
  const { about, schema, mediaType = "application/json" } = answer;
  return [status, { description: about, ...(schema ? { content: { [mediaType]: { schema } } } : {}) }];
}
