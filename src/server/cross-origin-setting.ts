import type { CrossOrigin } from "../http/index.ts";
import { invalidConfiguration, wrongSetting } from "./invalid-configuration.ts";
import type { LocalSettings } from "./local-settings.ts";

export interface CrossOriginSources {
  readonly flag: readonly string[] | undefined;
  readonly variable: string | undefined;
  readonly local: LocalSettings;
  /** The path of local.settings.json, to name in errors. */
  readonly localPath: string;
}

/** A setting that lists origins, and where it stands. */
interface OriginList {
  readonly source: string;
  readonly setting: string;
  readonly origins: readonly string[];
}

/**
 * The flag before the environment before local.settings.json; `undefined` when the first that speaks names nothing.
 *
 * @throws {DurableError} INVALID_CONFIGURATION
 */
export function crossOriginOf(sources: CrossOriginSources): CrossOrigin | undefined {
  const list = originList(sources);
  const { origins } = list;
  const credentials = sources.local.corsCredentials;
  if (origins.length === 0) return undefined;
  if (origins.length === 1 && origins[0] === "*") {
    if (credentials) throw everyoneWithCredentials(list);
    return { origins: "*", credentials };
  }
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong !== undefined) throw wrongSetting({ ...list, value: wrong, allowed: ORIGINS });
  return { origins, credentials };
}

/** The origins in a text with commas. */
export function originsOfText(text: string): readonly string[] {
  return text
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
}

const ORIGINS = 'origins as browsers send them, "https://portal.example", or "*" alone for all of them';

function originList({ flag, variable, local, localPath }: CrossOriginSources): OriginList {
  if (flag !== undefined) return { source: "--cors", setting: "--cors", origins: flag };
  if (variable !== undefined) {
    return { source: "PERDURE_CORS", setting: "PERDURE_CORS", origins: originsOfText(variable) };
  }
  return { source: localPath, setting: "Host.CORS", origins: originsOfText(local.cors) };
}

/** No path, not even a slash; lower case; no port that goes without saying. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function everyoneWithCredentials({ source, setting }: OriginList): Error {
  const name = setting === source ? setting : `${source}: ${setting}`;
  return invalidConfiguration(
    `${name} is "*" and Host.CORSCredentials is true, but browsers send credentials only to hosts that name ` +
      'their origin. Name the origins instead of "*", or set Host.CORSCredentials to false.',
  );
}
