import type { Random } from "./seeded-random.ts";
import { LEASE_MS, type World } from "./world.ts";

/** How much goes wrong in one run; each kind may also be absent, so that the others show clearly. */
export class Faults {
  readonly lossRate: number;
  readonly #random: Random;
  readonly #killRate: number;
  readonly #pauseRate: number;
  readonly #stopRate: number;
  readonly #skewMs: number;

  constructor(random: Random) {
    const sometimes = (rate: number): number => (random.chance(0.6) ? rate * random.next() : 0);
    this.#random = random;
    this.lossRate = sometimes(0.1);
    this.#killRate = sometimes(0.02);
    this.#pauseRate = sometimes(0.02);
    this.#stopRate = sometimes(0.005);
    this.#skewMs = random.pick([0, 0, 50, 5_000, 600_000]);
  }

  /** How far the clock of a new process is off. */
  skew(): number {
    return this.#skewMs === 0 ? 0 : this.#random.int(2 * this.#skewMs) - this.#skewMs;
  }

  /** What goes wrong before the next step. */
  strike(world: World): void {
    const random = this.#random;
    const { simulation, hosts } = world;
    if (hosts.length === 0) return;
    const host = random.pick(hosts);
    if (host.elsewhere && random.chance(0.03)) {
      simulation.note(`a worker of ${host.process.name} dies`);
      world.disconnect(host, random.pick([0, 100, LEASE_MS * 2]));
    } else if (random.chance(this.#killRate)) {
      simulation.note(`${host.process.name} dies`);
      world.death(host, random.pick([0, 100, LEASE_MS * 2]));
    } else if (random.chance(this.#pauseRate)) {
      host.process.pausedUntil = simulation.now() + random.int(LEASE_MS * 3);
      simulation.note(`${host.process.name} pauses until ${host.process.pausedUntil}`);
    } else if (random.chance(this.#stopRate)) {
      simulation.note(`${host.process.name} is asked to stop`);
      world.stop(host, random.pick([0, LEASE_MS]));
    } else if (random.chance(0.01)) {
      world.wakeAll();
    } else if (random.chance(this.#pauseRate / 4)) {
      simulation.passTime(random.int(LEASE_MS * 2));
    }
  }
}
