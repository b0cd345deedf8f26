import type { Origin } from "../server/index.ts";

/** Where a setting comes from, for people; `flag` is what an override is called on this command line. */
export function originText(origin: Origin, flag: string): string {
  switch (origin.type) {
    case "override":
      return flag;
    case "environment":
      return origin.variable;
    case "local.settings.json":
    case "host.json":
      return `${origin.property} in ${origin.type}`;
    case "default":
      return "default";
  }
}
