import { randomUUID } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";
import { encoded, itemPaths } from "../../wire/items.ts";
import { wireCaller } from "../../wire/wire-calls.ts";

// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: at most eight digits, and a unit.
const timeouts: Readonly<Record<string, string>> = {
  "0m": "DEADLINE_EXCEEDED",
  "0H": "DEADLINE_EXCEEDED",
  "1n": "DEADLINE_EXCEEDED",
  abc: "INTERNAL",
  "-1S": "INTERNAL",
  "1": "INTERNAL",
  "": "INTERNAL",
  "123456789S": "INTERNAL",
  "0x10S": "INTERNAL",
  "1e3S": "INTERNAL",
  "10S": "NOT_FOUND",
  "597H": "NOT_FOUND",
  "99999999H": "NOT_FOUND",
};

const hundredYearsMs = 100 * 365 * 24 * 3_600_000;

export const hardTimeouts: Row = {
  id: "B14",
  fault: "grpc-timeout of nothing, of millennia, malformed",
  promise:
    "a long one is one (grpc-js: over at once), none is DEADLINE_EXCEEDED, a malformed one INTERNAL",
  isQuick: true,
  async run(harness) {
    const service = await harness.service();
    const caller = wireCaller(service, service.token());
    const clients = createClientFactory({ retry: false });
    harness.onEnd(async () => {
      caller.close();
      await clients.close();
    });
    const request = { id: randomUUID() };
    const misses: string[] = [];
    for (const [timeout, promised] of Object.entries(timeouts)) {
      const body = encoded("getItem", request);
      const { name } = await caller.call(itemPaths.getItem, body, { "grpc-timeout": timeout });
      misses.push(...wrongAmong(`grpc-timeout ${JSON.stringify(timeout)}`, [name], promised));
    }
    const channel = clients.createChannel(service.address, { credentials: "insecure" });
    const items = clients.createStub(ItemServiceService, channel);
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${service.token()}`);
    const code = await items.getItem(request, { metadata, timeoutMs: hundredYearsMs }).then(
      () => status.OK,
      ({ code }: { readonly code: status }) => code,
    );
    misses.push(...wrongAmong("our client with 100 years", [status[code] ?? ""], "NOT_FOUND"));
    return {
      measured: `${Object.keys(timeouts).length} values, and 100 years from grpc-client: ${status[code]}`,
      misses,
    };
  },
};
