import {
  type Client,
  credentials,
  getChannelzServiceDefinition,
  makeClientConstructor,
  type requestCallback,
  status,
} from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { openRawCall, statusOf } from "../test/raw-call.ts";
import { serveFixture } from "../test/serve-fixture.ts";
import type { ServerEvent } from "./server-events.ts";

interface ServersReply {
  readonly server: readonly { readonly data: { readonly calls_succeeded: string } }[];
}

interface ChannelzClient extends Client {
  GetServers(request: object, callback: requestCallback<ServersReply>): unknown;
}

describe("admin", () => {
  it("serves channelz on a port of its own, on loopback", async () => {
    const events: ServerEvent[] = [];
    const { server, client } = await serveFixture({}, { admin: { port: 0 } }, (event) =>
      events.push(event),
    );
    const listening = events.find((event) => event.type === "admin_listening");
    expect(listening?.host).toBe("127.0.0.1");
    await callFixture(client, "unary").outcome;
    const Channelz = makeClientConstructor(
      getChannelzServiceDefinition(),
      "grpc.channelz.v1.Channelz",
    );
    const channelz = new Channelz(
      `127.0.0.1:${listening?.port}`,
      credentials.createInsecure(),
    ) as unknown as ChannelzClient;
    onTestFinished(() => channelz.close());
    const { server: servers } = await new Promise<ServersReply>((resolve, reject) => {
      channelz.GetServers({ start_server_id: 0, max_results: 10 }, (error, reply) =>
        reply === undefined ? reject(error) : resolve(reply),
      );
    });
    expect(servers.some(({ data }) => Number(data.calls_succeeded) === 1)).toBe(true);
    await server.stop();
  });

  it("E13: is off by default, and never on the server's own port", async () => {
    const { port } = await serveFixture({}, { admin: { port: 0 } });
    const stream = openRawCall(port, "/grpc.channelz.v1.Channelz/GetServers");
    expect(await statusOf(stream)).toBe(status.UNIMPLEMENTED);
  });

  it("keeps the server from starting when its port is taken", async () => {
    const { port } = await serveFixture();
    await expect(serveFixture({}, { admin: { port } })).rejects.toThrow(
      `cannot serve the admin services on 127.0.0.1:${port}`,
    );
  });
});
