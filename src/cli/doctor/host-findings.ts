import type { HostPart } from "./host.ts";
import { type Finding, problem } from "./part.ts";

export interface Expectation {
  /** The hub that the configuration or a flag names, if one does. */
  readonly taskHubName: string | undefined;
  /** How many of its instances have not ended. */
  readonly live: number;
  /** Whether --url asked for this host: then it has to be there. */
  readonly isAskedFor: boolean;
}

/** A host that is missing matters where instances wait for one. */
export function findingsOfHost(
  host: HostPart,
  { taskHubName, live, isAskedFor }: Expectation,
): readonly Finding[] {
  const { url, health, reason, taskHub } = host;
  switch (health) {
    case "healthy": {
      const isAnother =
        taskHubName !== undefined &&
        taskHub !== undefined &&
        taskHub.toLowerCase() !== taskHubName.toLowerCase();
      if (!isAnother || isAskedFor) return [];
      return [problem(`The host at ${url} runs task hub "${taskHub}", not "${taskHubName}".`)];
    }
    case "unhealthy":
      return [problem(`The host at ${url} cannot reach its store: ${reason}`)];
    case "no answer":
    case "something else": {
      const who = health === "no answer" ? "No host answers" : "Something that is no host answers";
      if (!isAskedFor && live === 0) return [];
      const waiting = isAskedFor
        ? ""
        : `, and ${live} ${live === 1 ? "instance has" : "instances have"} not ended`;
      return [
        problem(
          `${who} at ${url} (${reason})${waiting}. Start one with perdure start, or say where it is with --url.`,
        ),
      ];
    }
  }
}
