import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { JwksMode } from "@grpc-kit/testing/jwks-server";
import type { Harness } from "../../harness/harness.ts";
import { inLanes } from "../../harness/in-lanes.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { itemServiceMain } from "../../harness/token-source.ts";
import type { Row } from "../../row.ts";
import { serviceWithIssuer } from "./issuer-keys.ts";
import { accepted, freshToken, issuerVariables, tryToken } from "./key-service.ts";

const mebibyte = 1024 * 1024;
// Of 50: the kernel takes up to 36 of the answer before anybody reads it (tcp_wmem and tcp_rmem of Linux).
const mostWritten = 40 * mebibyte;

/** What a key server may do, and the URLs that are refused at the start. */
const modes: readonly JwksMode[] = ["redirect", "huge", "hang", "drip", "text", "garbage", "error"];
const urls = [
  "http://192.168.0.1/jwks",
  "http://169.254.169.254/latest/meta-data",
  "http://login.example.com/jwks",
  "file:///etc/passwd",
  "https://me:secret@login.example.com/jwks",
];

export const issuerFaults: Row = {
  id: "D9",
  fault:
    "A key server that redirects, sends 50 MB, hangs, drips, sends HTML or no keys; URLs of http and of file",
  promise:
    "no call is let in, all end in seconds, not more than 256 KiB is read, redirects are not followed, and such URLs keep it from starting",
  isQuick: false,
  async run(harness) {
    const faults = await inLanes(modes, 2, (mode) => tryMode(harness, mode));
    const starts = await inLanes(urls, 2, (url) => startWith(url));
    const slowestMs = Math.max(...faults.map(({ tookMs }) => tookMs));
    const refused = starts.filter((misses) => misses.length === 0).length;
    return {
      measured: `${faults.length} kinds of faults, calls refused in ${Math.round(slowestMs)} ms at the most, +${Math.max(...faults.map(({ grownMiB }) => Math.round(grownMiB)))} MiB; good again by itself; ${refused} of ${urls.length} URLs refused`,
      misses: [...faults.flatMap(({ misses }) => misses), ...starts.flat()],
    };
  },
};

async function tryMode(harness: Harness, mode: JwksMode) {
  const { tokens, jwks, service, caller } = await serviceWithIssuer(harness, mode);
  const before = await service.resetPeaks();
  const startMs = performance.now();
  const name = await tryToken(caller, freshToken(tokens, { kid: "known" }));
  const tookMs = performance.now() - startMs;
  const { peakRss } = await service.probe();
  const grownMiB = (peakRss - before.rss) / mebibyte;
  const { strayHits, bytesWritten } = jwks;
  jwks.mode = "ok";
  const endMs = performance.now() + 30_000;
  let later = "";
  while (later !== accepted && performance.now() < endMs) {
    await delay(100);
    later = await tryToken(caller, freshToken(tokens, { kid: "known" }));
  }
  await service.stop();
  return {
    tookMs,
    grownMiB,
    misses: [
      ...missUnless(name === "UNAVAILABLE", `${mode}: a call ended with ${name}`),
      ...lateUnless(tookMs < 8_000, `${mode}: a call took ${Math.round(tookMs)} ms`),
      ...missUnless(strayHits === 0, `${mode}: ${strayHits} requests to other paths`),
      ...missUnless(bytesWritten < mostWritten, `${mode}: ${bytesWritten} bytes were taken`),
      ...missUnless(grownMiB < 32, `${mode}: the process grew by ${Math.round(grownMiB)} MiB`),
      ...missUnless(
        later === accepted,
        `${mode}: calls still end with ${later} after 30 s with keys`,
      ),
    ],
  };
}

async function startWith(url: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [itemServiceMain, "serve"], {
    env: {
      ...process.env,
      ...issuerVariables,
      AUTH_JWKS_URL: url,
      GRPC_SERVER_PORT: "0",
      ADMIN_PORT: "0",
    },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 15_000,
    killSignal: "SIGKILL",
  });
  const exit = once(child, "exit");
  const stderr = await text(child.stderr);
  const [code] = await exit;
  return [
    ...missUnless(code !== null && code !== 0, `with ${url} it ended with ${code}`),
    ...missUnless(
      stderr.includes("AUTH_JWKS_URL must be"),
      `with ${url} it said: ${stderr.slice(0, 200)}`,
    ),
    ...missUnless(!stderr.includes("me:secret"), `it repeated the password of ${url}`),
  ];
}
