import { status } from "@grpc/grpc-js";
import { nowSeconds } from "@grpc-kit/testing/token-forge";
import { authorized, createItemClient } from "../../harness/calls.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { serviceWithKey } from "./key-service.ts";

export const expiredStream: Row = {
  id: "D17",
  fault: "A stream that outlives the token that has opened it",
  promise:
    "it is cut with UNAUTHENTICATED within a second after the token has expired, and not before",
  isQuick: true,
  async run(harness) {
    const { service, tokens } = await serviceWithKey(harness);
    const client = createItemClient(service);
    harness.onEnd(() => client.close());
    const exp = nowSeconds() + 2;
    const metadata = authorized(tokens.forge({ alg: "RS256" }, tokens.claims({ exp })));
    const deadline = Date.now() + 20_000;
    const bidi = new Promise<End>((resolve) => {
      const call = client.syncItems(metadata, { deadline });
      call.on("error", (error) => resolve(endOf(error)));
      call.on("end", () => resolve({ name: "OK", atMs: Date.now() }));
      call.resume();
    });
    const clientStream = new Promise<End>((resolve) => {
      client.batchCreateItems(metadata, { deadline }, (error) => resolve(endOf(error)));
    });
    const ends = { bidi: await bidi, "client stream": await clientStream };
    const late = Object.entries(ends).map(([kind, { name, atMs }]) => ({
      kind,
      name,
      lateMs: atMs - exp * 1_000,
    }));
    return {
      measured: late
        .map(({ kind, name, lateMs }) => `${kind}: ${name} ${lateMs} ms after it`)
        .join(", "),
      misses: late.flatMap(({ kind, name, lateMs }) => [
        ...missUnless(name === "UNAUTHENTICATED", `the ${kind} ended with ${name}`),
        // Timers may be a millisecond early.
        ...missUnless(lateMs >= -1, `the ${kind} was cut ${-lateMs} ms too early`),
        ...lateUnless(
          lateMs <= 1_000,
          `the ${kind} was cut ${lateMs} ms after the token had expired`,
        ),
      ]),
    };
  },
};

interface End {
  readonly name: string;
  readonly atMs: number;
}

function endOf(error: { readonly code: status } | null): End {
  return { name: status[error?.code ?? status.OK] ?? "", atMs: Date.now() };
}
