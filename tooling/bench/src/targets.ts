import type { Scenario, Target, TargetResult } from "./result.ts";

const unary = ["unary, 1 in flight", "unary, 32 in flight", "unary, 256 in flight"];
const streams = ["server stream of 20,000 messages", "client stream of 20,000 messages"];
const lists = [
  "ListItems, the first page of 50",
  "ListItems, a page of 50 in the middle",
  "ListItems, the first page of 50 where one item in ten is asked for",
  "ListItems, the item of one SKU",
  "ListItems, a stream of 1,000 items",
];

/** What this repository's engines should need, beside others. */
export const targets: readonly Target[] = [
  ...unary.flatMap((scenario): Target[] => [
    { group: "servers", scenario, engine: "grpc-server", atMost: 1.1 },
    { group: "servers", scenario, engine: "grpc-server-standard", atMost: 1.3 },
    {
      group: "servers",
      scenario,
      engine: "grpc-server-standard",
      against: "nice-grpc",
      atMost: 1,
    },
    { group: "clients", scenario, engine: "grpc-client-everything", atMost: 1.25 },
    {
      group: "clients",
      scenario,
      engine: "grpc-client-everything",
      against: "grpc-js-full",
      atMost: 1.1,
    },
  ]),
  ...streams.map(
    (scenario): Target => ({ group: "servers", scenario, engine: "grpc-server", atMost: 0.25 }),
  ),
  ...lists.map(
    (scenario): Target => ({ group: "growth", scenario, engine: "1,000,000 rows", atMost: 1.25 }),
  ),
  // It takes two processors that nobody else uses.
  {
    group: "growth",
    scenario: "throughput of handlers that hash 2 MiB",
    engine: "2 workers",
    atLeast: 1.8,
  },
];

/** The targets of what was measured, and whether it has reached them. */
export function judge(
  scenarios: readonly Scenario[],
  wanted: readonly Target[] = targets,
): readonly TargetResult[] {
  return wanted.flatMap((target) => {
    const scenario = scenarios.find(
      ({ group, title }) => group === target.group && title === target.scenario,
    );
    if (scenario === undefined) {
      return [];
    }
    const measured = ratioTo(scenario, target.engine, target.against ?? scenario.baseline);
    const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = target;
    // A NaN, of an engine that was not measured, reaches nothing.
    return [{ ...target, measured, isReached: measured <= atMost && measured >= atLeast }];
  });
}

function ratioTo({ figures }: Scenario, engine: string, other: string): number {
  const ratios: readonly { engine: string; ratio: number }[] = figures;
  const ratioOf = (name: string) => ratios.find((figure) => figure.engine === name)?.ratio;
  return (ratioOf(engine) ?? Number.NaN) / (ratioOf(other) ?? Number.NaN);
}
