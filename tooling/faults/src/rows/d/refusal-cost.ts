import { createItem, createItemClient } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { judge, lateUnless, outcomeOf } from "../../harness/judge.ts";
import { percentile } from "../../harness/percentile.ts";
import type { Service } from "../../harness/service.ts";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { encoded, itemPaths } from "../../wire/items.ts";
import { developmentSigner, withBadSignature } from "./development-tokens.ts";
import { callerOf } from "./key-service.ts";

const verified = "verified";
const rounds = 9;
const callsPerRound = 400;

interface Kind {
  readonly authorization: () => string | undefined;
  /** The most that a call may cost, as a share of one that is verified. */
  readonly limit: number;
}

/** What a call may have, and what it may cost. A signature has to be looked at to be found bad. */
function kindsOf(service: Service): Readonly<Record<string, Kind>> {
  const sign = developmentSigner(service);
  const bad = withBadSignature(sign());
  const kind = (limit: number, authorization: Kind["authorization"]): Kind => ({
    authorization,
    limit,
  });
  return {
    [verified]: kind(1, () => `Bearer ${sign()}`),
    "no token": kind(0.5, () => undefined),
    "no such thing as a token": kind(0.5, () => "Bearer x"),
    "the same bad token": kind(0.6, () => `Bearer ${bad}`),
    "an unknown key": kind(1, () => `Bearer ${sign({}, { kid: crypto.randomUUID() })}`),
    "a new bad signature": kind(1, () => `Bearer ${withBadSignature(sign())}`),
  };
}

export const refusalCost: Row = {
  id: "D15",
  fault: "A flood of calls without credentials, or with bad ones",
  promise:
    "a call that is refused unseen costs at most half of one that is verified (60 % with a bad token that is known), one whose signature had to be looked at no more than that; no message is decoded",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const kinds = kindsOf(service);
    const { ratios, names, costs } = await measure(harness, service, kinds);
    const decoded = {
      name: "grpc_server_msg_received_total",
      labels: { grpc_method: "BatchCreateItems" },
    };
    const victim = await judge(
      harness,
      service,
      { victim: true, counters: [{ ...decoded, min: 0, max: 0 }] },
      () => floodWithBadTokens(harness, service),
    );
    const shares = Object.keys(kinds).filter((name) => name !== verified);
    const toShare = (name: string): number => percentile(ratios.get(name) ?? [], 50);
    return outcomeOf(victim, {
      measured: [
        `a verified call ${Math.round(percentile(costs, 50))} µs`,
        ...shares.map((name) => `${name} ${Math.round(100 * toShare(name))} %`),
        `${victim.result.length} bad tokens in a flood`,
      ],
      misses: [
        ...shares.flatMap((name) =>
          lateUnless(
            toShare(name) <= (kinds[name]?.limit ?? 0),
            `a call with ${name} costs ${Math.round(100 * toShare(name))} % of one that is verified`,
          ),
        ),
        ...wrongAmong("calls", names.get(verified) ?? [], ["OK"]),
        ...shares.flatMap((name) =>
          wrongAmong("calls", names.get(name) ?? [], ["UNAUTHENTICATED"]),
        ),
        ...wrongAmong("calls", victim.result, ["UNAUTHENTICATED"]),
      ],
    });
  },
};

/** Makes calls of all kinds in turn, so that whatever else the machine does costs each the same. */
async function measure(harness: Harness, service: Service, kinds: Readonly<Record<string, Kind>>) {
  const caller = callerOf(harness, service);
  const client = createItemClient(service);
  harness.onEnd(() => client.close());
  const body = encoded("getItem", { id: await createItem(client, service.token()) });
  const ratios = new Map<string, number[]>();
  const names = new Map<string, string[]>();
  const costs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let ofVerified = 0;
    for (const [kind, { authorization }] of Object.entries(kinds)) {
      // Made before, as that takes time.
      const values = Array.from({ length: callsPerRound }, authorization);
      const before = await service.probe();
      const ends = await inLanes(values, 16, (value) =>
        caller.call(itemPaths.getItem, body, { authorization: value }),
      );
      const { cpuMicroseconds } = await service.probe();
      const cost = (cpuMicroseconds - before.cpuMicroseconds) / values.length;
      ofVerified = kind === verified ? cost : ofVerified;
      append(
        names,
        kind,
        ends.map(({ name }) => name),
      );
      // The first one only warms up.
      if (round > 0) {
        append(ratios, kind, [cost / ofVerified]);
        costs.push(...(kind === verified ? [cost] : []));
      }
    }
  }
  return { ratios, names, costs };
}

/** Streams, so that each message of a call could be seen, had it been decoded. */
async function floodWithBadTokens(harness: Harness, service: Service): Promise<readonly string[]> {
  const sign = developmentSigner(service);
  const caller = callerOf(harness, service);
  const body = encoded("createItem", {
    name: "a",
    description: "",
    sku: "a",
    quantity: 1,
    price: 1,
  });
  const endMs = performance.now() + (harness.isQuick ? 1_000 : 10_000);
  const ends: string[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const authorization = `Bearer ${withBadSignature(sign())}`;
      ends.push((await caller.call(itemPaths.batchCreateItems, body, { authorization })).name);
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return ends;
}

function append<Value>(map: Map<string, Value[]>, key: string, values: readonly Value[]): void {
  map.set(key, [...(map.get(key) ?? []), ...values]);
}
