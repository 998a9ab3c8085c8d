import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { ItemServiceClient } from "@grpc-kit/generated-protos/examples/items";
import { authorized, clientOptions, credentialsFor } from "../../harness/calls.ts";
import { sourceCondition } from "../../harness/child-options.ts";
import type { Harness } from "../../harness/harness.ts";
import { lateUnless, missUnless, together } from "../../harness/judge.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Outcome, Row } from "../../row.ts";
import { impatient } from "./services.ts";

const peerFile = fileURLToPath(new URL("./stopped-peer-process.ts", import.meta.url));
// As `impatient` has it, and as the client below.
const [timeMs, timeoutMs] = [1_000, 500];

export const halfOpenPeer: Row = {
  id: "A20",
  fault: "a peer that is gone without a word, as by a cut cable: its process is stopped (SIGSTOP)",
  promise:
    "both sides notice after keepalive time and timeout (here 1.5 s): the call fails UNAVAILABLE, the connection is freed",
  isQuick: false,
  async run(harness) {
    return together({
      "client gone": await stopClient(harness),
      "server gone": await stopServer(harness),
    });
  },
};

async function stopClient(harness: Harness): Promise<Outcome> {
  const service = await harness.service({ env: impatientButForStreams() });
  const argument = JSON.stringify({ address: service.address, token: service.token() });
  const peer = fork(peerFile, [argument], { execArgv: [...sourceCondition, "--no-warnings"] });
  harness.onEnd(async () => {
    peer.kill("SIGKILL");
    await once(peer, "exit");
  });
  await once(peer, "message");
  const connections = async (): Promise<number> =>
    (await service.metrics()).sum("grpc_kit_server_connections");
  const before = await connections();
  peer.kill("SIGSTOP");
  const startMs = performance.now();
  const isFreed = await waitUntil(async () => (await connections()) < before);
  const afterMs = Math.round(performance.now() - startMs);
  const { handlersRunning } = await service.probe();
  return {
    measured: `connection freed after ${afterMs} ms`,
    misses: [
      ...missUnless(before === 1, `${before} connections were open, and not the peer's alone`),
      ...lateUnless(
        isFreed && afterMs <= timeMs + timeoutMs + 500,
        `it was freed after ${afterMs} ms`,
      ),
      ...missUnless(handlersRunning === 0, `${handlersRunning} handlers run on`),
    ],
  };
}

/** The stream that the peer leaves open says nothing, and is to end by its keepalive. */
function impatientButForStreams(): Readonly<Record<string, string>> {
  return { ...impatient, GRPC_SERVER_STREAM_IDLE_TIMEOUT_MS: "Infinity" };
}

async function stopServer(harness: Harness): Promise<Outcome> {
  const service = await harness.service({ own: true });
  const client = new ItemServiceClient(service.address, credentialsFor(service), {
    ...clientOptions,
    "grpc.keepalive_time_ms": timeMs,
    "grpc.keepalive_timeout_ms": timeoutMs,
  });
  harness.onEnd(() => client.close());
  const call = client.syncItems(authorized(service.token()), { deadline: Date.now() + 30_000 });
  call.write({ action: { $case: "deleteId", value: "no-id" } });
  await once(call, "data");
  const ended = new Promise<status>((resolve) => {
    call.on("error", () => {}).on("status", ({ code }) => resolve(code));
  });
  service.kill("SIGSTOP");
  const startMs = performance.now();
  const code = await ended;
  const afterMs = Math.round(performance.now() - startMs);
  service.kill("SIGKILL");
  return {
    measured: `call ended ${status[code]} after ${afterMs} ms`,
    misses: [
      ...missUnless(code === status.UNAVAILABLE, `the call ended ${status[code]}`),
      ...lateUnless(afterMs <= timeMs + timeoutMs + 500, `the call ended after ${afterMs} ms`),
    ],
  };
}
