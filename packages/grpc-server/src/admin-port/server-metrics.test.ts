import { renameSync } from "node:fs";
import { connect } from "node:net";
import { callFixture } from "@grpc-kit/testing";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { type OpenMetricsContentType, Registry } from "prom-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveFixture } from "../../test/serve-fixture.ts";
import { addServerMetrics } from "./server-metrics.ts";

describe("addServerMetrics", () => {
  it("shows how full a server is, and what it has refused", async () => {
    const running = Promise.withResolvers<void>();
    const { server, client, port } = await serveFixture(
      {
        async unary(request) {
          await running.promise;
          return request;
        },
      },
      { maxConcurrentRpcs: 2, maxQueuedRpcs: 1, maxQueueMs: 10_000 },
    );
    const registry = new Registry();
    await addServerMetrics(registry, server);
    const lines = async (): Promise<string[]> => (await registry.metrics()).split("\n");

    const calls = Array.from({ length: 5 }, () => callFixture(client, "unary"));
    await expect
      .poll(lines)
      .toEqual(
        expect.arrayContaining([
          "grpc_kit_server_connections 1",
          "grpc_kit_server_handlers_running 2",
          "grpc_kit_server_handlers_limit 2",
          "grpc_kit_server_queued_calls 1",
          'grpc_kit_server_refused_total{refusal="too_many_rpcs"} 2',
        ]),
      );
    const stranger = connect(port, "127.0.0.1", () => stranger.end("GET / HTTP/1.1\r\n\r\n"));
    stranger.on("error", () => {}).resume();
    running.resolve();
    await Promise.all(calls.map(({ outcome }) => outcome));
    await expect
      .poll(lines)
      .toEqual(
        expect.arrayContaining([
          "grpc_kit_server_handlers_running 0",
          "grpc_kit_server_queued_calls 0",
          'grpc_kit_server_refused_total{refusal="too_many_rpcs"} 2',
          'grpc_kit_server_refused_total{refusal="not_http2"} 1',
        ]),
      );
  });

  it("shows until when the certificate is valid, and the one that takes its place", async () => {
    const maker = certificateMaker();
    onTestFinished(() => maker.close());
    const files = maker.certificate("own", { days: 3 });
    const { server } = await serveFixture(
      {},
      { tls: { ...files, reloadIntervalMs: 50 }, insecure: undefined as never },
    );
    const registry = new Registry();
    await addServerMetrics(registry, server);
    const days = async (): Promise<number> => {
      const [, seconds] =
        /\ngrpc_kit_server_certificate_\S+ (\d+)\n/.exec(await registry.metrics()) ?? [];
      return (Number(seconds) - Date.now() / 1_000) / 86_400;
    };
    expect(await days()).toBeCloseTo(3, 1);
    const next = maker.certificate("next", { days: 90 });
    renameSync(next.keyFile, files.keyFile);
    renameSync(next.certFile, files.certFile);
    await expect.poll(days).toBeCloseTo(90, 1);
  });

  it("has no certificate without TLS", async () => {
    const { server } = await serveFixture({});
    const registry = new Registry();
    await addServerMetrics(registry, server);
    expect(await registry.metrics()).not.toMatch(/^grpc_kit_server_certificate/m);
  });

  it("has every kind of refusal before the first one, lest rate() should miss it", async () => {
    const { server } = await serveFixture({});
    const registry = new Registry();
    await addServerMetrics(registry, server);
    const refused = (await registry.metrics()).match(/^grpc_kit_server_refused_total{.+} 0$/gm);
    expect(refused).toHaveLength(18);
  });

  it("writes OpenMetrics as well", async () => {
    const { server } = await serveFixture({});
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    await addServerMetrics(registry, server);
    const text = await registry.metrics();
    expect(text).toContain("# TYPE grpc_kit_server_refused counter\n");
    expect(text).toContain('\ngrpc_kit_server_refused_total{refusal="tls"} 0\n');
  });

  it("refuses a registry that has another server's", async () => {
    const { server } = await serveFixture({});
    const registry = new Registry();
    await addServerMetrics(registry, server);
    await expect(addServerMetrics(registry, server)).rejects.toThrow(
      "grpc_kit_server_connections has already been registered",
    );
  });
});
