import { setTimeout as delay } from "node:timers/promises";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "@grpc-kit/generated-protos/grpc/health/v1";
import { all } from "../src/demo/all.ts";
import type { SoakParts } from "./scenario.ts";

const pauseMs = 200;
const paths = ["/metrics", "/healthz", "/readyz", "/status.json", "/"];

/** A probe, and a watcher that stays for a while. */
export async function watchHealth({ tally, fickle }: SoakParts): Promise<void> {
  const { health } = fickle;
  const request = { service: "examples.ItemService" };
  const reply = await tally.call("Check", () => health.check(request));
  tally.check(reply?.status === ServingStatus.SERVING, "the service does not serve");
  const signal = AbortSignal.timeout(1_000);
  const watch = () => all(health.watch(request, { timeoutMs: "none", signal }));
  await tally.call("Watch", watch, { expected: ["CANCELLED"] });
}

/** Asks which services there are, and for the description of one. */
export async function reflect({ tally, client }: SoakParts): Promise<void> {
  const replies = await tally.call("ServerReflectionInfo", () =>
    all(
      client.reflection.serverReflectionInfo([
        { host: "", messageRequest: { $case: "listServices", value: "" } },
        {
          host: "",
          messageRequest: { $case: "fileContainingSymbol", value: "examples.ItemService" },
        },
      ]),
    ),
  );
  tally.check(replies?.length === 2, "reflection does not answer");
  await delay(pauseMs);
}

/** Reads all that the admin port has. */
export async function readPages({ tally, adminUrl }: SoakParts): Promise<void> {
  for (const path of paths) {
    const read = async () => {
      const response = await fetch(adminUrl + path, { signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      return response.status;
    };
    tally.check((await tally.call(`GET ${path}`, read)) === 200, `${path} is not 200`);
    await delay(pauseMs);
  }
}
