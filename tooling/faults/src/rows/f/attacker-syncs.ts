import { connectRaw, headers, streamId } from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import type { Service } from "../../harness/service.ts";
import { headOf, itemPaths } from "../../wire/items.ts";

const streamsOfConnection = 100;

/** Opens so many bidirectional calls from another address than polite clients have, and lets them hang. */
export async function attackerSyncs(
  harness: Harness,
  service: Service,
  streams: number,
): Promise<{ close(): void }> {
  const head = headOf(service, itemPaths.syncItems);
  const connections = await Promise.all(
    Array.from({ length: Math.ceil(streams / streamsOfConnection) }, () =>
      connectRaw(service.port),
    ),
  );
  const close = (): void => {
    for (const connection of connections) {
      connection.close();
    }
  };
  harness.onEnd(close);
  await Promise.all(
    connections.map((connection) =>
      connection.send(
        ...Array.from({ length: streamsOfConnection }, (_, n) => headers(streamId(n), head)),
      ),
    ),
  );
  return { close };
}
