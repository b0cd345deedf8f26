import { type Configuration, PERDURE_VARIABLES } from "../../server/index.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { type Finding, type Part, warning } from "./part.ts";

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly from: "environment" | "local.settings.json";
}

/** Read before the app is looked for, and with it its local.settings.json. */
const ENVIRONMENT_ONLY = "PERDURE_LOG_LEVEL";
const SECRET = "PERDURE_SYSTEM_KEY";

/** Which PERDURE_* variables there are, and whether they count. */
export function lookAtVariables({ environment }: Pick<Configuration, "environment">): {
  readonly rows: Part["rows"];
  readonly facts: object;
  readonly findings: readonly Finding[];
} {
  const variables = [...named(process.env, "environment"), ...named(environment, "local.settings.json")];
  const known = variables.filter(isKnown);
  const unknown = variables.filter((each) => !isKnown(each));
  const texts = known.map(
    (each) => `${textOf(each)}${each.from === "environment" ? "" : `  (${each.from})`}`,
  );
  return {
    rows: (texts.length === 0 ? ["none is set"] : texts).map((text, index) => [
      index === 0 ? "PERDURE_*" : "",
      text,
    ]),
    facts: known.map(({ name, from, value }) => ({ name, from, counts: value.trim() !== "" })),
    findings: unknown.map(({ name, from }) =>
      warning(
        name === ENVIRONMENT_ONLY
          ? `${name} has no effect in ${from}; set it in the environment.`
          : `${name} in ${from} has no effect. Variables are ${PERDURE_VARIABLES.join(", ")}.`,
      ),
    ),
  };
}

function isKnown({ name, from }: Variable): boolean {
  return PERDURE_VARIABLES.includes(name) && (name !== ENVIRONMENT_ONLY || from === "environment");
}

function named(values: Readonly<Record<string, string | undefined>>, from: Variable["from"]): Variable[] {
  return Object.entries(values)
    .filter(([name]) => name.startsWith("PERDURE_"))
    .map(([name, value = ""]) => ({ name, value, from }));
}

function textOf({ name, value }: Variable): string {
  if (value.trim() === "") return `${name} is empty, which is as if it were absent`;
  return name === SECRET ? `${name} is set` : `${name}=${withoutSecrets(value)}`;
}
