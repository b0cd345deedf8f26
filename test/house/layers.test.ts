import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, readText } from "./repository.ts";

/** Which layers a layer may import. A change here is a change of the architecture. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ["core"],
  wire: ["core"],
  providers: ["core", "storage"],
  "providers/memory": ["core", "storage", "providers"],
  "providers/sqlite": ["core", "storage", "providers"],
  "providers/open": ["core", "storage", "providers/memory", "providers/sqlite"],
  engine: ["core", "storage"],
  sdk: ["core", "storage", "engine", "providers/open", "http"],
  testing: ["core", "storage", "providers/memory", "engine", "sdk"],
  http: ["core", "storage", "engine"],
  grpc: ["core", "storage", "engine", "wire"],
  server: [
    "core",
    "storage",
    "providers/memory",
    "providers/sqlite",
    "providers/open",
    "engine",
    "sdk",
    "http",
    "grpc",
  ],
  cli: ["server", "sdk", "storage", "core", "engine"],
};

const withoutNode: readonly string[] = ["core", "storage"];

interface ProjectFile {
  readonly compilerOptions?: { readonly types?: readonly string[]; readonly lib?: readonly string[] };
  readonly references?: readonly { readonly path: string }[];
}

function readProject(path: string): ProjectFile {
  return JSON.parse(readText(path)) as ProjectFile;
}

function referencedLayers(folder: string): string[] {
  const { references = [] } = readProject(posix.join(folder, "tsconfig.json"));
  return references.map(({ path }) => posix.relative("src", posix.normalize(posix.join(folder, path))));
}

/** The layer that holds a source file: the deepest folder in the table that it lies in. */
function layerOf(file: string): string | undefined {
  return Object.keys(layers)
    .filter((layer) => file.startsWith(`src/${layer}/`))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
}

/** The repository's own files that a source file imports, as types or as values. */
function importsOf(file: string): string[] {
  const specifiers = readText(file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) => posix.join(posix.dirname(file), specifier));
}

const STATIC_IMPORT = /^(?:import|export)\s(?!type\s)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm;

/** Everything that is loaded with a source file: what it imports as values, and what that imports in turn. */
function loadedWith(entry: string): ReadonlySet<string> {
  const loaded = new Set([entry]);
  for (const module of loaded) {
    if (!module.startsWith("src/")) continue;
    for (const [, specifier = ""] of readText(module).matchAll(STATIC_IMPORT)) {
      loaded.add(specifier.startsWith(".") ? posix.join(posix.dirname(module), specifier) : specifier);
    }
  }
  return loaded;
}

describe.each(Object.entries(layers))("the layer %s", (layer, allowed) => {
  test("references exactly the layers it may import", () => {
    expect(referencedLayers(`src/${layer}`).toSorted()).toEqual([...allowed].toSorted());
  });

  test("knows Node.js only where it may", () => {
    const own = readProject(`src/${layer}/tsconfig.json`).compilerOptions;

    expect(own?.types ?? []).toEqual(withoutNode.includes(layer) ? [] : ["node"]);
    expect(own?.lib).toBeUndefined();
  });

  // The compiler also lets through what a referenced layer references in turn.
  test("imports nothing beyond its own references", () => {
    const files = filesBelow(`src/${layer}`).filter(
      (file) => file.endsWith(".ts") && layerOf(file) === layer,
    );

    const trespasses = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => ![layer, ...allowed].includes(layerOf(target) ?? "no layer"))
        .map((target) => `${file} imports ${target}`),
    );

    expect(trespasses).toEqual([]);
  });
});

describe("the entry of the package", () => {
  const loaded = loadedWith("src/sdk/index.ts");

  test("loads what makes URLs and answers of the management API", () => {
    expect(loaded).toContain("src/http/management-urls.ts");
    expect(loaded).toContain("src/http/completion-response.ts");
  });

  test("loads no web framework and no database driver", () => {
    expect(loadedWith("src/server/index.ts")).toContain("hono");
    const packages = [...loaded].filter(
      (module) => !module.startsWith("src/") && !module.startsWith("node:"),
    );

    expect(packages).toEqual([]);
  });
});

describe("the testing kit", () => {
  test("loads no test runner; only the conformance suite does", () => {
    expect(loadedWith("src/testing/storage-conformance/index.ts")).toContain("vitest");
    expect(loadedWith("src/testing/index.ts")).not.toContain("vitest");
  });
});

describe("the source tree", () => {
  test("is built layer by layer from the root project", () => {
    expect(referencedLayers(".").toSorted()).toEqual(Object.keys(layers).toSorted());
  });

  test("has no file outside the layers", () => {
    const homeless = filesBelow("src").filter((file) => layerOf(file) === undefined);

    expect(homeless).toEqual([]);
  });

  test("gives the layers nothing but the language unless they ask for more", () => {
    const { compilerOptions } = readProject("tsconfig.base.json");

    expect(compilerOptions).toMatchObject({ types: [], lib: ["es2023"] });
  });
});
