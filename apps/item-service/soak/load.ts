import { beLate, beRefused, comeAndGo, giveUp } from "./fault-scenarios.ts";
import { createMany, liveAndDie, readSlowly } from "./item-scenarios.ts";
import { readPages, reflect, watchHealth } from "./operator-scenarios.ts";
import type { Scenario, SoakParts } from "./scenario.ts";

/** What is done over and over, each by a lane of its own: 16 calls at a time. */
const lanes: readonly Scenario[] = [
  ...Array.from({ length: 6 }, () => liveAndDie),
  createMany,
  createMany,
  readSlowly,
  readSlowly,
  beRefused,
  giveUp,
  beLate,
  comeAndGo,
  watchHealth,
  async (parts) => {
    await reflect(parts);
    await readPages(parts);
  },
];

/** Goes on until the signal aborts. Settles once all calls have ended. */
export async function runLoad(parts: SoakParts): Promise<void> {
  await Promise.all(
    lanes.map(async (scenario) => {
      while (!parts.signal.aborted) {
        await scenario(parts);
      }
    }),
  );
}
