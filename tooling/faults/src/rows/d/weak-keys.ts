import { spawn } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pemOf } from "@grpc-kit/testing/token-forge";
import { inLanes } from "../../harness/in-lanes.ts";
import { itemServiceMain } from "../../harness/token-source.ts";
import type { Row } from "../../row.ts";
import { isMade } from "./forged-tokens.ts";
import { issuerVariables } from "./key-service.ts";

interface Refusal {
  readonly name: string;
  readonly code: number | null;
  readonly words: string;
}

export const weakKeys: Row = {
  id: "D3",
  fault:
    "Keys that are too weak: RSA of 1,024 bits, a curve that no algorithm has, secrets of 31 bytes, none at all",
  promise:
    "the process does not start, and names the variable; a verifier with a short secret cannot be made",
  isQuick: false,
  async run(harness) {
    const folder = mkdtempSync(join(tmpdir(), "faults-weak-"));
    harness.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    const starts = Object.entries(weakSettings(folder));
    const refusals = await inLanes(starts, 3, ([name, env]) =>
      start(name, { ...env, DATA_DIR: folder }),
    );
    const secrets = [
      ["HS256", 31],
      ["HS384", 47],
      ["HS512", 63],
      ["HS256", 1],
    ] as const;
    const made = secrets.filter(([algorithm, bytes]) =>
      isMade({ secret: new Uint8Array(bytes).fill(7), algorithms: [algorithm] }),
    );
    const misses = refusals.flatMap(({ name, code, words }) =>
      code !== null && code !== 0 && words.includes("AUTH_")
        ? []
        : [`with ${name} it ended with ${code}: ${words.slice(0, 200)}`],
    );
    const said = refusals.find(({ name }) => name === "RSA of 1,024 bits")?.words ?? "";
    return {
      measured: `${refusals.length - misses.length} of ${refusals.length} starts refused ("${said}"), ${secrets.length - made.length} of ${secrets.length} short secrets`,
      misses: [
        ...misses,
        ...made.map(([name, bytes]) => `a verifier was made with ${bytes} bytes for ${name}`),
      ],
    };
  },
};

/** By name what the service is told of its issuer. */
function weakSettings(folder: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const pemFile = (name: string, key: KeyObject) => ({
    AUTH_PUBLIC_KEY_FILE: write(name, pemOf(key)),
  });
  const jwksFile = (name: string, ...keys: readonly object[]) => ({
    AUTH_JWKS_FILE: write(name, JSON.stringify({ keys })),
  });
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const odd = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
  const secret = Buffer.alloc(64, 7).toString("base64url");
  return {
    "RSA of 1,024 bits": pemFile("rsa.pem", weak.publicKey),
    "a curve without an algorithm": pemFile("odd.pem", odd.publicKey),
    "no key": { AUTH_PUBLIC_KEY_FILE: write("none.pem", "none") },
    "a JWKS of a weak key": jwksFile("weak.json", {
      ...weak.publicKey.export({ format: "jwk" }),
      kid: "1",
    }),
    "a JWKS of a secret": jwksFile("secret.json", { kty: "oct", k: secret, kid: "1" }),
    "a JWKS of nothing": jwksFile("nothing.json"),
  };
}

/** Starts the service, which is to give up. */
async function start(name: string, env: Readonly<Record<string, string>>): Promise<Refusal> {
  const child = spawn(process.execPath, [itemServiceMain, "serve"], {
    env: { ...process.env, ...issuerVariables, GRPC_SERVER_PORT: "0", ADMIN_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 15_000,
    killSignal: "SIGKILL",
  });
  const exit = once(child, "exit");
  const [stderr] = await Promise.all([text(child.stderr), text(child.stdout)]);
  const [code] = await exit;
  return { name, code, words: wordsIn(stderr, env.DATA_DIR ?? "") };
}

// Folders have another name each time.
function wordsIn(stderr: string, folder: string): string {
  const line = stderr.split("\n").find((each) => each.includes("AUTH_")) ?? stderr;
  return line.replaceAll(folder, "…").trim();
}
