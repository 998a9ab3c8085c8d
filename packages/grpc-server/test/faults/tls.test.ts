import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type ConnectionOptions, connect } from "node:tls";
import { credentials, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { type Certificate, certificateMaker } from "@grpc-kit/testing/certificates";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { closing, connectAttacker, preface, settings } from "@grpc-kit/testing/raw-http2";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { report, type ServerProcess, serveProcess } from "./processes.ts";

const maker = certificateMaker();
afterAll(() => maker.close());
const authority = maker.authority("authority");
const stranger = maker.authority("stranger");
const own = maker.certificate("server", { by: authority });
const client = maker.certificate("client", { by: authority });

function tlsOf({ certFile, keyFile }: Certificate): ConnectionOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

const trusting = { ca: readFileSync(authority.certFile) };

/** Connects and says hello; tells the first bytes of the answer, or why there is none. */
async function greet(port: number, options: ConnectionOptions): Promise<Buffer | Error> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    ALPNProtocols: ["h2"],
    ...trusting,
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  const refused = new Promise<Error>((resolve) => {
    socket.once("error", resolve);
    socket.once("close", () => resolve(new Error("closed")));
  });
  const answer = once(socket, "data").then(([bytes]: Buffer[]) => bytes ?? Buffer.alloc(0));
  answer.catch(() => {});
  socket.once("secureConnect", () => socket.write(Buffer.concat([preface, settings()])));
  return Promise.race([answer, refused]);
}

function politeClient({ port }: ServerProcess, by?: Certificate): FixtureServiceClient {
  const pair = by === undefined ? [] : [readFileSync(by.keyFile), readFileSync(by.certFile)];
  const channel = credentials.createSsl(trusting.ca, ...pair);
  const polite = new FixtureServiceClient(`127.0.0.1:${port}`, channel, {
    // An address is no name that TLS may ask for.
    "grpc.ssl_target_name_override": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => polite.close());
  return polite;
}

async function isServed(server: ServerProcess, by?: Certificate): Promise<void> {
  const polite = politeClient(server, by);
  const { code, details } = await callFixture(polite, "unary").outcome;
  expect([status[code], details]).toEqual(["OK", ""]);
}

describe("a server with TLS", () => {
  it("A25: refuses old versions and other protocols before any handler runs", async () => {
    const server = await serveProcess({ tls: own });
    await isServed(server);
    const old = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const cases: Record<string, ConnectionOptions> = {
      "TLS 1.0": { ...old, maxVersion: "TLSv1" },
      "TLS 1.1": { ...old, maxVersion: "TLSv1.1" },
      "no ALPN": { ALPNProtocols: [] },
      "ALPN of HTTP/1.1": { ALPNProtocols: ["http/1.1"] },
    };
    const outcomes: Record<string, string> = {};
    for (const [name, options] of Object.entries(cases)) {
      const outcome = await greet(server.port, options);
      outcomes[name] = outcome instanceof Error ? outcome.message.slice(0, 80) : "answered";
      expect([name, outcome]).toEqual([name, expect.any(Error)]);
    }
    expect(
      await greet(server.port, { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
    ).toBeInstanceOf(Buffer);
    const after = await server.stats();
    report("A25 TLS", { ...outcomes, server: after.server });
    expect(after.started).toBe(1);
    expect(after.fatal).toEqual([]);
    expect(after.server).toMatchObject({ refused: { tls: 3, no_alpn: 1 } });
  });

  it("A25: refuses clients that it cannot trust before any handler runs", async () => {
    const server = await serveProcess({ tls: { ...own, clientCaFile: authority.certFile } });
    await isServed(server, client);
    const cases: Record<string, Certificate | undefined> = {
      "no certificate": undefined,
      expired: maker.certificate("expired", { by: authority, days: -1 }),
      "self-signed": maker.certificate("self-signed"),
      "of a stranger": maker.certificate("of-a-stranger", { by: stranger }),
      "the stranger's own": stranger,
    };
    const outcomes: Record<string, string> = {};
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const [name, certificate] of Object.entries(cases)) {
        const pair = certificate === undefined ? {} : tlsOf(certificate);
        const outcome = await greet(server.port, { ...pair, maxVersion });
        outcomes[`${name} ${maxVersion}`] =
          outcome instanceof Error ? outcome.message.slice(0, 60) : "answered";
        expect([name, outcome]).toEqual([name, expect.any(Error)]);
      }
    }
    const after = await server.stats();
    report("A25 mTLS", { ...outcomes, server: after.server });
    expect(after.started).toBe(1);
    expect(after.fatal).toEqual([]);
    expect(after.server).toMatchObject({ refused: { tls: 10 } });
  });
});

it("A16: cuts who does not say what it wants, inside of TLS or before", async () => {
  const connections = { handshakeTimeoutMs: 1_000 };
  const server = await serveProcess({ tls: own, connections });
  const silent: Socket[] = Array.from({ length: 20 }, () => connectAttacker(server.port));
  const greeted = Array.from({ length: 20 }, () =>
    connect({ port: server.port, host: "127.0.0.1", ALPNProtocols: ["h2"], ...trusting }),
  );
  const all = [...silent, ...greeted];
  const startMs = performance.now();
  await Promise.all(
    all.map((socket) => {
      onTestFinished(() => void socket.destroy());
      return closing(socket.resume());
    }),
  );
  const { server: stats } = await server.stats();
  report("A16 TLS", { allCutAfterMs: performance.now() - startMs, refused: stats.refused });
  expect(stats.refused).toEqual({ handshake_timeout: 40 });
});

it("A26: takes a new certificate while it serves, and keeps the old one if the new is broken", async () => {
  const files = maker.certificate("current", { by: authority });
  const next = maker.certificate("next", { by: authority });
  const server = await serveProcess({ tls: { ...files, reloadIntervalMs: 100 } });
  const polite = politeClient(server);

  const subject = async (): Promise<string | string[]> => {
    const socket = connect({
      port: server.port,
      host: "127.0.0.1",
      ALPNProtocols: ["h2"],
      ...trusting,
    });
    await once(socket, "secureConnect");
    const { CN = "" } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };

  const codes = new Set<string | undefined>();
  let calls = 0;
  const load = setInterval(async () => {
    calls += 1;
    codes.add(status[(await callFixture(polite, "unary").outcome).code]);
  }, 10);
  onTestFinished(() => clearInterval(load));
  expect(await subject()).toBe("current");

  writeFileSync(files.certFile, "no certificate");
  await delay(300);
  expect(await subject()).toBe("current");

  copyFileSync(next.certFile, files.certFile);
  copyFileSync(next.keyFile, files.keyFile);
  const startMs = performance.now();
  await expect.poll(subject).toBe("next");
  const seenAfterMs = performance.now() - startMs;
  await delay(100);
  clearInterval(load);
  report("A26", { seenAfterMs, calls, codes: [...codes] });
  expect([...codes]).toEqual(["OK"]);
  expect(seenAfterMs).toBeLessThan(2_000);
});
