import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type ConnectionOptions, connect } from "node:tls";
import {
  type Certificate,
  type CertificateMaker,
  certificateMaker,
} from "@grpc-kit/testing/certificates";
import { preface, settings } from "@grpc-kit/testing/raw-http2";
import type { Harness } from "../../harness/harness.ts";
import { judge, missUnless, outcomeOf } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import { waitUntil } from "../../harness/wait-until.ts";
import type { Row } from "../../row.ts";
import { refused } from "./services.ts";

interface Authority {
  readonly maker: CertificateMaker;
  readonly authority: Certificate;
}

function makeAuthority(harness: Harness): Authority {
  const maker = certificateMaker();
  harness.onEnd(() => maker.close());
  return { maker, authority: maker.authority("authority") };
}

/** Whether the server answers the preface; undefined if it answers nothing at all in 5 s. */
async function isGreeted(port: number, options: ConnectionOptions): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1", ALPNProtocols: ["h2"], ...options });
  socket.once("secureConnect", () => socket.write(Buffer.concat([preface, settings()])));
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

const old = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

export const badTls: Row = {
  id: "A25",
  fault:
    "old versions of TLS, no ALPN, client certificates that are missing, expired, self-signed or a stranger's",
  promise: "refused before any handler runs, and counted; TLS 1.2 is the oldest that is taken",
  isQuick: false,
  async run(harness) {
    const { maker, authority } = makeAuthority(harness);
    const own = maker.certificate("server", { by: authority });
    const client = maker.certificate("client", { by: authority });
    const stranger = maker.authority("stranger");
    const caller = { caFile: authority.certFile, ...client };
    const service = await harness.service({
      own: true,
      env: { ...tlsEnv(own), GRPC_SERVER_TLS_CLIENT_CA_FILE: authority.certFile },
      tls: caller,
    });
    const trusting = { ca: readFileSync(authority.certFile) };
    const good = { ...trusting, ...pairOf(client) };
    const badClients: Readonly<Record<string, Certificate | undefined>> = {
      "no certificate": undefined,
      expired: maker.certificate("expired", { by: authority, days: -1 }),
      "self-signed": maker.certificate("self-signed"),
      "of a stranger": maker.certificate("of-a-stranger", { by: stranger }),
      "the stranger's own": stranger,
    };
    const refusedCases: Record<string, ConnectionOptions> = {
      "TLS 1.0": { ...good, ...old, maxVersion: "TLSv1" },
      "TLS 1.1": { ...good, ...old, maxVersion: "TLSv1.1" },
      "no ALPN": { ...good, ALPNProtocols: [] },
      "ALPN of HTTP/1.1": { ...good, ALPNProtocols: ["http/1.1"] },
    };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const [name, certificate] of Object.entries(badClients)) {
        const pair = certificate === undefined ? {} : pairOf(certificate);
        refusedCases[`${name}, ${maxVersion}`] = { ...trusting, ...pair, maxVersion };
      }
    }
    const { result, ...verdict } = await judge(
      harness,
      service,
      {
        victim: true,
        counters: [refused("tls", { min: 13, max: 13 }), refused("no_alpn", { min: 1, max: 1 })],
      },
      async () => {
        const greeted: string[] = [];
        for (const [name, options] of Object.entries(refusedCases)) {
          if (await isGreeted(service.port, options)) {
            greeted.push(name);
          }
        }
        const isTaken = await isGreeted(service.port, {
          ...good,
          minVersion: "TLSv1.2",
          maxVersion: "TLSv1.2",
        });
        return { greeted, isTaken };
      },
    );
    const { greeted, isTaken } = result;
    const count = Object.keys(refusedCases).length;
    return outcomeOf(verdict, {
      measured: [`${count - greeted.length} of ${count} kinds refused`],
      misses: [
        ...greeted.map((name) => `answered: ${name}`),
        ...missUnless(isTaken, "a good certificate over TLS 1.2 was refused"),
      ],
    });
  },
};

const reloadMs = 100;

export const rotation: Row = {
  id: "A26",
  fault: "the certificate's files are replaced under load, once by something that is none",
  promise:
    "new connections get the new certificate within the reload interval, a broken one is not taken, no call is lost",
  isQuick: false,
  async run(harness) {
    const { maker, authority } = makeAuthority(harness);
    const files = maker.certificate("current", { by: authority });
    const next = maker.certificate("next", { by: authority });
    const service = await harness.service({
      own: true,
      env: { ...tlsEnv(files), GRPC_SERVER_TLS_RELOAD_INTERVAL_MS: String(reloadMs) },
      tls: { caFile: authority.certFile },
    });
    const ca = readFileSync(authority.certFile);
    const { result, ...verdict } = await judge(harness, service, { victim: true }, async () => {
      writeFileSync(files.certFile, "no certificate");
      await delay(3 * reloadMs);
      const whileBroken = await subjectOf(service, ca);
      copyFileSync(next.certFile, files.certFile);
      copyFileSync(next.keyFile, files.keyFile);
      const startMs = performance.now();
      const isSeen = await waitUntil(async () => (await subjectOf(service, ca)) === "next");
      return { whileBroken, isSeen, afterMs: Math.round(performance.now() - startMs) };
    });
    const { whileBroken, isSeen, afterMs } = result;
    return outcomeOf(verdict, {
      measured: [`the new certificate is seen after ${afterMs} ms`],
      misses: [
        ...missUnless(
          whileBroken === "current",
          `with a broken file the server showed ${whileBroken}`,
        ),
        ...missUnless(
          isSeen && afterMs <= 2_000,
          `the new certificate was not seen after ${afterMs} ms`,
        ),
      ],
    });
  },
};

function tlsEnv({ certFile, keyFile }: Certificate): Readonly<Record<string, string>> {
  return {
    GRPC_SERVER_INSECURE: "false",
    GRPC_SERVER_TLS_CERT_FILE: certFile,
    GRPC_SERVER_TLS_KEY_FILE: keyFile,
  };
}

function pairOf({ certFile, keyFile }: Certificate): ConnectionOptions {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

async function subjectOf({ port }: Service, ca: Buffer): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", ALPNProtocols: ["h2"], ca });
  await once(socket, "secureConnect");
  const { CN = "" } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}
