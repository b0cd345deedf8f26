/** Makes src/wire/generated from proto/: what the test of the generated code compares with, and what `npm run generate` writes. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL("..", import.meta.url));
const out = process.argv[2] ?? "src/wire/generated";

const template = {
  version: "v2",
  inputs: [{ directory: "proto" }],
  plugins: [
    {
      local: [process.execPath, require.resolve("@bufbuild/protoc-gen-es/bin/protoc-gen-es")],
      out,
      opt: ["target=ts", "import_extension=ts", "erasable_syntax=true", "elide_plugin_version=true"],
    },
  ],
};

const { status, error } = spawnSync(
  process.execPath,
  [require.resolve("@bufbuild/buf/bin/buf"), "generate", "--template", JSON.stringify(template)],
  { cwd: root, stdio: "inherit" },
);
if (error) throw error;
process.exitCode = status ?? 1;
