import { randomBytes } from "node:crypto";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import { sizeOf } from "../../harness/size-of.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { framed } from "../../wire/framing.ts";
import { callerOf, callWith } from "../d/key-service.ts";
import { tailOf } from "./log-lines.ts";

const mebibyte = 1024 * 1024;
const unknown = { grpc_service: "unknown", grpc_code: "Unimplemented" };
const body = framed(new Uint8Array());

export const cardinality: Row = {
  id: "E1",
  fault:
    "Calls of ever other methods and services, by ever other user agents (CVE-2023-47108, CVE-2023-45142)",
  promise:
    "all unknown methods are one series: the number of series stays as it is, and the heap within 8 MiB",
  isQuick: false,
  async run(harness) {
    const service = await harness.service({ own: true, env: { LOG_LEVEL: "error" } });
    const callers = Array.from({ length: 4 }, () => callerOf(harness, service));
    const count = harness.isQuick ? 2_000 : sizeOf("FAULTS_PATHS", 20_000);
    const call = async (n: number): Promise<string> => {
      const path = `/s${randomBytes(6).toString("hex")}.S/M${n}`;
      const headers = {
        "user-agent": `agent-${randomBytes(8).toString("hex")}`,
        "x-forwarded-for": `10.0.${n % 256}.1`,
      };
      return (
        (await (callers[n % callers.length] ?? callers[0])?.call(path, body, headers))?.name ?? ""
      );
    };
    // What every kind of call has is there from then on.
    await inLanes(
      Array.from({ length: 500 }, (_, n) => n),
      16,
      call,
    );
    await callWith(callers[0] ?? callerOf(harness, service), { authorization: undefined });
    const before = {
      series: (await service.metrics()).count(),
      state: await service.collectGarbage(),
    };
    const names = await inLanes(
      Array.from({ length: count }, (_, n) => n),
      16,
      call,
    );
    const after = {
      series: (await service.metrics()).count(),
      state: await service.collectGarbage(),
    };
    const grown = after.series - before.series;
    const grownMiB = (after.state.heapUsed - before.state.heapUsed) / mebibyte;
    return {
      measured: `${tally(names)}; ${before.series} series before and ${after.series} after, ${grownMiB.toFixed(1)} MiB more on the heap`,
      misses: [
        ...wrongAmong("calls", names, ["UNIMPLEMENTED"]),
        ...missUnless(Math.abs(grown) <= 1, `${grown} series more`),
        ...missUnless(grownMiB <= 8, `${grownMiB.toFixed(1)} MiB more on the heap`),
      ],
    };
  },
};

export const unknownMethods: Row = {
  id: "E2",
  fault: "Calls of unknown methods, which no interceptor sees",
  promise: "each is counted and logged once",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = callerOf(harness, service);
    const count = harness.isQuick ? 200 : 1_000;
    const counted = async (): Promise<number> =>
      (await service.metrics()).sum("grpc_server_handled_total", unknown);
    const tail = tailOf(service);
    const before = await counted();
    const marker = `E2x${randomBytes(4).toString("hex")}`;
    const names = await inLanes(
      Array.from({ length: count }, (_, n) => n),
      8,
      async (n) => (await caller.call(`/examples.ItemService/${marker}${n}`, body)).name,
    );
    const lines = await tail.waitFor(count, (fields) =>
      String(fields["grpc.path"]).includes(marker),
    );
    const logged = lines.filter(({ text }) => text.includes(marker)).length;
    const moved = (await counted()) - before;
    return {
      measured: `${tally(names)}, ${moved} counted, ${logged} lines`,
      misses: [
        ...wrongAmong("calls", names, ["UNIMPLEMENTED"]),
        ...missUnless(moved === count, `${moved} were counted, and not ${count}`),
        ...missUnless(logged === count, `${logged} were logged, and not ${count}`),
      ],
    };
  },
};
