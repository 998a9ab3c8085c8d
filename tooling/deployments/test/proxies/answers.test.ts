import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import {
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasProgram } from "../../src/find-program.ts";
import { newItem } from "../item-stub.ts";
import { main } from "../start-item-service.ts";
import { itemStub } from "./item-services.ts";
import { type Backend, startHaproxy, startNginx } from "./start-proxy.ts";

/** A server that says whether it is ready, and what has come to it. */
interface FakeServer extends Backend {
  readonly calls: readonly IncomingHttpHeaders[];
}

async function startFakeServer(
  answer: (stream: ServerHttp2Stream) => void,
  readyz = 200,
): Promise<FakeServer> {
  const calls: IncomingHttpHeaders[] = [];
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    calls.push(headers);
    stream.on("error", () => {});
    answer(stream);
  });
  const admin = createServer(({ url }, response) => {
    response.writeHead(url === "/readyz" ? readyz : 200).end();
  });
  return {
    address: await listen(server),
    adminUrl: `http://${await listen(admin)}`,
    calls,
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Requests that never come. */
async function* nothing(): AsyncGenerator<never> {
  await new Promise(() => {});
}

/** Ends a call with nothing but a status. */
const notFound =
  (metadata: Readonly<Record<string, string>> = {}) =>
  (stream: ServerHttp2Stream): void => {
    const headers = { "content-type": "application/grpc", ...metadata };
    const answer = { ":status": 200, ...headers, "grpc-status": String(status.NOT_FOUND) };
    stream.respond(answer, { endStream: true });
  };

const hasHaproxy = hasProgram("haproxy", "haproxy");

describe.each([
  { name: "nginx", isThere: hasProgram("nginx", "nginx-light"), start: startNginx, sent: 1 },
  // It calls what was lost refused, so that clients of gRPC send it once more:
  // deployments/proxies/README.md.
  { name: "haproxy", isThere: hasHaproxy, start: startHaproxy, sent: 2 },
])("$name", ({ isThere, start, sent }) => {
  const givenIt = it.skipIf(!isThere);

  givenIt("hands on metadata, whatever their names", async () => {
    const server = await startFakeServer(notFound());
    const { address } = await start([server], onTestFinished);
    const metadata = new Metadata();
    for (const name of ["plain", "with-dash", "with_underscore", "with.dot", "9-digit"]) {
      metadata.set(name, "value");
    }
    const call = itemStub(address, { token: "some" }).getItem({ id: "1" }, { metadata });
    await expect(call).rejects.toMatchObject({ code: status.NOT_FOUND });
    const sent = { ...metadata.getMap(), authorization: "Bearer some", te: "trailers" };
    expect(server.calls.at(-1)).toMatchObject(sent);
  });

  givenIt("hands back as much metadata as a server may send", async () => {
    const large = "x".repeat(8_000);
    const server = await startFakeServer(
      notFound({ large, with_underscore: "a", "with.dot": "b" }),
    );
    const { address } = await start([server], onTestFinished);
    const call = itemStub(address, { token: "some" }).getItem({ id: "1" });
    const { code, metadata } = await call.catch((error) => error);
    expect([code, metadata.get("large")]).toEqual([status.NOT_FOUND, [large]]);
    expect(metadata.getMap()).toMatchObject({ with_underscore: "a", "with.dot": "b" });
  });

  givenIt(
    "G2: sends nothing again by itself that a server has got, and says UNAVAILABLE",
    async () => {
      const lose = (stream: ServerHttp2Stream): void => stream.session?.destroy();
      const servers = await Promise.all([1, 2, 3].map(() => startFakeServer(lose)));
      const { address } = await start(servers, onTestFinished);
      const items = itemStub(address, { token: "some", retry: false, circuitBreaker: false });
      const failed = { code: status.UNAVAILABLE, local: false };
      await expect(items.createItem(newItem("a"))).rejects.toMatchObject(failed);
      await expect(items.batchCreateItems([newItem("b")])).rejects.toMatchObject(failed);
      // Of this one nothing but headers has been sent.
      await expect(items.syncItems(nothing()).next()).rejects.toMatchObject(failed);
      expect(servers.flatMap(({ calls }) => calls).length).toBeLessThanOrEqual(3 * sent);
    },
  );

  givenIt("tells callers and probes that there is no server", async () => {
    const { address } = await start([], onTestFinished);
    const call = itemStub(address, { token: "some", retry: false }).getItem({ id: "1" });
    await expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE, local: false });
    await expect(call).rejects.toThrow("no server can be reached");
    const session = connect(`http://${address}`);
    const stream = session.request({ ":method": "POST", ":path": "/examples.ItemService/GetItem" });
    const [headers] = await once(stream, "response");
    session.destroy();
    expect(headers).toMatchObject({
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": String(status.UNAVAILABLE),
    });
    const probe = execFile(process.execPath, [main, "probe", address, "readiness"]);
    expect(await once(probe, "exit")).toEqual([3, null]);
  });
});

it.skipIf(!hasHaproxy)("haproxy sends nothing to a server that is not ready", async () => {
  const ready = await startFakeServer(notFound());
  const leaving = await startFakeServer(notFound(), 503);
  const { address } = await startHaproxy([ready, leaving], onTestFinished);
  const items = itemStub(address, { token: "some" });
  const callsOf = async (server: FakeServer): Promise<number> => {
    const before = server.calls.length;
    for (let calls = 0; calls < 10; calls += 1) {
      await expect(items.getItem({ id: "1" })).rejects.toMatchObject({ code: status.NOT_FOUND });
    }
    return server.calls.length - before;
  };
  // Until it has been asked.
  await expect.poll(() => callsOf(leaving)).toBe(0);
  expect(await callsOf(ready)).toBe(10);
});
