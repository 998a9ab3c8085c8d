/** A server in a process of its own, told what to do by the JSON of its argument. It prints what it does. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createGrpcServer } from "../../src/create-server.ts";
import { runUntilSignal } from "../../src/run-until-signal.ts";

const { port, drainDelayMs, graceMs, slowStart } = JSON.parse(process.argv[2] ?? "{}");

const server = createGrpcServer({ host: "127.0.0.1", port, insecure: true });
server.addService(FixtureServiceService, {
  async unary(request) {
    await delay(1);
    return request;
  },
  async *serverStream(request, { signal }) {
    yield request;
    await once(signal, "abort");
  },
  async clientStream(requests) {
    let last = Envelope.create({});
    for await (const request of requests) {
      last = request;
    }
    return last;
  },
  bidi: (requests) => requests,
});
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
server.onEvent((event) => {
  if (event.type === "phase") {
    say({ phase: event.phase });
  }
});
if (slowStart === true) {
  say({ ready: true });
  // The signal comes while this process is busy starting.
  await delay(100);
}
const signal = await runUntilSignal(server, {
  drainDelayMs,
  graceMs,
  onStarted: (address) => say({ port: address.port }),
});
say({ signal });
