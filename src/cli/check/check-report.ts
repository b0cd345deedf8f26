import { styleText } from "node:util";
import { explain } from "../../core/waiting-reason.ts";
import type { CheckedInstance, Misfit } from "../../engine/check-instances.ts";
import { withoutSecrets } from "../without-secrets.ts";

interface Found extends CheckedInstance {
  readonly misfit: Misfit;
}

const SHOWN = 50;

/** What a check has come to so far. Of instances that fit it keeps the number only. */
export class CheckReport {
  readonly #hub: { readonly taskHubName: string; readonly storage: string };
  readonly #found: Found[] = [];
  #checked = 0;

  constructor({ taskHubName, storage }: { readonly taskHubName: string; readonly storage: string }) {
    this.#hub = { taskHubName, storage: withoutSecrets(storage) };
  }

  get checked(): number {
    return this.#checked;
  }

  get misfits(): number {
    return this.#found.length;
  }

  add(instance: CheckedInstance): void {
    this.#checked += 1;
    const { misfit } = instance;
    if (misfit) this.#found.push({ ...instance, misfit });
  }

  json(): string {
    const { checked, misfits } = this;
    const report = {
      ...this.#hub,
      checked,
      fits: checked - misfits,
      misfits: this.#found.map(({ instanceId, name, version, status, misfit }) => ({
        instanceId,
        name,
        ...(version === undefined ? {} : { version }),
        runtimeStatus: status,
        ...misfit,
        sentence: sentenceOf(instanceId, misfit),
      })),
    };
    return `${JSON.stringify(report, undefined, 2)}\n`;
  }

  text(): string {
    const { checked, misfits } = this;
    const shown = this.#found.slice(0, SHOWN).flatMap(linesOf);
    const more = misfits > SHOWN ? [`and ${misfits - SHOWN} more; -o json has all`, ""] : [];
    const count = checked.toLocaleString("en-US");
    const all = checked === 1 ? "The one instance" : `All ${count} instances`;
    const verdict =
      checked === 0
        ? styleText("green", `Task hub ${this.#hub.taskHubName} has no instance that has not ended.`)
        : misfits === 0
          ? styleText("green", `${all} that ${checked === 1 ? "has" : "have"} not ended would go on.`)
          : styleText(
              "red",
              `${misfits.toLocaleString("en-US")} of ${count} instances that have not ended would not go on.`,
            );
    return `${[...shown, ...more, verdict].join("\n")}\n`;
  }
}

function linesOf({ instanceId, name, version, status, misfit }: Found): readonly string[] {
  const head = `${styleText("bold", instanceId)}  ${name}${version === undefined ? "" : ` ${version}`}  ${status}`;
  if (misfit.type !== "blocked") return [head, `  ${sentenceOf(instanceId, misfit)}`, ""];
  const { eventId, history, code, likelyCause } = misfit;
  return [
    head,
    `  ${styleText("dim", "history")}  event ${eventId} is ${history}`,
    `  ${styleText("dim", "code")}     asks for ${code}`,
    `  ${styleText("dim", "cause")}    likely: ${likelyCause}`,
    "",
  ];
}

function sentenceOf(instanceId: string, misfit: Misfit): string {
  return misfit.type === "fails" ? `It fails: ${misfit.text}` : explain(instanceId, [misfit]).sentence;
}
