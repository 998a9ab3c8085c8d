import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { certificateMaker } from "@grpc-kit/testing/certificates";

/** The names of samples that a service exposes, with the labels that they have. */
export type Exposition = ReadonlyMap<string, ReadonlySet<string>>;

const main = fileURLToPath(new URL("../../../../apps/item-service/src/main.ts", import.meta.url));

/**
 * Starts item-service from its sources, so that nothing need be built, and reads what it exposes. It has two workers
 * and TLS, for the metrics of these.
 */
export async function readExposition(): Promise<Exposition> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-kit-exposition-"));
  const certificates = certificateMaker();
  const { certFile, keyFile } = certificates.certificate("item-service");
  const child = spawn(process.execPath, ["--conditions=@grpc-kit/source", main], {
    env: {
      ...process.env,
      GRPC_SERVER_HOST: "127.0.0.1",
      GRPC_SERVER_PORT: "0",
      GRPC_SERVER_MAX_WORKERS: "2",
      GRPC_SERVER_TLS_CERT_FILE: certFile,
      GRPC_SERVER_TLS_KEY_FILE: keyFile,
      GRPC_SERVER_DRAIN_DELAY_MS: "0",
      ADMIN_PORT: "0",
      DATA_DIR: folder,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  try {
    const url = Promise.withResolvers<string>();
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        const found = /live page is at (\S+)/.exec(output)?.[1];
        if (found !== undefined) {
          url.resolve(found);
        }
      });
    }
    const failed = ended.then(() => {
      throw new Error(`item-service has ended before it served its metrics: ${output}`);
    });
    const admin = await Promise.race([url.promise, failed]);
    // Before, there are the metrics of the first process alone.
    const signal = AbortSignal.timeout(30_000);
    while (!(await fetch(new URL("readyz", admin), { signal })).ok) {
      await sleep(50);
    }
    return parseExposition(await (await fetch(new URL("metrics", admin))).text());
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
    certificates.close();
  }
}

/** Reads Prometheus' text format, as far as names go. */
export function parseExposition(text: string): Exposition {
  const samples = new Map<string, Set<string>>();
  for (const [, name = "", labels = ""] of text.matchAll(/^([\w:]+)(?:\{(.*)\})? /gm)) {
    const known = samples.get(name) ?? new Set();
    samples.set(name, known);
    for (const [, label = ""] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
      known.add(label);
    }
  }
  return samples;
}
