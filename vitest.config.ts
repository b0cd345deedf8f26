import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

const minute = 60_000;

type ProjectOptions = TestProjectInlineConfiguration["test"];

/** A limit is there for what hangs: it is far above what the slowest test takes on a slow machine. */
const patient: ProjectOptions = { testTimeout: minute, hookTimeout: minute };

const oneFileAtATime: ProjectOptions = {
  fileParallelism: false,
  testTimeout: 2 * minute,
  hookTimeout: 2 * minute,
};

/** One project for each folder of test/ that holds tests; test/house checks that none is forgotten. */
export const projects: Readonly<Record<string, ProjectOptions>> = {
  house: {},
  core: { setupFiles: ["test/core/ambient-guard.ts"] },
  storage: {},
  wire: {},
  providers: {},
  engine: {},
  sdk: {},
  testing: {},
  server: {},
  cli: {},
  conformance: {},
  simulation: { testTimeout: 10 * minute },
  mutants: { testTimeout: 10 * minute },
  golden: {},
  http: {},
  grpc: {},
  "real-client": {},
  e2e: oneFileAtATime,
  package: { ...oneFileAtATime, hookTimeout: 6 * minute },
};

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: Object.entries(projects).map(([name, options]) => ({
      test: { ...patient, ...options, name, include: [`test/${name}/**/*.test.ts`] },
    })),
  },
});
